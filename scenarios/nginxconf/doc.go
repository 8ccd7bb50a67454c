// Package nginxconf tells what an nginx configuration does to connections: it
// parses the files, resolves them as nginx does, and says for every location
// that passes requests on which peers they reach, over which protocol, whether
// a pool keeps the connections, and who closes them.
//
//	config, err := nginxconf.Load("/etc/nginx/nginx.conf", nginxconf.Options{})
//	release, err := nginxconf.ParseRelease("1.30")
//	for _, r := range config.Routes(release) { … }       // what each location does
//	answer := config.Select(release, nginxconf.Request{Host: "example.org", Path: "/api/"})
//	for _, f := range config.Findings(release) { … }     // what is wrong, and the fix
//
// [Parse] reads one file and gives every directive and word its byte offsets,
// for a rewrite that must not move a line. It reads what people have: a main
// file, a fragment of conf.d without http{}, or the output of nginx -T.
//
// Nothing that a file says is run, no name is looked up, and no network is
// opened. What cannot be known from the files (who answers a name, whether a
// file exists, what a Lua block does) is said to be unknown and never assumed.
//
// A rule about what may be wrong is one value in one file, see [Rule].
package nginxconf
