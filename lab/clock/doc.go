// Package clock reads the clock of a run, and follows one against another.
//
// CLOCK_MONOTONIC is the same in every container of a kernel, unlike the wall clock it never
// jumps, and all records of all agents carry it. Where hosts have kernels of their own, a
// Track of each says how far its moments are off.
package clock
