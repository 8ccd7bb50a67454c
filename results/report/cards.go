package report

import (
	"strings"

	"github.com/lab99/lab99/results"
)

// card is what one knows of a change before taking it to production: where it
// can be set, what may go wrong, how to take it back, and the new failure that
// comes in place of the old.
type card struct {
	path     string // of the change in the scenario file, or with ": " and its value the whole change
	Name     string
	Does     string
	Where    places
	Risk     string
	RollBack string
	Watch    string
}

// harmfulPath is the change that nobody should roll out, whatever it seems to cure.
const harmfulPath = "proxy.sysctls.net.ipv4.tcp_max_tw_buckets"

// places says how to set it on a host, in a container, and in a Kubernetes pod.
type places struct{ Host, Container, Pod string }

// Ways of setting that several changes share.
var (
	nginxConf = places{
		"nginx.conf; `nginx -t`, then `nginx -s reload`. No restart, no privilege.",
		"nginx.conf in the image or mounted; reload inside the container.",
		"ConfigMap or image of the proxy; roll the pods, or reload. No sysctl and no privilege needed.",
	}
	httpdConf = places{
		"httpd.conf on every backend; `apachectl configtest`, then `apachectl graceful`.",
		"httpd.conf in the image or mounted; graceful restart inside the container.",
		"ConfigMap or image of the backend; roll the pods.",
	}
)

// poolConf is all that a pool needs: one of the lines alone does nothing, or harm.
var poolConf = places{
	"Three lines in nginx.conf: `keepalive N;` in the upstream block; `proxy_http_version 1.1;` and `proxy_set_header Connection \"\";` in the location that uses it (both are the default from 1.29.7 on). Without `keepalive`, the other two make it worse. `nginx -t`, then `nginx -s reload`.",
	"The same lines in the image's or the mounted nginx.conf; reload inside the container.",
	"The same lines in the proxy's ConfigMap or image; roll the pods, or reload. No sysctl and no privilege needed.",
}

// poolsOver are all that a pool needs behind other passes than proxy_pass, and what may go
// wrong, by upstream.protocol.
var poolsOver = map[string]struct{ lines, risk string }{
	"fastcgi": {"`keepalive N;` in the upstream block and `fastcgi_keep_conn on;` where it is used. The second alone makes it worse, the first alone does nothing",
		"Each idle connection keeps a process of php-fpm: pm.max_children has to be larger than the size of the pool × nginx workers × nginx hosts."},
	"grpc": {"`keepalive N;` in the upstream block, and nothing else",
		"Idle connections occupy the backend: up to the size of the pool × nginx workers × nginx hosts."},
	"memcached": {"`keepalive N;` in the upstream block, and nothing else",
		"Idle connections count against memcached's -c: up to the size of the pool × nginx workers × nginx hosts."},
	"uwsgi": {"`keepalive N;` in the upstream block does nothing: each request has a connection of its own",
		"To take it for a cure."},
}

// sysctl is the way of a setting of a network namespace: nothing is inherited
// from the host, and an image cannot carry it.
func sysctl(name, kubernetes string) places {
	return places{
		"`sysctl -w " + name + "=…`, and a file in /etc/sysctl.d to outlive a reboot. It reaches the host's own network namespace only.",
		"`--sysctl " + name + "=…` when the container is made: nothing is inherited from the host, and an image cannot carry it. Refused with `--network=host`, where the host's value counts.",
		kubernetes,
	}
}

const (
	unsafe = "An unsafe sysctl: the kubelet must allow it (`--allowed-unsafe-sysctls`), then `securityContext.sysctls`. On most managed clusters a pod's owner cannot have it; setting it on the node changes nothing inside pods without hostNetwork."
	safe   = "A safe sysctl: `securityContext.sysctls` of the pod is enough. With hostNetwork it is the node's and cannot be set there."
)

const anyTime = "Set the old value again; it counts from the next connect() on."

