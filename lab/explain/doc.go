// Package explain says of a line of any program's log whether it speaks of
// ports that ran out, of which ones, and what to look at next. It opens no file
// and asks no network.
//
// A line takes four steps, one file each:
//
//	unwrap.go      what a container engine, a journal or a terminal put around it
//	dialects.go    whose line it is, and what it says: a Reading, of facts only
//	causes.go      what that means: a Cause, whose answer is yes, no or unknown
//	report.go      the same causes and tuples counted together, as text or JSON
//
// The answer is yes only where errno 99 came of connect(), and nothing else than
// ports can have caused it: connect() fails with it also where IPv6 is off and
// the destination has an IPv6 address, and bind() where the host lacks the
// address (__inet_bind in net/ipv4/af_inet.c, ipv6_dev_get_saddr in net/ipv6/addrconf.c). Everything else
// is unknown at best: one line cannot count ports.
//
// Lines are written by others. Of what a line says, only addresses and names are
// repeated, and in a command only addresses that parse.
package explain
