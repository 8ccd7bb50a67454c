// Package probe observes a server of the lab from inside its network
// namespace: sockets by destination and state, kernel counters, nginx's error
// log, the server's processes, the sysctls that rule all of it.
//
// Everything here only reads, as root without extra capabilities (AddAddr
// alone changes something, and needs NET_ADMIN), and is cheap enough to run ten
// times a second beside the thing it observes.
//
// There is no counter of "error 99" to read: a connect() that fails with
// EADDRNOTAVAIL moves nothing in /proc/net/snmp or /proc/net/netstat, not even
// AttemptFails. The evidence is nginx's error log (Tail) beside the table of
// sockets that filled up (Sockets).
//
// /proc is read with prometheus/procfs. On two busy cores and 140 processes a
// sample costs it 0.33 ms of processor for the counters (a parser of our own,
// for the 22 that are used: 0.26), 0.05 ms for sockstat (0.03) and 4 ms for the
// processes, nearly all of it the kernel's. Of /proc/stat it would parse the
// times of every processor and interrupt for one number, at 2.4 times the
// processor on this small machine: that is read here. So is the dump of sockets.
//
// Parsers are plain functions and compile everywhere; what talks to the kernel
// is in _linux.go files, with stubs that return an error elsewhere.
//
// Neighbours: package agent samples these and sends them on as results.Net;
// package law says what they should show.
package probe
