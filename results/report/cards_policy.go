package report

// conf is the way of a line in a proxy's own configuration.
func conf(file, check, reload string) places {
	return places{
		file + "; `" + check + "`, then `" + reload + "`.",
		file + " in the image or mounted; reload inside the container, or make it anew.",
		"ConfigMap or image of the proxy; roll the pods. No sysctl and no privilege needed.",
	}
}

var (
	haproxyConf = conf("haproxy.cfg", "haproxy -c -f haproxy.cfg", "systemctl reload haproxy")
	proxiedConf = conf("httpd.conf", "apachectl configtest", "apachectl graceful")
	varnishConf = conf("the VCL, and parameters on varnishd's command line or by `varnishadm param.set`", "varnishd -C -f default.vcl", "varnishreload")
	caddyConf   = conf("Caddyfile", "caddy validate --config Caddyfile", "caddy reload")
	squidConf   = conf("squid.conf", "squid -k parse", "squid -k reconfigure")
)

const backAgain = "Take the line out again and reload."

// policyCards are the cards of other kinds of proxy than nginx, by their policies. The
// general ones come last.
var policyCards = []card{
	{"proxy.policy: tcp-nolinger", "HAProxy: option nolinger",
		"HAProxy ends upstream connections by a reset. Neither end keeps a TIME_WAIT.", haproxyConf,
		"Data that the backend has not read yet is lost with the connection. Backends may log resets.", backAgain,
		"TcpOutRsts on the proxy; “Connection reset by peer” in the backend's log; responses cut short."},
	{"proxy.policy: tcp-own-ports", "HAProxy: ports of its own (source IP:LOW-HIGH)",
		"HAProxy chooses the ports and takes each back out of its own TIME_WAIT at once. What is under way at once is then the limit.", haproxyConf,
		"A list shorter than what is under way fails connections. It needs tcp_timestamps at both ends, and the list must be clear of ip_local_port_range.", backAgain,
		"“Cannot bind to source address before connect()” in HAProxy's log."},
	{"proxy.policy: tcp-one-try", "HAProxy: retries 0",
		"Nothing for the ports: a failed connection is one connect() and one line instead of four.", haproxyConf,
		"A backend that refuses for a moment is not tried again.", backAgain, "Failed connections while a backend restarts."},
	{"proxy.policy: no-holddown", "Varnish: backend_local_error_holddown=0",
		"After a failed connect() Varnish tries again at once, instead of after 10 s. It cures no shortage, and ends the darkness after one.", varnishConf,
		"Varnish asks for ports while there are none.", "`varnishadm param.reset backend_local_error_holddown`.", "MAIN.backend_fail and VBE.*.fail_eaddrnotavail by varnishstat."},
	{"proxy.policy: balancer", "Apache: a balancer of one member",
		"Nothing for the ports. A balancer whose members are all in error state takes them all back, so there is no blackout.", proxiedConf,
		"None to speak of.", "ProxyPass to the address again, and a graceful restart.", "AH01170 in the log, that a member is in error state."},
	{"proxy.policy: balancer-no-recovery", "Apache: forcerecovery=Off",
		"After a failed connect() requests fail without one until retry= is over, though there are ports again.", proxiedConf,
		"A short shortage becomes a longer blackout.", backAgain, "AH01170 in the log, and 503 in steps of retry=."},
	{"proxy.policy: bind-first", "Apache: ProxySourceAddress",
		"Apache binds a port before it knows the destination: all destinations share the ports, and K is P.", proxiedConf,
		"Ports run out towards all backends together, and tcp_tw_reuse is of no use.", backAgain, "AH00956 in the log, that bind() failed."},
	{"proxy.policy: never-dead", "Squid: connect-fail-limit out of reach",
		"Squid goes on trying instead of taking the backend for dead after ten failures.", squidConf,
		"A backend that is really dead costs each request a connect().", backAgain, "“Detected DEAD Parent” is gone from cache.log, and failures may still be there."},
	{"proxy.policy: idle-2", "Caddy: keepalive_idle_conns_per_host 2",
		"Of a burst all but two connections are closed again: a burst of B costs B − 2 ports.", caddyConf,
		"Bursts use the ports up although a pool is there.", "A number above the largest burst.", "New connections per request rising with bursts."},
	{"proxy.policy: pool", "The proxy's pool of upstream connections",
		"Requests share idle connections, and almost none is closed.", places{
			"The proxy's configuration, which this report has as rendered.", "The same lines in the image's or the mounted file.",
			"The same lines in the proxy's ConfigMap or image; roll the pods."},
		"Idle connections occupy the backend. One that the backend closes first fails the request that is sent on it, where the proxy does not repeat it.",
		"Put the old lines back and reload.", "New connections per request; resets and early closes in the proxy's log."},
	{"proxy.policy", "Another policy of the proxy",
		"What the proxy does with upstream connections: who ends them, and what a failed connect() makes it do.", places{
			"The proxy's configuration.", "The same file in the image or mounted.", "ConfigMap or image of the proxy; roll the pods."},
		"Each has its own: `docs/proxies.md` has a table.", "Put the old lines back and reload.", "TIME_WAIT on the proxy, by destination; failed requests."},
	{"proxy.kind", "Another proxy", "It ends connections in its own way, and tries, waits and logs in its own way when there is no port.", places{
		"Another package and another configuration.", "Another image.", "Another image and ConfigMap; roll the pods."},
		"A migration: routes, headers, timeouts and TLS have to come along.", "The old proxy again.",
		"Everything that watches the old proxy's log by its words."},
}

