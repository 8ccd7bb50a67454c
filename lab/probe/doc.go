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
// Processes are read with prometheus/procfs: on two busy cores and 140 processes a sample
// costs it 4 ms of processor, nearly all of it the kernel's. Counters and sockstat are
// read here, since a look at a host reads them in each of its network namespaces: 0.13 ms
// of processor and 10 KB of garbage for the counters, and 0.01 ms for sockstat, where
// procfs took 0.22 ms and 53 KB, and 0.05 ms. Of /proc/stat it would parse the times of
// every processor and interrupt for one number, at 2.4 times the processor on this small
// machine: that is read here, too. So is the dump of sockets.
//
// Parsers are plain functions and compile everywhere; what talks to the kernel
// is in _linux.go files, with stubs that return an error elsewhere.
//
// Neighbours: package agent samples these and sends them on as results.Net;
// package law says what they should show.
package probe
