package diagnose

import "slices"

// A proxy is a kind of program that connects to backends, and how it uses a connection
// again, in its own words. That was measured, with nginx 1.22, HAProxy 2.6, Apache 2.4,
// Varnish 7.1, Squid 5.7, Caddy 2.6 and Hitch 1.7 (of 14 clients one after the other 10 had
// an answer with 10 ports, and all with a Unix-domain socket); of Envoy and Traefik it is what
// their documentation says.
type proxy struct {
	names []string // of its processes, as /proc/PID/comm has them
	again string   // what makes it use connections again
}

var proxies = []proxy{
	{[]string{"nginx", "angie"}, "in nginx: `keepalive 32;` in the upstream block, " +
		"with `proxy_http_version 1.1;` and `proxy_set_header Connection \"\";` (lab99 lint names the lines)"},
	{[]string{"haproxy"}, "in HAProxy: `mode http` without `http-reuse never` or `option http-server-close` uses " +
		"connections again, and closes them with a reset, which keeps no port; " +
		"`mode tcp` makes one for each client: there `option nolinger` closes with a reset, " +
		"and `source ADDRESS:LOW-HIGH` takes ports of its own"},
	{[]string{"apache2", "httpd"}, "in Apache: `ProxyPass` without `disablereuse=On` (with `enablereuse=On` for " +
		"fcgi://), and in place of `RewriteRule … [P]`, which makes a connection for each request"},
	{[]string{"varnishd", "cache-main"}, "in Varnish: a backend that does not answer `Connection: close`, and no " +
		"`.proxy_header`, which makes a connection for each request"},
	{[]string{"envoy"}, "in Envoy: no `max_requests_per_connection: 1` in the cluster, or HTTP/2 to the backend; " +
		"a `tcp_proxy` makes a connection for each client"},
	{[]string{"squid"}, "in Squid: `server_persistent_connections on`, and " +
		"`server_pconn_for_nonretriable allow all` for POST"},
	{[]string{"caddy"}, "in Caddy: `transport http` without `keepalive off`, and with " +
		"`keepalive_idle_conns_per_host` above the requests of a burst"},
	{[]string{"traefik"}, "in Traefik: `maxIdleConnsPerHost` of the serversTransport above the requests of a burst"},
	{[]string{"hitch"}, "in Hitch, which makes a connection for each client: a Unix-domain socket as `backend`, " +
		"which takes no port"},
}

// proxyNamed is the kind that has a process of this name; nil: none is known to.
func proxyNamed(name string) *proxy {
	for i := range proxies {
		if slices.Contains(proxies[i].names, name) {
			return &proxies[i]
		}
	}
	return nil
}

// IsProxy says whether a process of this name is of a proxy that is known.
func IsProxy(name string) bool { return proxyNamed(name) != nil }

// useAgain is how the program that holds the namespace's connections would use them
// again.
func (n *Namespace) useAgain() string {
	for _, p := range n.Processes {
		if kind := proxyNamed(p.Name); kind != nil {
			return "use connections again, " + kind.again
		}
	}
	return "use connections again (keepalive)"
}