// otherCards are of changes that every kind of proxy can have, in words for kinds other than
// nginx, whose own settings the general cards name.
var otherCards = []card{
	{"backend.addresses", "More backend addresses", "Each destination has a full set of source ports of its own.", places{
		"More addresses on the backends, each a server of the proxy's configuration; reload.",
		"More backend containers, or more networks on one; each a server of the proxy's configuration.",
		"Address the pods themselves through a headless Service. A ClusterIP is one destination, however many pods stand behind it."},
		"A proxy that takes a server for dead after a failed connect() does so when its ports run out, and the others get its load.",
		"Take the servers out of the configuration and reload before the addresses go.", "Error 99 comes later, or at a higher rate, but it comes."},
	{"backend.service: headless", "A headless Service", "Its name leads to the pods' own addresses, and each has a full set of source ports of its own.", places{
		"Nothing: Services are a cluster's.", "Nothing: Services are a cluster's.",
		"`clusterIP: None` in a Service beside the old one, and a proxy that looks its name up again and again."},
		"The proxy itself must now notice pods that come and go.", "Put the ClusterIP's name back and reload.",
		"Error 99 comes later, or at a higher rate, but it comes. Failed requests to pods that are gone."},
	{"backend.service", "A Service before the backend", "Nothing: to the proxy's kernel a ClusterIP is one destination, however many pods are behind it.", places{
		"Nothing: Services are a cluster's.", "Nothing: Services are a cluster's.",
		"A Service with a ClusterIP, and more replicas of the backend.",
	},
		"It looks like many backends and is one.", "Take the replicas away.", "Error 99 as before."},
	{"backend.ports", "More backend ports", "Each port of the backend is a destination with a full set of source ports of its own.", places{
		"More listening ports on the backend and a server for each in the proxy's configuration; reload both.",
		"The same; ports inside the network need not be published.",
		"More containerPorts, addressed past the Service or by a Service port each."},
		"Firewalls and health checks know the old port only.", "Take the servers out of the configuration and reload.", "Error 99 comes later, or at a higher rate, but it comes."},
	{"backend.place", "A backend at another place",
		"On the proxy's own host the ports are the host's, loopback has its own rule for tcp_tw_reuse, and the host's two addresses are two destinations.", places{
			"The backend on the proxy's host.", "Both in one network namespace.", "Both containers in one pod."},
		"The proxy and the backend scale and fail together.", "Point the proxy back at the address and reload.", "Error 99 at a higher rate."},
	{"backend.keepalive", "KeepAlive of the backend",
		"Off, the backend closes after each response, and who closes first is a race.", httpdConf,
		"Every request costs a connection; the proxy's pool has nothing to keep.", "KeepAlive On again, graceful restart.", "TIME_WAIT on the backend; connect times of 1 s when it meets its own TIME_WAIT."},
	{"backend.max_workers", "Fewer or more workers of the backend",
		"It bounds the connections that the backend serves at once, idle ones included.", httpdConf,
		"Too few for the proxy's pool, and kept connections keep out new ones.", "Put the old number back; a restart, not a reload, where limits grow.", "“server reached MaxRequestWorkers”; failures and resets under load."},
	{"backend.close_delay", "A backend that closes late",
		"As long as it does not answer the proxy's FIN, the port is held in FIN_WAIT2, and in TIME_WAIT after it.", places{}, "", "", "Ports that are held longer than 60 s."},
	{"proxy.image", "Another release of the proxy", "Defaults may differ between releases.", places{
		"Package upgrade and a restart.", "Another tag of the image.", "Another tag of the image; a rolling update."},
		"Defaults change under a configuration that leaves them open: spell the connection policy out.", "The old package or tag.", "New connections per request; TIME_WAIT on the proxy."},
}
