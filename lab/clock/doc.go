// Package clock reads the one clock of a run. CLOCK_MONOTONIC is the same in
// every container of a kernel, unlike the wall clock it never jumps, and all
// records of all agents carry it.
package clock
