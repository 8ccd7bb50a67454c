// Package trial tries what a kernel can do: each ability in a file of its own.
//
// Run works in the network namespace that its process is in, and leaves it
// changed: sysctls, an address on lo, closed connections. So it refuses every
// process but the first of a PID namespace, which package driver/netns and a
// container of an engine have made for it.
//
// All of it takes some 0.3 s, of which making half of 4,096 connections is the
// most. Where there is no tcp_tw_reuse_delay it takes up to two seconds more: that
// reuse counts in whole seconds is seen only when the clock's second changes.
//
// Connections go over lo, to an address that is not loopback's, from one thread
// and without Go's poller: the kernel makes them inside connect(), whose time is
// what is measured.
//
// What cannot be tried, for want of a privilege or because /proc/sys is
// read-only, is reported with the reason. Nothing is concluded from a version.
//
// Neighbours: package ability has the words, package probe reads the kernel.
package trial