// cards is all that is known, the longer paths before those they begin with.
var cards = []card{
	{"proxy.keepalive_timeout", "nginx's idle time below the backend's",
		"nginx closes idle connections before the backend does, so it never sends a request on one that is being closed.", nginxConf,
		"Idle connections close sooner, and more new ones are opened at low traffic.", "Set the old time again and reload.", "New connections per request rising; TIME_WAIT on nginx's side."},
	{"proxy.keep_conn", "nginx: fastcgi_keep_conn on",
		"The backend leaves connections open. With `keepalive` in the upstream block one is used again; without, nginx closes each first, and holds its TIME_WAIT.", nginxConf,
		"Without a pool it makes ports run out that did not before. With one, each idle connection keeps a process of php-fpm: pm.max_children has to be larger than all pools together.",
		"Take the line out and reload.", "TIME_WAIT on nginx's side; “server reached pm.max_children” in php-fpm's log."},
	{"proxy.keepalive", "A pool of kept connections to the backend",
		"Requests share connections, so that hardly any new source port is needed.", poolConf,
		"Idle connections occupy the backend: up to the size of the pool × nginx workers × nginx hosts. A small or prefork Apache starves.",
		"Take the lines out and reload; idle connections close by themselves.",
		"502 with “upstream prematurely closed connection” or “Connection reset by peer”, where the backend's idle timeout is shorter than nginx's. New connections again, where a worker has more requests in flight than its pool holds."},
	{"proxy.sysctls.net.ipv4.tcp_tw_reuse_delay", "A shorter wait before reuse",
		"Under tcp_tw_reuse=1 a port is free again after this many milliseconds instead of 1000.", sysctl("net.ipv4.tcp_tw_reuse_delay", unsafe+" Linux 6.14 or newer."),
		"The protection against segments of the old connection gets thinner.", anyTime, "Connections that hang or are reset right after they begin."},
	{"proxy.sysctls.net.ipv4.tcp_tw_reuse", "Early reuse of ports in TIME_WAIT",
		"`1`: connect() may take a port 1 s after it went into TIME_WAIT, not only after about 60 s. `2`, the kernel's default: the same, on loopback only. `0`: never.", sysctl("net.ipv4.tcp_tw_reuse", unsafe),
		"Needs TCP timestamps at both ends. A firewall or NAT in between that still remembers the old connection may drop the new SYN.",
		anyTime + " Ports then stay blocked for about 60 s again: lower the load first.",
		"A new limit: each second, as many connections to a destination as there are ports. Where a SYN is dropped, connect() takes 1 s longer."},
	{"proxy.sysctls.net.ipv4.tcp_fin_timeout", "tcp_fin_timeout",
		"It limits FIN_WAIT2. TIME_WAIT is always 60 s. It helps only where the backend does not close its end.", sysctl("net.ipv4.tcp_fin_timeout", safe+" Since Kubernetes 1.29."),
		"Slow peers lose their connection while half closed.", anyTime, "As many ports in TIME_WAIT as before. Backends that close late get resets."},
	{"proxy.sysctls.net.ipv4.tcp_max_tw_buckets", "A cap on TIME_WAIT",
		"Beyond the cap the kernel forgets closed connections at once, and their ports are free.", sysctl("net.ipv4.tcp_max_tw_buckets", unsafe),
		"Harmful: it takes away what TIME_WAIT is for. A late segment of an old connection can end up in a new one.", anyTime, "The counter TCPTimeWaitOverflow; rare, unexplained resets and mixed-up data."},
	{"proxy.sysctls.net.ipv4.tcp_timestamps", "TCP timestamps", "Without them tcp_tw_reuse does nothing.",
		sysctl("net.ipv4.tcp_timestamps", unsafe),
		"Off, the kernel loses protection against wrapped sequence numbers and measures round trips worse.", anyTime, "tcp_tw_reuse without effect."},
	{"ports", "A wider range of source ports", "More ports towards each destination; at most 2.3 times the default's " +
		"28,232.", sysctl("net.ipv4.ip_local_port_range", safe),
		"Connections may take a port that a service wants to listen on (Kubernetes NodePorts are 30000 to 32767): reserve those in ip_local_reserved_ports.",
		anyTime + " Open connections keep their port.", "Error 99 comes later, or at a higher rate, but it comes. “Address already in use” when services start."},
	{"backend.addresses", "More backend addresses", "Each destination has a full set of source ports of its own.", places{
		"More addresses on the backends, each a `server` of the upstream block; reload.",
		"More backend containers, or more networks on one; each a `server` of the upstream block.",
		"Address the pods themselves through a headless Service. A ClusterIP is one destination, however many pods stand behind it."},
		"With the default max_fails, nginx marks an address down when its ports run out. The others get its load, and soon all are down.",
		"Take the servers out of the upstream block and reload before the addresses go.", "Error 99 comes later, or at a higher rate, but it comes. “no live upstreams” in nginx's log."},
	{"backend.service: headless", "A headless Service", "Its name leads to the pods' own addresses, and each has a full set of source ports of its own.", places{
		"Nothing: Services are a cluster's.", "Nothing: Services are a cluster's.",
		"`clusterIP: None` in a Service beside the old one; in nginx `resolver` and `server NAME resolve;`, or names are looked up at its start only.",
	},
		"nginx itself must now notice pods that come and go. With max_fails at its default it marks pods down when ports run out.",
		"Put the ClusterIP's name back and reload.", "Error 99 comes later, or at a higher rate, but it comes. 502 from pods that are gone."},
	{"backend.service", "A Service before the backend", "Nothing: to nginx's kernel a ClusterIP is one destination, however many pods are behind it.", places{
		"Nothing: Services are a cluster's.", "Nothing: Services are a cluster's.",
		"A Service with a ClusterIP, and more replicas of the backend.",
	},
		"It looks like many backends and is one.", "Take the replicas away.", "Error 99 as before."},
	{"backend.ports", "More backend ports", "Each port of the backend is a destination with a full set of source ports of " +
		"its own.", places{
		"More `Listen` lines on the backend and a `server` for each in the upstream block; reload both.",
		"The same; ports inside the network need not be published.",
		"More containerPorts, addressed past the Service or by a Service port each."},
		"Firewalls and health checks know the old port only.", "Take the servers out of the upstream block and reload.", "Error 99 comes later, or at a higher rate, but it comes."},
	{"backend.repeat", "The same address listed several times",
		"Nothing: a port is taken per destination, not per line of the upstream block.", nginxConf,
		"It looks like three backends and is one.", "Take the lines out and reload.", "Error 99 as before."},
	{"proxy.addresses", "More source addresses for nginx",
		"proxy_bind spreads connections over several source addresses, each with a full set of ports.", places{
			"More addresses on the interface, `split_clients` and `proxy_bind` in nginx.conf.",
			"The addresses must exist in the container's namespace: several networks, or NET_ADMIN to add them.",
			"A pod has one address; more take a second network (such as Multus). Otherwise run more nginx pods."},
		"Backends that admit or limit clients by address see new ones. An address that goes away fails every request bound to it with the same error 99.",
		"Take proxy_bind out and reload.", "“bind() failed (99: …)” in nginx's log; error 99 at a higher rate."},
	{"proxy.named_ports", "Source ports by name (proxy_bind IP:$port)",
		"nginx names the source port itself. It binds without SO_REUSEADDR, so a port in TIME_WAIT is refused with error 98, and the client gets 500.", nginxConf,
		"Each named port serves one request a minute. tcp_tw_reuse is of no use, as bind() fails before connect().", "Take the port out of proxy_bind and reload; an address alone does no harm.",
		"“bind(…) failed (98: Address already in use)” in nginx's log; 500 in place of 502."},
	{"backend.place", "A backend at another place",
		"A Unix-domain socket needs no ports at all; on nginx's own host they are the host's, loopback has its own rule for tcp_tw_reuse, and the host's two addresses are two destinations.", places{
			"`server unix:/…` in the upstream block; backend and nginx on one host.",
			"A shared volume that holds the socket.",
			"Both containers in one pod, with an emptyDir that holds the socket."},
		"nginx and the backend scale and fail together. Apache httpd cannot listen on a Unix-domain socket.", "Point the upstream block back at the address and reload.",
		"“(11: Resource temporarily unavailable)” when the socket's backlog is full."},
	{"backend.keepalive", "KeepAlive of the backend",
		"Off, the backend closes after each response, and who closes first is a race.", httpdConf,
		"Every request costs a connection; nginx's pool has nothing to keep.", "KeepAlive On again, graceful restart.", "TIME_WAIT on the backend; connect times of 1 s when it meets its own TIME_WAIT."},
	{"backend.max_workers", "Fewer or more workers of the backend",
		"It bounds the connections that the backend serves at once, idle ones included.", httpdConf,
		"Too few for nginx's pool, and kept connections keep out new ones.", "Put the old number back; a restart, not a reload, where limits grow.", "“server reached MaxRequestWorkers”; 502 and resets under load."},
	{"backend.tls", "How the backend ends a TLS connection",
		"Apache's close_notify comes after nginx has closed, and the kernel answers it with a reset: no TIME_WAIT anywhere, by luck. Without it (ssl-unclean-shutdown) nginx keeps its TIME_WAIT.", httpdConf,
		"It cures nothing on purpose: another backend, or a release that closes in another order, brings error 99 back. A handshake per request stays.", "Put the old setting back, graceful restart.", "Resets in the backend's counters (TcpExtTCPAbortOnData on nginx's host)."},
	{"backend.close_delay", "A backend that closes late",
		"As long as it does not answer nginx's FIN, the port is held in FIN_WAIT2, and in TIME_WAIT after it.", places{}, "", "", "Ports that are held longer than 60 s."},
	{"backend.delay", "A backend of another speed", "The slower it answers, the more connections are open at once.",
		places{}, "", "", "A pool that is smaller than the requests in flight."},
	{"proxy.http", "HTTP version towards the backend",
		"HTTP/1.0 sends Connection: close: one connection per request, and who closes first is a race.", nginxConf,
		"No connection is ever kept.", "proxy_http_version 1.1 and an empty Connection header; reload.", "Error 99 that comes and goes with the backend's speed."},
	{"proxy.image", "Another release of nginx", "From 1.29.7 on nginx speaks HTTP/1.1 to backends and pools within an " +
		"upstream block by default; without a block it closes first, every time.", places{
		"Package upgrade; `nginx -s quit` and start, or the binary upgrade by signals.", "Another tag of the image.", "Another tag of the image; a rolling update."},
		"Defaults change under a configuration that leaves them open: spell the connection policy out.", "The old package or tag.", "TIME_WAIT moving from the backend's side to nginx's."},
	{"proxy.upstream_block", "An upstream block around the backend",
		"Where the release pools by default, it pools only within such a block.", nginxConf,
		"The release decides what it does.", "Name the address in proxy_pass again and reload.", "One pool per worker and location."},
	{"proxy.next_upstream", "Retries at the next server", "A request that fails at one server is tried at the next.", nginxConf,
		"Each try needs a port: during a shortage retries ask for more of what has run out. Requests that are not idempotent may be done twice.", "proxy_next_upstream off; reload.", "More lines in nginx's log than failed requests."},
	{"proxy.max_fails", "When nginx takes a server for dead",
		"After so many failures nginx sends nothing to a server for fail_timeout, 10 s by default.", nginxConf,
		"Running out of ports counts as a failure of the server: with few servers all are marked down at once.", "Put the old number back and reload.", "“no live upstreams” in the place of error 99, which hides the cause. With 0, a dead backend stays in turn."},
	{"proxy.reuseport", "reuseport on the listening socket",
		"It spreads clients over workers. Ports towards the backend are none of its business.", nginxConf,
		"None to speak of.", "Take it out and restart nginx.", "Nothing new: it does not touch what ran out."},
	{"proxy.open_files", "More open files", "It bounds the descriptors of a worker. A port in TIME_WAIT has none.", nginxConf,
		"Memory.", "Put the old number back and reload.", "Nothing new: it does not touch what ran out."},
	{"proxy.worker_connections", "More worker_connections", "It bounds the connections of a worker, not the ports.", nginxConf,
		"Memory, and the limit of open files.", "Put the old number back and reload.", "Nothing new: it does not touch what ran out."},
}

