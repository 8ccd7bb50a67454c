// Package lab runs a scenario, from plan to verdict. It orchestrates and does
// nothing else: servers are package driver's, load is the agent's, physics is
// package law's, judgement package verdict's, the files are package results'.
//
// The life of a run, in order:
//
//	load      package scenarios reads and checks the file
//	resolve   a size, the variants' overlays and --set are applied
//	predict   the laws say what will happen: Plan
//	preflight what dead runs left is swept away, images are found or made
//	and for each variant, in a lab of its own, so that no TIME_WAIT is inherited,
//	several at once where the machine bears it:
//	  up        network, agent, nginx, backend, probes
//	  read back what was asked, from inside the namespaces
//	  load      observed from both ends on one clock
//	  drain     what is in flight comes home, the observers look once more
//	  judge     package verdict
//	  down      always, on every path
//	save      as it goes: a crash loses nothing already measured
//	report    made from the files alone
//
// RunAll does this for many scenarios, which share one schedule, and keeps an
// index of them.
package lab
