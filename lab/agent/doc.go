// Package agent is the process inside each host of the lab, and the line
// protocol the command speaks with it.
//
// An agent reads one JSON command per line on its standard input and writes
// one JSON record per line on its standard output. Every record carries a
// number without gaps and CLOCK_MONOTONIC, which all hosts of a kernel share;
// where they have kernels of their own, the client puts their moments back (PutBack).
// Samples go through a bounded queue. If the reader stalls, the agent goes on measuring
// and drops samples; the reader sees the gap in the numbers and calls the run invalid.
// Answers to commands are never dropped.
//
// The agent on the load host is also the lab's tether: every other container
// lives in its PID namespace. When the command dies, even by SIGKILL, the
// engine closes the agent's standard input, the agent leaves, and the kernel
// kills the rest.
//
// Package loadgen makes the load and package lab/probe reads the kernel. The
// drivers start agents and return a Client for each.
package agent
