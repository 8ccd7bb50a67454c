package report

import (
	"cmp"
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
		Host:      "nginx.conf; `nginx -t`, then `nginx -s reload`. No restart, no privilege.",
		Container: "nginx.conf in the image or mounted; reload inside the container.",
		Pod:       "ConfigMap or image of the proxy; roll the pods, or reload. No sysctl and no privilege needed.",
	}
	httpdConf = places{
		Host:      "httpd.conf on every backend; `apachectl configtest`, then `apachectl graceful`.",
		Container: "httpd.conf in the image or mounted; graceful restart inside the container.",
		Pod:       "ConfigMap or image of the backend; roll the pods.",
	}
)

// poolConf is all that a pool needs: one of the lines alone does nothing, or harm.
var poolConf = places{
	Host: "Three lines in nginx.conf: `keepalive N;` in the upstream block; " +
		"`proxy_http_version 1.1;` and `proxy_set_header Connection \"\";` in the location that uses it " +
		"(both are the default from 1.29.7 on). Without `keepalive`, the other two make it worse. " +
		"`nginx -t`, then `nginx -s reload`.",
	Container: "The same lines in the image's or the mounted nginx.conf; reload inside the container.",
	Pod: "The same lines in the proxy's ConfigMap or image; roll the pods, or reload. " +
		"No sysctl and no privilege needed.",
}

// sysctl is the way of a setting of a network namespace: nothing is inherited
// from the host, and an image cannot carry it.
func sysctl(name, kubernetes string) places {
	return places{
		Host: "`sysctl -w " + name + "=…`, and a file in /etc/sysctl.d to outlive a reboot. " +
			"It reaches the host's own network namespace only.",
		Container: "`--sysctl " + name + "=…` when the container is made: nothing is inherited from the host, " +
			"and an image cannot carry it. Refused with `--network=host`, where the host's value counts.",
		Pod: kubernetes,
	}
}

const (
	unsafe = "An unsafe sysctl: the kubelet must allow it (`--allowed-unsafe-sysctls`), " +
		"then `securityContext.sysctls`. On most managed clusters a pod's owner cannot have it; " +
		"setting it on the node changes nothing inside pods without hostNetwork."
	safe = "A safe sysctl: `securityContext.sysctls` of the pod is enough. " +
		"With hostNetwork it is the node's and cannot be set there."
)

const anyTime = "Set the old value again; it counts from the next connect() on."

