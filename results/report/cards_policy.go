package report

// conf is the way of a line in a proxy's own configuration.
func conf(file, check, reload string) places {
	return places{
		Host:      file + "; `" + check + "`, then `" + reload + "`.",
		Container: file + " in the image or mounted; reload inside the container, or make it anew.",
		Pod:       "ConfigMap or image of the proxy; roll the pods. No sysctl and no privilege needed.",
	}
}

var (
	haproxyConf = conf("haproxy.cfg", "haproxy -c -f haproxy.cfg", "systemctl reload haproxy")
	proxiedConf = conf("httpd.conf", "apachectl configtest", "apachectl graceful")
	varnishConf = conf("the VCL, and parameters on varnishd's command line or by `varnishadm param.set`",
		"varnishd -C -f default.vcl", "varnishreload")
	caddyConf = conf("Caddyfile", "caddy validate --config Caddyfile", "caddy reload")
	squidConf = conf("squid.conf", "squid -k parse", "squid -k reconfigure")
)

const backAgain = "Take the line out again and reload."

// policyCards are the cards of other kinds of proxy than nginx, by their policies. The
// general ones come last.
var policyCards = []card{
	{
		path:     "proxy.policy: tcp-nolinger",
		Name:     "HAProxy: option nolinger",
		Does:     "HAProxy ends upstream connections by a reset. Neither end keeps a TIME_WAIT.",
		Where:    haproxyConf,
		Risk:     "Data that the backend has not read yet is lost with the connection. Backends may log resets.",
		RollBack: backAgain,
		Watch:    "TcpOutRsts on the proxy; “Connection reset by peer” in the backend's log; responses cut short.",
	},
	{
		path: "proxy.policy: tcp-own-ports",
		Name: "HAProxy: ports of its own (source IP:LOW-HIGH)",
		Does: "HAProxy chooses the ports and takes each back out of its own TIME_WAIT at once. " +
			"What is under way at once is then the limit.",
		Where: haproxyConf,
		Risk: "A list shorter than what is under way fails connections. It needs tcp_timestamps at both ends, " +
			"and the list must be clear of ip_local_port_range.",
		RollBack: backAgain,
		Watch:    "“Cannot bind to source address before connect()” in HAProxy's log.",
	},
	{
		path:     "proxy.policy: tcp-one-try",
		Name:     "HAProxy: retries 0",
		Does:     "Nothing for the ports: a failed connection is one connect() and one line instead of four.",
		Where:    haproxyConf,
		Risk:     "A backend that refuses for a moment is not tried again.",
		RollBack: backAgain,
		Watch:    "Failed connections while a backend restarts.",
	},
	{
		path: "proxy.policy: no-holddown",
		Name: "Varnish: backend_local_error_holddown=0",
		Does: "After a failed connect() Varnish tries again at once, instead of after 10 s. " +
			"It cures no shortage, and ends the darkness after one.",
		Where:    varnishConf,
		Risk:     "Varnish asks for ports while there are none.",
		RollBack: "`varnishadm param.reset backend_local_error_holddown`.",
		Watch:    "MAIN.backend_fail and VBE.*.fail_eaddrnotavail by varnishstat.",
	},
	{
		path: "proxy.policy: balancer",
		Name: "Apache: a balancer of one member",
		Does: "Nothing for the ports. A balancer whose members are all in error state takes them all back, " +
			"so there is no blackout.",
		Where:    proxiedConf,
		Risk:     "None to speak of.",
		RollBack: "ProxyPass to the address again, and a graceful restart.",
		Watch:    "AH01170 in the log, that a member is in error state.",
	},
	{
		path: "proxy.policy: balancer-no-recovery",
		Name: "Apache: forcerecovery=Off",
		Does: "After a failed connect() requests fail without one until retry= is over, " +
			"though there are ports again.",
		Where:    proxiedConf,
		Risk:     "A short shortage becomes a longer blackout.",
		RollBack: backAgain,
		Watch:    "AH01170 in the log, and 503 in steps of retry=.",
	},
	{
		path:     "proxy.policy: bind-first",
		Name:     "Apache: ProxySourceAddress",
		Does:     "Apache binds a port before it knows the destination: all destinations share the ports, and K is P.",
		Where:    proxiedConf,
		Risk:     "Ports run out towards all backends together, and tcp_tw_reuse is of no use.",
		RollBack: backAgain,
		Watch:    "AH00956 in the log, that bind() failed.",
	},
	{
		path:     "proxy.policy: never-dead",
		Name:     "Squid: connect-fail-limit out of reach",
		Does:     "Squid goes on trying instead of taking the backend for dead after ten failures.",
		Where:    squidConf,
		Risk:     "A backend that is really dead costs each request a connect().",
		RollBack: backAgain,
		Watch:    "“Detected DEAD Parent” is gone from cache.log, and failures may still be there.",
	},
	{
		path:     "proxy.policy: idle-2",
		Name:     "Caddy: keepalive_idle_conns_per_host 2",
		Does:     "Of a burst all but two connections are closed again: a burst of B costs B − 2 ports.",
		Where:    caddyConf,
		Risk:     "Bursts use the ports up although a pool is there.",
		RollBack: "A number above the largest burst.",
		Watch:    "New connections per request rising with bursts.",
	},
	{
		path: "proxy.policy: pool",
		Name: "The proxy's pool of upstream connections",
		Does: "Requests share idle connections, and almost none is closed.",
		Where: places{
			Host:      "The proxy's configuration, which this report has as rendered.",
			Container: "The same lines in the image's or the mounted file.",
			Pod:       "The same lines in the proxy's ConfigMap or image; roll the pods.",
		},
		Risk: "Idle connections occupy the backend. One that the backend closes first fails the request that is sent " +
			"on it, where the proxy does not repeat it.",
		RollBack: "Put the old lines back and reload.",
		Watch:    "New connections per request; resets and early closes in the proxy's log.",
	},
	{
		path: "proxy.policy",
		Name: "Another policy of the proxy",
		Does: "What the proxy does with upstream connections: who ends them, and what a failed connect() makes it do.",
		Where: places{
			Host:      "The proxy's configuration.",
			Container: "The same file in the image or mounted.",
			Pod:       "ConfigMap or image of the proxy; roll the pods.",
		},
		Risk:     "Each has its own: `docs/proxies.md` has a table.",
		RollBack: "Put the old lines back and reload.",
		Watch:    "TIME_WAIT on the proxy, by destination; failed requests.",
	},
	{
		path: "proxy.kind",
		Name: "Another proxy",
		Does: "It ends connections in its own way, and tries, waits and logs in its own way when there is no port.",
		Where: places{
			Host:      "Another package and another configuration.",
			Container: "Another image.",
			Pod:       "Another image and ConfigMap; roll the pods.",
		},
		Risk:     "A migration: routes, headers, timeouts and TLS have to come along.",
		RollBack: "The old proxy again.",
		Watch:    "Everything that watches the old proxy's log by its words.",
	},
}

