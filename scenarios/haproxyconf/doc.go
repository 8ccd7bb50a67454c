// Package haproxyconf reads a HAProxy configuration and says what its backends do to
// upstream connections: who closes them and how, who chooses their source ports, how
// often a connect() is tried, how many there may be at once.
//
//	c, err := haproxyconf.Parse("haproxy.cfg", text)
//	for _, b := range c.Backends() { fmt.Println(b.Name, b.Conduct().CloseShare) }
//
// It reads lines as HAProxy's parse_line does (src/tools.c), with the place of every
// word. github.com/haproxytech/config-parser reads all of HAProxy's keywords and keeps
// no place of any; a finding needs its line and column, and what the lab puts in place
// of an address needs its bytes. Of the keywords those are read that decide about
// connections: `haproxy -c` knows all of them.
//
// What HAProxy does to connections has been measured (docs/proxies.md): in HTTP mode it
// ends them by a reset, in TCP mode it passes the end of the client's on.
//
// Neighbours: package nginxconf does this for nginx, lab/lint words it for people,
// lab/proxy/haproxy puts the lab's addresses in.
package haproxyconf