// cards is all that is known, the longer paths before those they begin with.
var cards = []card{
	{
		path: "proxy.keepalive_timeout",
		Name: "nginx's idle time below the backend's",
		Does: "nginx closes idle connections before the backend does, " +
			"so it never sends a request on one that is being closed.",
		Where:    nginxConf,
		Risk:     "Idle connections close sooner, and more new ones are opened at low traffic.",
		RollBack: "Set the old time again and reload.",
		Watch:    "New connections per request rising; TIME_WAIT on nginx's side.",
	},
	{
		path: "proxy.keep_conn",
		Name: "nginx: fastcgi_keep_conn on",
		Does: "The backend leaves connections open. With `keepalive` in the upstream block one is used again; " +
			"without, nginx closes each first, and holds its TIME_WAIT.",
		Where: nginxConf,
		Risk: "Without a pool it makes ports run out that did not before. " +
			"With one, each idle connection keeps a process of php-fpm: " +
			"pm.max_children has to be larger than all pools together.",
		RollBack: "Take the line out and reload.",
		Watch:    "TIME_WAIT on nginx's side; “server reached pm.max_children” in php-fpm's log.",
	},
	{
		path:  "proxy.keepalive",
		Name:  "A pool of kept connections to the backend",
		Does:  "Requests share connections, so that hardly any new source port is needed.",
		Where: poolConf,
		Risk: "Idle connections occupy the backend: up to the size of the pool × nginx workers × nginx hosts. " +
			"A small or prefork Apache starves.",
		RollBack: "Take the lines out and reload; idle connections close by themselves.",
		Watch: "502 with “upstream prematurely closed connection” or “Connection reset by peer”, " +
			"where the backend's idle timeout is shorter than nginx's. " +
			"New connections again, where a worker has more requests in flight than its pool holds.",
	},
	{
		path:     "proxy.sysctls.net.ipv4.tcp_tw_reuse_delay",
		Name:     "A shorter wait before reuse",
		Does:     "Under tcp_tw_reuse=1 a port is free again after this many milliseconds instead of 1000.",
		Where:    sysctl("net.ipv4.tcp_tw_reuse_delay", unsafe+" Linux 6.14 or newer."),
		Risk:     "The protection against segments of the old connection gets thinner.",
		RollBack: anyTime,
		Watch:    "Connections that hang or are reset right after they begin.",
	},
	{
		path: "proxy.sysctls.net.ipv4.tcp_tw_reuse",
		Name: "Early reuse of ports in TIME_WAIT",
		Does: "`1`: connect() may take a port 1 s after it went into TIME_WAIT, not only after about 60 s. " +
			"`2`, the kernel's default: the same, on loopback only. `0`: never.",
		Where: sysctl("net.ipv4.tcp_tw_reuse", unsafe),
		Risk: "Needs TCP timestamps at both ends. " +
			"A firewall or NAT in between that still remembers the old connection may drop the new SYN.",
		RollBack: anyTime + " Ports then stay blocked for about 60 s again: lower the load first.",
		Watch: "A new limit: each second, as many connections to a destination as there are ports. " +
			"Where a SYN is dropped, connect() takes 1 s longer.",
	},
	{
		path: "proxy.sysctls.net.ipv4.tcp_fin_timeout",
		Name: "tcp_fin_timeout",
		Does: "It limits FIN_WAIT2. TIME_WAIT is always 60 s. " +
			"It helps only where the backend does not close its end.",
		Where:    sysctl("net.ipv4.tcp_fin_timeout", safe+" Since Kubernetes 1.29."),
		Risk:     "Slow peers lose their connection while half closed.",
		RollBack: anyTime,
		Watch:    "As many ports in TIME_WAIT as before. Backends that close late get resets.",
	},
	{
		path:  "proxy.sysctls.net.ipv4.tcp_max_tw_buckets",
		Name:  "A cap on TIME_WAIT",
		Does:  "Beyond the cap the kernel forgets closed connections at once, and their ports are free.",
		Where: sysctl("net.ipv4.tcp_max_tw_buckets", unsafe),
		Risk: "Harmful: it takes away what TIME_WAIT is for. " +
			"A late segment of an old connection can end up in a new one.",
		RollBack: anyTime,
		Watch:    "The counter TCPTimeWaitOverflow; rare, unexplained resets and mixed-up data.",
	},
	{
		path:     "proxy.sysctls.net.ipv4.tcp_timestamps",
		Name:     "TCP timestamps",
		Does:     "Without them tcp_tw_reuse does nothing.",
		Where:    sysctl("net.ipv4.tcp_timestamps", unsafe),
		Risk:     "Off, the kernel loses protection against wrapped sequence numbers and measures round trips worse.",
		RollBack: anyTime,
		Watch:    "tcp_tw_reuse without effect.",
	},
	{
		path:  "ports",
		Name:  "A wider range of source ports",
		Does:  "More ports towards each destination; at most 2.3 times the default's 28,232.",
		Where: sysctl("net.ipv4.ip_local_port_range", safe),
		Risk: "Connections may take a port that a service wants to listen on (Kubernetes NodePorts are 30000 to " +
			"32767): reserve those in ip_local_reserved_ports.",
		RollBack: anyTime + " Open connections keep their port.",
		Watch: "Error 99 comes later, or at a higher rate, but it comes. " +
			"“Address already in use” when services start.",
	},
	{
		path: "backend.addresses",
		Name: "More backend addresses",
		Does: "Each destination has a full set of source ports of its own.",
		Where: places{
			Host:      "More addresses on the backends, each a `server` of the upstream block; reload.",
			Container: "More backend containers, or more networks on one; each a `server` of the upstream block.",
			Pod: "Address the pods themselves through a headless Service. A ClusterIP is one destination, " +
				"however many pods stand behind it.",
		},
		Risk: "With the default max_fails, nginx marks an address down when its ports run out. " +
			"The others get its load, and soon all are down.",
		RollBack: "Take the servers out of the upstream block and reload before the addresses go.",
		Watch:    "Error 99 comes later, or at a higher rate, but it comes. “no live upstreams” in nginx's log.",
	},
	{
		path: "backend.service: headless",
		Name: "A headless Service",
		Does: "Its name leads to the pods' own addresses, and each has a full set of source ports of its own.",
		Where: places{
			Host:      "Nothing: Services are a cluster's.",
			Container: "Nothing: Services are a cluster's.",
			Pod: "`clusterIP: None` in a Service beside the old one; in nginx `resolver` and `server NAME resolve;`, " +
				"or names are looked up at its start only.",
		},
		Risk: "nginx itself must now notice pods that come and go. " +
			"With max_fails at its default it marks pods down when ports run out.",
		RollBack: "Put the ClusterIP's name back and reload.",
		Watch:    "Error 99 comes later, or at a higher rate, but it comes. 502 from pods that are gone.",
	},
	{
		path: "backend.service",
		Name: "A Service before the backend",
		Does: "Nothing: to nginx's kernel a ClusterIP is one destination, however many pods are behind it.",
		Where: places{
			Host:      "Nothing: Services are a cluster's.",
			Container: "Nothing: Services are a cluster's.",
			Pod:       "A Service with a ClusterIP, and more replicas of the backend.",
		},
		Risk:     "It looks like many backends and is one.",
		RollBack: "Take the replicas away.",
		Watch:    "Error 99 as before.",
	},
	{
		path: "backend.ports",
		Name: "More backend ports",
		Does: "Each port of the backend is a destination with a full set of source ports of its own.",
		Where: places{
			Host:      "More `Listen` lines on the backend and a `server` for each in the upstream block; reload both.",
			Container: "The same; ports inside the network need not be published.",
			Pod:       "More containerPorts, addressed past the Service or by a Service port each.",
		},
		Risk:     "Firewalls and health checks know the old port only.",
		RollBack: "Take the servers out of the upstream block and reload.",
		Watch:    "Error 99 comes later, or at a higher rate, but it comes.",
	},
	{
		path:     "backend.repeat",
		Name:     "The same address listed several times",
		Does:     "Nothing: a port is taken per destination, not per line of the upstream block.",
		Where:    nginxConf,
		Risk:     "It looks like three backends and is one.",
		RollBack: "Take the lines out and reload.",
		Watch:    "Error 99 as before.",
	},
	{
		path: "proxy.addresses",
		Name: "More source addresses for nginx",
		Does: "proxy_bind spreads connections over several source addresses, each with a full set of ports.",
		Where: places{
			Host: "More addresses on the interface, `split_clients` and `proxy_bind` in nginx.conf.",
			Container: "The addresses must exist in the container's namespace: several networks, " +
				"or NET_ADMIN to add them.",
			Pod: "A pod has one address; more take a second network (such as Multus). Otherwise run more nginx pods.",
		},
		Risk: "Backends that admit or limit clients by address see new ones. " +
			"An address that goes away fails every request bound to it with the same error 99.",
		RollBack: "Take proxy_bind out and reload.",
		Watch:    "“bind() failed (99: …)” in nginx's log; error 99 at a higher rate.",
	},
	{
		path: "proxy.named_ports",
		Name: "Source ports by name (proxy_bind IP:$port)",
		Does: "nginx names the source port itself. It binds without SO_REUSEADDR, so a port in TIME_WAIT is refused " +
			"with error 98, and the client gets 500.",
		Where: nginxConf,
		Risk: "Each named port serves one request a minute. tcp_tw_reuse is of no use, " +
			"as bind() fails before connect().",
		RollBack: "Take the port out of proxy_bind and reload; an address alone does no harm.",
		Watch:    "“bind(…) failed (98: Address already in use)” in nginx's log; 500 in place of 502.",
	},
	{
		path: "backend.place",
		Name: "A backend at another place",
		Does: "A Unix-domain socket needs no ports at all; on nginx's own host they are the host's, " +
			"loopback has its own rule for tcp_tw_reuse, and the host's two addresses are two destinations.",
		Where: places{
			Host:      "`server unix:/…` in the upstream block; backend and nginx on one host.",
			Container: "A shared volume that holds the socket.",
			Pod:       "Both containers in one pod, with an emptyDir that holds the socket.",
		},
		Risk:     "nginx and the backend scale and fail together. Apache httpd cannot listen on a Unix-domain socket.",
		RollBack: "Point the upstream block back at the address and reload.",
		Watch:    "“(11: Resource temporarily unavailable)” when the socket's backlog is full.",
	},
	{
		path:     "backend.keepalive",
		Name:     "KeepAlive of the backend",
		Does:     "Off, the backend closes after each response, and who closes first is a race.",
		Where:    httpdConf,
		Risk:     "Every request costs a connection; nginx's pool has nothing to keep.",
		RollBack: "KeepAlive On again, graceful restart.",
		Watch:    "TIME_WAIT on the backend; connect times of 1 s when it meets its own TIME_WAIT.",
	},
	{
		path:     "backend.max_workers",
		Name:     "Fewer or more workers of the backend",
		Does:     "It bounds the connections that the backend serves at once, idle ones included.",
		Where:    httpdConf,
		Risk:     "Too few for nginx's pool, and kept connections keep out new ones.",
		RollBack: "Put the old number back; a restart, not a reload, where limits grow.",
		Watch:    "“server reached MaxRequestWorkers”; 502 and resets under load.",
	},
	{
		path: "backend.tls",
		Name: "How the backend ends a TLS connection",
		Does: "Apache's close_notify comes after nginx has closed, and the kernel answers it with a reset: " +
			"no TIME_WAIT anywhere, by luck. Without it (ssl-unclean-shutdown) nginx keeps its TIME_WAIT.",
		Where: httpdConf,
		Risk: "It cures nothing on purpose: another backend, or a release that closes in another order, " +
			"brings error 99 back. A handshake per request stays.",
		RollBack: "Put the old setting back, graceful restart.",
		Watch:    "Resets in the backend's counters (TcpExtTCPAbortOnData on nginx's host).",
	},
	{
		path:  "backend.close_delay",
		Name:  "A backend that closes late",
		Does:  "As long as it does not answer nginx's FIN, the port is held in FIN_WAIT2, and in TIME_WAIT after it.",
		Watch: "Ports that are held longer than 60 s.",
	},
	{
		path:  "backend.delay",
		Name:  "A backend of another speed",
		Does:  "The slower it answers, the more connections are open at once.",
		Watch: "A pool that is smaller than the requests in flight.",
	},
	{
		path:     "proxy.http",
		Name:     "HTTP version towards the backend",
		Does:     "HTTP/1.0 sends Connection: close: one connection per request, and who closes first is a race.",
		Where:    nginxConf,
		Risk:     "No connection is ever kept.",
		RollBack: "proxy_http_version 1.1 and an empty Connection header; reload.",
		Watch:    "Error 99 that comes and goes with the backend's speed.",
	},
	{
		path: "proxy.image",
		Name: "Another release of nginx",
		Does: "From 1.29.7 on nginx speaks HTTP/1.1 to backends and pools within an " +
			"upstream block by default; without a block it closes first, every time.",
		Where: places{
			Host:      "Package upgrade; `nginx -s quit` and start, or the binary upgrade by signals.",
			Container: "Another tag of the image.",
			Pod:       "Another tag of the image; a rolling update.",
		},
		Risk:     "Defaults change under a configuration that leaves them open: spell the connection policy out.",
		RollBack: "The old package or tag.",
		Watch:    "TIME_WAIT moving from the backend's side to nginx's.",
	},
	{
		path:     "proxy.upstream_block",
		Name:     "An upstream block around the backend",
		Does:     "Where the release pools by default, it pools only within such a block.",
		Where:    nginxConf,
		Risk:     "The release decides what it does.",
		RollBack: "Name the address in proxy_pass again and reload.",
		Watch:    "One pool per worker and location.",
	},
	{
		path:  "proxy.next_upstream",
		Name:  "Retries at the next server",
		Does:  "A request that fails at one server is tried at the next.",
		Where: nginxConf,
		Risk: "Each try needs a port: during a shortage retries ask for more of what has run out. " +
			"Requests that are not idempotent may be done twice.",
		RollBack: "proxy_next_upstream off; reload.",
		Watch:    "More lines in nginx's log than failed requests.",
	},
	{
		path:  "proxy.max_fails",
		Name:  "When nginx takes a server for dead",
		Does:  "After so many failures nginx sends nothing to a server for fail_timeout, 10 s by default.",
		Where: nginxConf,
		Risk: "Running out of ports counts as a failure of the server: " +
			"with few servers all are marked down at once.",
		RollBack: "Put the old number back and reload.",
		Watch: "“no live upstreams” in the place of error 99, which hides the cause. " +
			"With 0, a dead backend stays in turn.",
	},
	{
		path:     "proxy.reuseport",
		Name:     "reuseport on the listening socket",
		Does:     "It spreads clients over workers. Ports towards the backend are none of its business.",
		Where:    nginxConf,
		Risk:     "None to speak of.",
		RollBack: "Take it out and restart nginx.",
		Watch:    "Nothing new: it does not touch what ran out.",
	},
	{
		path:     "proxy.open_files",
		Name:     "More open files",
		Does:     "It bounds the descriptors of a worker. A port in TIME_WAIT has none.",
		Where:    nginxConf,
		Risk:     "Memory.",
		RollBack: "Put the old number back and reload.",
		Watch:    "Nothing new: it does not touch what ran out.",
	},
	{
		path:     "proxy.worker_connections",
		Name:     "More worker_connections",
		Does:     "It bounds the connections of a worker, not the ports.",
		Where:    nginxConf,
		Risk:     "Memory, and the limit of open files.",
		RollBack: "Put the old number back and reload.",
		Watch:    "Nothing new: it does not touch what ran out.",
	},
}