// smallerPool is the card of proxy.keepalive where the pool gets smaller.
var smallerPool = card{"proxy.keepalive", "A smaller pool of kept connections to the backend",
	"Fewer idle connections occupy the backend's processes; what the pool cannot hold is opened and closed for each burst.", nginxConf,
	"More new connections, each with a source port, where more requests are under way than the pool holds.", "Put the old number back and reload.",
	"New connections per request and TIME_WAIT rising on nginx's side: error 99 again under bursts."}

// cardFor is cardOf, in words for the proxy and for what it speaks, and by the direction in
// which the pool changes.
func cardFor(change, proxy, protocol string, poolShrinks bool) *card {
	if proxy != results.Nginx {
		if c := find(change, otherCards); c != nil {
			return c
		}
	}
	c := cardOf(change)
	if c == nil || c.path != smallerPool.path {
		return c
	}
	if poolShrinks {
		return &smallerPool
	}
	if pool, ok := poolsOver[protocol]; ok {
		over := *c
		over.Where, over.Risk = conf("nginx.conf: "+pool.lines, "nginx -t", "nginx -s reload"), pool.risk
		return &over
	}
	return c
}

// cardOf is what is known of a line of a variant's change, nil where nothing
// is, as of a line that changes the load.
func cardOf(change string) *card { return find(change, cards, policyCards) }

func find(change string, known ...[]card) *card {
	path, _, _ := strings.Cut(change, ": ")
	for _, some := range known {
		for i := range some {
			if p := some[i].path; p == change || p == path {
				return &some[i]
			}
		}
	}
	return nil
}