// otherWords are what kinds other than nginx have said otherwise, of the cards that name
// nginx's own settings.
var otherWords = []card{
	{
		path: "backend.addresses",
		Where: places{
			Host:      "More addresses on the backends, each a server of the proxy's configuration; reload.",
			Container: "More backend containers, or more networks on one; each a server of the proxy's configuration.",
		},
		Risk: "A proxy that takes a server for dead after a failed connect() does so when its ports run out, " +
			"and the others get its load.",
		RollBack: "Take the servers out of the configuration and reload before the addresses go.",
		Watch:    "Error 99 comes later, or at a higher rate, but it comes.",
	},
	{
		path: "backend.service: headless",
		Where: places{
			Pod: "`clusterIP: None` in a Service beside the old one, " +
				"and a proxy that looks its name up again and again.",
		},
		Risk:  "The proxy itself must now notice pods that come and go.",
		Watch: "Error 99 comes later, or at a higher rate, but it comes. Failed requests to pods that are gone.",
	},
	{
		path: "backend.service",
		Does: "Nothing: to the proxy's kernel a ClusterIP is one destination, however many pods are behind it.",
	},
	{
		path: "backend.ports",
		Where: places{
			Host: "More listening ports on the backend and a server for each in the proxy's configuration; " +
				"reload both.",
		},
		RollBack: "Take the servers out of the configuration and reload.",
	},
	{
		path: "backend.place",
		Does: "On the proxy's own host the ports are the host's, loopback has its own rule for tcp_tw_reuse, " +
			"and the host's two addresses are two destinations.",
		Where: places{
			Host:      "The backend on the proxy's host.",
			Container: "Both in one network namespace.",
			Pod:       "Both containers in one pod.",
		},
		Risk:     "The proxy and the backend scale and fail together.",
		RollBack: "Point the proxy back at the address and reload.",
		Watch:    "Error 99 at a higher rate.",
	},
	{
		path: "backend.keepalive",
		Risk: "Every request costs a connection; the proxy's pool has nothing to keep.",
	},
	{
		path:  "backend.max_workers",
		Risk:  "Too few for the proxy's pool, and kept connections keep out new ones.",
		Watch: "“server reached MaxRequestWorkers”; failures and resets under load.",
	},
	{
		path: "backend.close_delay",
		Does: "As long as it does not answer the proxy's FIN, the port is held in FIN_WAIT2, " +
			"and in TIME_WAIT after it.",
	},
	{
		path:  "proxy.image",
		Name:  "Another release of the proxy",
		Does:  "Defaults may differ between releases.",
		Where: places{Host: "Package upgrade and a restart."},
		Watch: "New connections per request; TIME_WAIT on the proxy.",
	},
}