// smallerPool is the card of proxy.keepalive where the pool gets smaller.
var smallerPool = card{
	path: "proxy.keepalive",
	Name: "A smaller pool of kept connections to the backend",
	Does: "Fewer idle connections occupy the backend's processes; " +
		"what the pool cannot hold is opened and closed for each burst.",
	Where:    nginxConf,
	Risk:     "More new connections, each with a source port, where more requests are under way than the pool holds.",
	RollBack: "Put the old number back and reload.",
	Watch:    "New connections per request and TIME_WAIT rising on nginx's side: error 99 again under bursts.",
}

// cardFor is cardOf, in words for the proxy and for what it speaks, and by the direction in
// which the pool changes.
func cardFor(change, proxy, protocol string, poolShrinks bool) *card {
	c := cardOf(change)
	if proxy != results.Nginx {
		if other := find(change, otherWords); other != nil {
			return other.or(c)
		}
	}
	if c == nil || c.path != smallerPool.path {
		return c
	}
	if poolShrinks {
		return &smallerPool
	}
	if protocol == "" || protocol == "http" {
		return c
	}
	pool, ok := results.PoolOver(protocol)
	if !ok {
		return nil // the words for HTTP would be wrong
	}
	over := *c
	over.Where, over.Risk = conf("nginx.conf: "+pool.Lines, "nginx -t", "nginx -s reload"), pool.Risk
	return &over
}

// or takes from a general card what this one leaves open.
func (c card) or(general *card) *card {
	c.Name, c.Does = cmp.Or(c.Name, general.Name), cmp.Or(c.Does, general.Does)
	c.Where.Host = cmp.Or(c.Where.Host, general.Where.Host)
	c.Where.Container = cmp.Or(c.Where.Container, general.Where.Container)
	c.Where.Pod = cmp.Or(c.Where.Pod, general.Where.Pod)
	c.Risk = cmp.Or(c.Risk, general.Risk)
	c.RollBack, c.Watch = cmp.Or(c.RollBack, general.RollBack), cmp.Or(c.Watch, general.Watch)
	return &c
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
