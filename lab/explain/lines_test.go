package explain

import (
	"strings"
	"testing"
)

// reads is what a line is to be read as: "cause program call errno source>destination".
// What is not known is a minus; a group of peers stands in braces.
type reads struct{ line, want string }

func (e Explanation) short() string {
	minus := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	place := e.Destination
	if place == "" && e.Peers != "" {
		place = "{" + e.Peers + "}"
	}
	if e.Source != "" {
		place = e.Source + ">" + place
	}
	return strings.Join([]string{
		e.Cause.ID,
		minus(strings.ReplaceAll(e.Program, " ", "_")),
		minus(string(e.Call)),
		minus(errnoNames[e.Errno]),
		minus(place),
	}, " ")
}

// first reads lines as a log and returns its first group.
func first(t *testing.T, lines string) string {
	t.Helper()
	l, err := Read(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	groups := l.Groups()
	if len(groups) == 0 {
		return "nothing"
	}
	return groups[0].short()
}

// The lines below are real but for what is said of them. Those marked "caused" came
// of the program itself, in a network namespace with two ports that were both taken,
// or without the address: Go 1.26, Node.js 20.20, OpenJDK 17, Python 3.11, curl 7.88,
// Wget 1.21, bash, nginx 1.22; those of proxies with 50 to 200 ports.
var real = map[string][]reads{
	"nginx": {
		// github.com/engintron/engintron/issues/938, with the reporter's own X in the addresses
		{`2018/09/29 23:34:57 [crit] 4793#4793: *210641 connect() to Xx.XX.XX.XXX:80 failed (99: ` +
			`Cannot assign requested address) while connecting to upstream, client: Xx.XX.XX.XXX, server: localhost, ` +
			`request: "GET /?sitemap84.xml HTTP/1.1", upstream: "http://Xx.XX.XX.XXX:80/?sitemap84.xml", host: "domain.com"`,
			"ports nginx connect EADDRNOTAVAIL Xx.XX.XX.XXX:80"},
		// as people quote it
		{`connect() to 10.0.0.7:8080 failed (99: Cannot assign requested address) while connecting to upstream`,
			"ports nginx connect EADDRNOTAVAIL 10.0.0.7:8080"},
		{`bind(10.0.0.5) failed (99: Cannot assign requested address) while connecting to upstream, client: 127.0.0.1`,
			"no-source-address nginx bind EADDRNOTAVAIL 10.0.0.5>"},
		// caused, in the lab: results/example
		{`2026/11/23 04:42:27 [crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Address not available) ` +
			`while connecting to upstream, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "http://198.18.0.3:80/", host: "lab"`,
			"ports nginx connect EADDRNOTAVAIL 198.18.0.3:80"},
		// the form of the above, towards FastCGI and IPv6: IPv6 off is Docker's default
		{`2026/11/23 04:42:27 [crit] 7#7: *42 connect() to [::1]:9000 failed (99: Cannot assign requested address) ` +
			`while connecting to upstream, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "fastcgi://[::1]:9000", host: "lab"`,
			"ports-or-address nginx connect EADDRNOTAVAIL [::1]:9000"},
		// caused: proxy_bind 10.0.0.5, an address that is not there
		{`2026/11/23 04:42:27 [crit] 7#7: *1 bind(10.0.0.5) failed (99: Cannot assign requested address) ` +
			`while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "http://127.0.0.1:8080/", host: "lab"`,
			"no-source-address nginx bind EADDRNOTAVAIL 10.0.0.5>127.0.0.1:8080"},
		// caused: listen 10.9.9.9:8080 and nginx -t
		{`2026/11/30 01:27:34 [emerg] 18711#18711: bind() to 10.9.9.9:8080 failed (99: Cannot assign requested address)`,
			"no-listen-address nginx listen EADDRNOTAVAIL 10.9.9.9:8080>"},
		{`nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)`,
			"port-taken nginx listen EADDRINUSE 0.0.0.0:80>"},
		// caused: two peers that were both taken out
		{`2026/11/23 04:42:27 [error] 7#7: *42 no live upstreams while connecting to upstream, client: 198.18.0.2, ` +
			`server: , request: "GET / HTTP/1.1", upstream: "http://app/", host: "lab"`,
			"consequence nginx none - {app}"},
		{`2026/11/23 04:42:27 [error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream, ` +
			`client: 198.18.0.2, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"`,
			"refused nginx connect ECONNREFUSED 198.18.0.3:80"},
		{`2026/11/23 04:42:27 [error] 7#7: *42 upstream timed out (110: Connection timed out) ` +
			`while connecting to upstream, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "http://198.18.0.3:80/", host: "lab"`,
			"timeout nginx connect ETIMEDOUT 198.18.0.3:80"},
		{`2026/11/23 04:42:27 [error] 7#7: *42 upstream timed out (110: Connection timed out) ` +
			`while reading response header from upstream, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "http://198.18.0.3:80/", host: "lab"`,
			"late-answer nginx other ETIMEDOUT 198.18.0.3:80"},
		{`2026/11/23 04:42:27 [error] 7#7: *42 connect() to unix:/run/app.sock failed (11: ` +
			`Resource temporarily unavailable) while connecting to upstream, client: 198.18.0.2, server: , ` +
			`request: "GET / HTTP/1.1", upstream: "http://unix:/run/app.sock:/", host: "lab"`,
			"backlog nginx connect EAGAIN unix:/run/app.sock"},
		{`2026/11/23 04:42:27 [alert] 7#7: *42 socket() failed (24: Too many open files) while connecting to upstream, ` +
			`client: 198.18.0.2, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"`,
			"descriptors nginx socket EMFILE 198.18.0.3:80"},
		{`2026/11/23 04:42:27 [alert] 7#7: 512 worker_connections are not enough`, "own-limit nginx socket - -"},
		{`2026/11/23 04:42:27 [error] 7#7: *42 recv() failed (104: Connection reset by peer) ` +
			`while reading response header from upstream, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", ` +
			`upstream: "http://198.18.0.3:80/", host: "lab"`,
			"reset nginx other ECONNRESET 198.18.0.3:80"},
		// made: a client that writes errno 99 into its request
		{`2026/11/23 04:42:27 [error] 7#7: *42 access forbidden by rule, client: 1.2.3.4, server: , ` +
			`request: "GET /connect() to 10.0.0.7:80 failed (99: Cannot assign requested address) HTTP/1.1"`, "nothing"},
	},
	"haproxy": {
		// caused, HAProxy 2.6 with its one server's ports all taken
		{`Connect() failed for backend b: no free ports.`, "ports-or-address haproxy connect EADDRNOTAVAIL {b}"},
		{`<131>Nov 23 04:42:27 haproxy[812]: Connect() failed for backend b: no free ports.`,
			"ports-or-address haproxy connect EADDRNOTAVAIL {b}"},
		// haproxy/haproxy src/proto_tcp.c, tcp_connect_server(): the other messages
		{`Connect() failed for backend b: local address already in use.`, "bind-first haproxy connect EADDRINUSE {b}"},
		{`Cannot bind to source address before connect() for backend b.`, "bind-first haproxy bind - {b}"},
		{`[ALERT] 327/044227 (812) : Cannot bind to source address before connect() for server b/s1. Aborting.`,
			"bind-first haproxy bind - {b/s1}"},
		// made by its documentation: 8.2.3 HTTP log format, 8.5 session state
		{`Nov 23 04:42:27 lb haproxy[812]: 10.0.0.1:33318 [23/Nov/2026:04:42:27.123] f b/s1 0/0/-1/-1/3 503 217 - - SC-- ` +
			`1/1/0/0/3 0/0 "GET / HTTP/1.1"`,
			"connect-failed haproxy connect - {b/s1}"},
		{`backend b has no server available!`, "consequence haproxy none - {b}"},
	},
	"httpd": {
		// github.com/freedombox/FreedomBox/issues/895
		{`[Sat Jul 08 17:40:54.742169 2017] [proxy:error] [pid 1081] (111)Connection refused: AH00957: HTTP: ` +
			`attempt to connect to 127.0.0.1:8000 (127.0.0.1) failed`,
			"refused httpd connect ECONNREFUSED 127.0.0.1:8000"},
		{`[Sat Jul 08 17:40:54.742228 2017] [proxy_http:error] [pid 1081] [client 10.0.2.2:53768] AH01114: HTTP: ` +
			`failed to make connection to backend: 127.0.0.1`,
			"consequence httpd none - {127.0.0.1}"},
		// caused, Apache 2.4.71; the date and the address are put in
		{`[Mon Nov 23 04:42:27.123456 2026] [proxy:error] [pid 7:tid 8] (99)Cannot assign requested address: AH00957: ` +
			`http: attempt to connect to 10.77.0.2:8080 (10.77.0.2:8080) failed`,
			"ports httpd connect EADDRNOTAVAIL 10.77.0.2:8080"},
		// github.com/GluuFederation/community-edition-setup/issues/58
		{`(99)Cannot assign requested address: make_sock: could not bind to address 40.76.89.82:80`,
			"no-listen-address httpd listen EADDRNOTAVAIL 40.76.89.82:80>"},
		// github.com/davidalger/devenv/issues/70
		{`Starting httpd: (98)Address already in use: make_sock: could not bind to address [::]:80`,
			"port-taken httpd listen EADDRINUSE [::]:80>"},
		// caused: ProxySourceAddress when the ports are taken
		{`[Mon Nov 23 04:42:27.123456 2026] [proxy:error] [pid 7:tid 8] (98)Address already in use: AH00956: http: ` +
			`failed to bind socket to local address`,
			"bind-first httpd bind EADDRINUSE -"},
	},
	"varnish": {
		// caused, Varnish 7.1: varnishlog
		{`-   FetchError     backend default: fail errno 99 (Cannot assign requested address)`,
			"ports-or-address varnish connect EADDRNOTAVAIL {default}"},
		{`-   FetchError     backend default: fail errno 0 (Success)`, "consequence varnish none - {default}"},
		// github.com/rewardenv/reward/issues/96, shortened: Docker Compose around varnishncsa
		{`varnish-1  | {"Timestamp": "[15/Jan/2025:09:47:54 +0000]", "Varnish-Side": "b", "Handling": "-", ` +
			`"Request": "GET http://s-magento.test/ HTTP/1.1", "Status": "503", "Response-Reason": "-", ` +
			`"Fetch-Error": "backend default: fail errno 111 (Connection refused)", "Bytes": "0", "Time-To-Serve": 0}`,
			"refused varnish connect ECONNREFUSED {default}"},
	},
	"envoy": {
		// github.com/cilium/cilium/issues/25613
		{`[2025-05-22 12:27:12.809][30][debug][connection] [external/envoy/source/common/network/connection_impl.cc:1043] ` +
			`[Tags: "ConnectionId":"11496"] immediate connect error: Cannot assign requested address|remote ` +
			`address:10.42.3.176:8080`,
			"ports envoy connect EADDRNOTAVAIL 10.42.3.176:8080"},
		// github.com/envoyproxy/envoy/issues/31178
		{`upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, ` +
			`transport failure reason: immediate connect error: Cannot assign requested address`,
			"ports-or-address envoy connect EADDRNOTAVAIL -"},
		// the form with the number
		{`upstream connect error or disconnect/reset before headers. reset reason: connection failure, ` +
			`transport failure reason: immediate connect error: 99|Cannot assign requested address`,
			"ports-or-address envoy connect EADDRNOTAVAIL -"},
		// the details of the access log, by the source (connection_impl.cc)
		{`{"response_code":503,"response_flags":"UF","response_code_details":` +
			`"upstream_reset_before_response_started{remote_connection_failure,` +
			`immediate_connect_error:_Cannot_assign_requested_address|remote_address:10.42.3.176:8080}",` +
			`"start_time":"2025-05-22T12:27:12.809Z"}`,
			"ports envoy connect EADDRNOTAVAIL 10.42.3.176:8080"},
		// github.com/ygalblum/quadlet-demo/issues/8
		{`upstream connect error or disconnect/reset before headers. reset reason: connection failure, ` +
			`transport failure reason: delayed connect error: 111`,
			"refused envoy connect ECONNREFUSED -"},
		// github.com/istio/istio/issues/44008
		{`failed to bind to 127.0.0.6:0: Address already in use`, "bind-first envoy bind EADDRINUSE 127.0.0.6:0>"},
		// github.com/istio/istio/issues/38824
		{`2022-05-10T00:26:37.041795Z error envoy config listener 'virtualInbound' failed to bind or apply socket ` +
			`options: cannot bind '0.0.0.0:15006': Address already in use`,
			"port-taken envoy listen EADDRINUSE 0.0.0.0:15006>"},
	},
	"squid": {
		// caused, Squid 5.7
		{`2026/11/23 04:42:27 kid1| TCP connection to 10.77.0.2/8080 failed`,
			"connect-failed squid connect - 10.77.0.2:8080"},
		{`X-Squid-Error: ERR_CONNECT_FAIL 99`, "ports-or-address squid connect EADDRNOTAVAIL -"},
		{`2026/11/23 04:42:27 kid1| Detected DEAD Parent: be`, "consequence squid none - {be}"},
		// github.com/sameersbn/docker-squid/issues/75, title
		{`commBind: Cannot bind socket FD 13 to [::1]: (99) Cannot assign requested address`,
			"no-source-address squid bind EADDRNOTAVAIL [::1]>"},
		// github.com/diladele/squid-windows/issues/89 with errno 98, as in squid-cache/squid#1115
		{`2020/04/20 11:15:40 kid1| commBind: Cannot bind socket FD 10 to [::]:3128: (98) Address already in use`,
			"port-taken squid listen EADDRINUSE [::]:3128>"},
	},
	"others in C": {
		// caused, lighttpd of Debian 12
		{`2026-11-23 04:42:27: (gw_backend.c.357) establishing connection failed: socket: tcp:10.77.0.2:8080: ` +
			`Cannot assign requested address`,
			"ports lighttpd connect EADDRNOTAVAIL 10.77.0.2:8080"},
		// github.com/varnish/hitch/issues/213
		{`Oct  9 10:01:35 cache1-vm hitch[18741]: 20171009T100135.652141 [18774] {backend-connect}: ` +
			`Cannot assign requested address`,
			"ports-or-address hitch connect EADDRNOTAVAIL -"},
		// caused
		{`Connecting to 127.0.0.1:8080... failed: Cannot assign requested address.`,
			"ports wget connect EADDRNOTAVAIL 127.0.0.1:8080"},
		// libpq, fe-connect.c: its form since 14
		{`psycopg2.OperationalError: connection to server at "db" (10.0.0.5), ` +
			`port 5432 failed: Cannot assign requested address`,
			"ports libpq connect EADDRNOTAVAIL 10.0.0.5:5432"},
		{`psql: error: connection to server at "10.0.0.5", port 5432 failed: Cannot assign requested address`,
			"ports libpq connect EADDRNOTAVAIL 10.0.0.5:5432"},
		{`connection to server at "fd00::5", port 5432 failed: Cannot assign requested address`,
			"ports-or-address libpq connect EADDRNOTAVAIL [fd00::5]:5432"},
		{`connection to server at "db", port 5432 failed: Cannot assign requested address`,
			"ports-or-address libpq connect EADDRNOTAVAIL -"},
		{`connection to server at "localhost" (::1), port 5432 failed: Cannot assign requested address`,
			"ports-or-address libpq connect EADDRNOTAVAIL [::1]:5432"},
		// CR_CONN_HOST_ERROR of MySQL's errmsg.c
		{`ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.5:3306' (99)`,
			"ports mysql connect EADDRNOTAVAIL 10.0.0.5:3306"},
		// caused: bash's /dev/tcp; anybody's words
		{`try.sh: connect: Cannot assign requested address`, "ports-or-address - connect EADDRNOTAVAIL -"},
		{`bind: Cannot assign requested address`, "no-source-address - bind EADDRNOTAVAIL -"},
	},
	"curl": {
		// caused
		{`* Immediate connect fail for 127.0.0.1: Cannot assign requested address`,
			"ports curl connect EADDRNOTAVAIL 127.0.0.1"},
		{`curl: (7) Failed to connect to 127.0.0.1 port 8080 after 2 ms: Couldn't connect to server`,
			"connect-failed curl connect - 127.0.0.1:8080"},
		{`curl: (45) bind failed with errno 99: Cannot assign requested address`,
			"no-source-address curl bind EADDRNOTAVAIL -"},
		// github.com/CircleCI-Public/gcp-cli-orb/issues/30
		{`* Immediate connect fail for 2607:f8b0:4004:80a::200e: Cannot assign requested address`,
			"ports-or-address curl connect EADDRNOTAVAIL 2607:f8b0:4004:80a::200e"},
	},
	"go": {
		// caused
		{`dial tcp 127.0.0.1:8080: connect: cannot assign requested address`,
			"ports Go connect EADDRNOTAVAIL 127.0.0.1:8080"},
		{`Get "http://127.0.0.1:8080/": dial tcp 127.0.0.1:8080: connect: cannot assign requested address`,
			"ports Go connect EADDRNOTAVAIL 127.0.0.1:8080"},
		{`dial tcp 10.9.9.9:0->127.0.0.1:8080: bind: cannot assign requested address`,
			"no-source-address Go bind EADDRNOTAVAIL 10.9.9.9:0>127.0.0.1:8080"},
		{`dial tcp 127.0.0.1:0->127.0.0.1:8080: bind: address already in use`,
			"bind-first Go bind EADDRINUSE 127.0.0.1:0>127.0.0.1:8080"},
		{`listen tcp 10.9.9.9:80: bind: cannot assign requested address`,
			"no-listen-address Go listen EADDRNOTAVAIL 10.9.9.9:80>"},
		// a port of one's own: github.com/cilium/cilium/issues/36427 is of this kind
		{`dial tcp 10.0.0.5:40000->10.0.0.7:80: connect: cannot assign requested address`,
			"bound-port-taken Go connect EADDRNOTAVAIL 10.0.0.5:40000>10.0.0.7:80"},
		// github.com/gorilla/websocket/issues/678
		{`2021/03/31 12:30:13 dial:dial tcp xx.xxx.xx.xxx:80: connect: cannot assign requested address`,
			"ports Go connect EADDRNOTAVAIL xx.xxx.xx.xxx:80"},
		// github.com/tonutils/reverse-proxy/issues/37
		{`2024/09/26 11:45:41 http: proxy error: dial tcp 127.0.0.1:80: connect: connection refused`,
			"refused Go connect ECONNREFUSED 127.0.0.1:80"},
		// github.com/istio/istio/issues/38824
		{`2022-05-10T09:07:19.627568Z error Error listening on status port: listen tcp :15020: bind: address already in use`,
			"port-taken Go listen EADDRINUSE :15020>"},
		// net.Dialer's words for a dial that took too long
		{`dial tcp 10.0.0.7:443: i/o timeout`, "timeout Go connect ETIMEDOUT 10.0.0.7:443"},
		{`dial tcp 10.0.0.7:443: connect: no route to host`, "unreachable Go connect EHOSTUNREACH 10.0.0.7:443"},
		{`dial tcp 10.0.0.7:443: socket: too many open files`, "descriptors Go socket EMFILE 10.0.0.7:443"},
		// the words of github.com/traefik/traefik/issues/13123 in a line as Traefik 3 writes them
		{`2026-05-01T10:00:00Z DBG github.com/traefik/traefik/v3/pkg/proxy/httputil/proxy.go:117 > 502 Bad Gateway ` +
			`error="dial tcp 10.0.0.7:3000: connect: cannot assign requested address"`,
			"ports traefik connect EADDRNOTAVAIL 10.0.0.7:3000"},
		// github.com/lucaslorentz/caddy-docker-proxy/issues/547, shortened, errno 111
		{`caddy_1  | {"level":"error","ts":1700776220.799892,"logger":"http.log.error","msg":"dial tcp :9999: connect: ` +
			`connection refused","request":{"remote_ip":"172.29.0.1","headers":{"User-Agent":["dial tcp 1.2.3.4:80: connect: ` +
			`cannot assign requested address"]}},"status":502}`,
			"refused caddy connect ECONNREFUSED localhost:9999"},
		// caused, Caddy 2.6
		{`{"level":"error","ts":1764000000.1,"logger":"http.log.error","msg":"dial tcp 10.77.0.2:9001: connect: ` +
			`cannot assign requested address","status":502}`,
			"ports caddy connect EADDRNOTAVAIL 10.77.0.2:9001"},
	},
	"java": {
		// caused, Java 17: the exception of connect() and of bind() is the same
		{"java.net.BindException: Cannot assign requested address\n\tat java.base/sun.nio.ch.Net.connect0(Native Method)\n" +
			"\tat java.base/sun.nio.ch.Net.connect(Net.java:579)\n",
			"ports-or-address Java connect EADDRNOTAVAIL -"},
		{"java.net.BindException: Cannot assign requested address\n\tat java.base/sun.nio.ch.Net.bind0(Native Method)\n" +
			"\tat java.base/sun.nio.ch.Net.bind(Net.java:555)\n",
			"no-source-address Java bind EADDRNOTAVAIL -"},
		{`java.net.BindException: Cannot assign requested address`, "unclear-call Java - EADDRNOTAVAIL -"},
		{"java.net.BindException: Address already in use\n\tat java.base/sun.nio.ch.Net.bind0(Native Method)\n",
			"bind-first Java bind EADDRINUSE -"},
		// github.com/shevek/ttorrent/issues/2
		{"Caused by: java.net.BindException: Cannot assign requested address\n    at sun.nio.ch.Net.bind0(Native Method)\n" +
			"    at sun.nio.ch.Net.bind(Net.java:444)\n    at sun.nio.ch.Net.bind(Net.java:436)\n" +
			"    at sun.nio.ch.ServerSocketChannelImpl.bind(ServerSocketChannelImpl.java:214)\n",
			"no-listen-address Java listen EADDRNOTAVAIL -"},
		// github.com/aws/aws-sdk-java-v2/issues/2170, title and message
		{`java.net.ConnectException: Cannot assign requested address (connect failed)`,
			"ports-or-address Java connect EADDRNOTAVAIL -"},
		{`Unable to execute HTTP request: Cannot assign requested address (connect failed)`,
			"ports-or-address Java connect EADDRNOTAVAIL -"},
		// JMeter's results, as in many public reports
		{`Non HTTP response code: java.net.NoRouteToHostException/Non HTTP response message: ` +
			`Cannot assign requested address (Address not available)`,
			"ports-or-address Java connect EADDRNOTAVAIL -"},
		// Apache HttpClient 4, from a public note
		{`I/O exception (java.net.NoRouteToHostException) caught when processing request to {}->http://xxx.com:80: ` +
			`Cannot assign requested address (Address not available)`,
			"ports-or-address Java connect EADDRNOTAVAIL xxx.com:80"},
		// github.com/spring-projects/spring-boot/issues/23255, and the same of Linux
		{`io.netty.channel.AbstractChannel$AnnotatedConnectException: connect(..) failed: Can't assign requested address: ` +
			`localhost/127.0.0.1:8444`, "other-system Java - - -"},
		{`io.netty.channel.AbstractChannel$AnnotatedConnectException: connect(..) failed: ` +
			`Cannot assign requested address: localhost/127.0.0.1:8444`,
			"ports Java connect EADDRNOTAVAIL 127.0.0.1:8444"},
		{`java.net.NoRouteToHostException: No route to host (Host unreachable)`, "unreachable Java connect EHOSTUNREACH -"},
	},
	"python": {
		// caused
		{`OSError: [Errno 99] Cannot assign requested address`, "unclear-call Python - EADDRNOTAVAIL -"},
		{"    sock.connect(address)\nOSError: [Errno 99] Cannot assign requested address",
			"ports-or-address Python connect EADDRNOTAVAIL -"},
		{"    sock.bind(source_address)\nOSError: [Errno 99] Cannot assign requested address",
			"no-source-address Python bind EADDRNOTAVAIL -"},
		{"    sock.bind(source_address)\nOSError: [Errno 98] Address already in use", "bind-first Python bind EADDRINUSE -"},
		{`urllib.error.URLError: <urlopen error [Errno 99] Cannot assign requested address>`,
			"ports-or-address Python connect EADDRNOTAVAIL -"},
		{`requests.exceptions.ConnectionError: HTTPConnectionPool(host='127.0.0.1', ` +
			`port=8080): Max retries exceeded with url: / (Caused by NewConnectionError("HTTPConnection(host='127.0.0.1', ` +
			`port=8080): Failed to establish a new connection: [Errno 99] Cannot assign requested address"))`,
			"ports Python connect EADDRNOTAVAIL 127.0.0.1:8080"},
		{`OSError: [Errno 99] error while attempting to bind on address ('10.9.9.9', 80): cannot assign requested address`,
			"no-listen-address Python listen EADDRNOTAVAIL 10.9.9.9:80>"},
		// github.com/dmis-lab/bern/issues/42
		{`HTTPConnectionPool(host='164.52.196.65', ` +
			`port=8888): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPConnection ` +
			`object at 0x7fc1089f04a8>: Failed to establish a new connection: [Errno 111] Connection refused',))`,
			"refused Python connect ECONNREFUSED 164.52.196.65:8888"},
		// github.com/zhangwenxiao/GPU-Manager/issues/1
		{"    self.socket.bind(self.server_address)\nOSError: [Errno 99] Cannot assign requested address",
			"no-listen-address Python listen EADDRNOTAVAIL -"},
		// redis-py, Connection._error_message
		{`redis.exceptions.ConnectionError: Error 99 connecting to localhost:6379. Cannot assign requested address.`,
			"ports-or-address Python connect EADDRNOTAVAIL localhost:6379"},
		// github.com/lss233/kirara-ai/issues/529
		{`httpcore.ConnectError: [Errno 99] Cannot assign requested address`,
			"ports-or-address Python connect EADDRNOTAVAIL -"},
		// github.com/krypted/precache/issues/16
		{`[Errno 49] Can't assign requested address - Check http://localhost:0 is a valid address`,
			"other-system Python - - -"},
	},
	"node": {
		// caused
		{`Error: connect EADDRNOTAVAIL 127.0.0.1:8080 - Local (0.0.0.0:0)`,
			"ports Node.js connect EADDRNOTAVAIL 127.0.0.1:8080"},
		{`  [cause]: Error: connect EADDRNOTAVAIL 127.0.0.1:8080 - Local (0.0.0.0:0)`,
			"ports Node.js connect EADDRNOTAVAIL 127.0.0.1:8080"},
		{`Error: bind EADDRNOTAVAIL 10.9.9.9`, "no-source-address Node.js bind EADDRNOTAVAIL 10.9.9.9>"},
		{`Error: connect EADDRINUSE 127.0.0.1:8080`, "bind-first Node.js connect EADDRINUSE 127.0.0.1:8080"},
		// github.com/nodejs/help/issues/1242
		{`tunneling socket could not be established, cause=connect EADDRNOTAVAIL 35.224.36.62:8888 - Local (10.128.0.3:0)`,
			"ports Node.js connect EADDRNOTAVAIL 10.128.0.3:0>35.224.36.62:8888"},
		// github.com/dwmkerr/wait-port/issues/92
		{`Error: connect EADDRNOTAVAIL ::1:3003 - Local (:::0)`, "ports-or-address Node.js connect EADDRNOTAVAIL [::1]:3003"},
		// github.com/mallocator/Elasticsearch-Exporter/issues/2
		{`{ [Error: connect EADDRNOTAVAIL]`, "ports-or-address Node.js connect EADDRNOTAVAIL -"},
		// github.com/c8r/gen/issues/4, in one line
		{`{ code: 'EADDRNOTAVAIL', errno: 'EADDRNOTAVAIL', syscall: 'listen', ` +
			`address: 'fe80::9c6b:3ddc:9d33:a634', port: 8000 }`, "no-listen-address Node.js listen EADDRNOTAVAIL -"},
	},
	"ruby": {
		// github.com/EBWiki/EBWiki/issues/2940
		{`Errno::EADDRNOTAVAIL: Failed to open TCP connection to localhost:9200 (Cannot assign requested address - ` +
			`connect(2) for "localhost" port 9200)`,
			"ports-or-address Ruby connect EADDRNOTAVAIL localhost:9200"},
		// github.com/iagox86/dnscat2/issues/154
		{`Errno::EADDRNOTAVAIL: Cannot assign requested address - bind(2) for "xx.xxx.xx.xx" port 22>`,
			"no-listen-address Ruby listen EADDRNOTAVAIL xx.xxx.xx.xx>"},
	},
	"rust": {
		// github.com/Mooncake-Labs/moonlink/issues/1286
		{`called ` + "`Result::unwrap()` on an `Err`" + ` value: Error { kind: Connect, cause: Some(Os { code: 99, ` +
			`kind: AddrNotAvailable, message: "Cannot assign requested address" }) }`,
			"ports-or-address Rust connect EADDRNOTAVAIL -"},
		// github.com/nymtech/nym/issues/584
		{`thread 'tokio-runtime-worker' panicked at 'Failed to create TCP listener: Os { code: 99, ` +
			`kind: AddrNotAvailable, message: "Cannot assign requested address" }', mixnode/src/node/listener/mod.rs:24:14`,
			"no-listen-address Rust listen EADDRNOTAVAIL -"},
	},
	"php": {
		// github.com/laravel/framework/issues/22258, its beginning
		{`[2017-11-29 07:00:56] production.ERROR: Cannot assign requested address [tcp://localhost:6379] ` +
			`{"exception":"[object] (Predis\\Connection\\ConnectionException(code: 99)`,
			"ports-or-address PHP connect EADDRNOTAVAIL localhost:6379"},
		// github.com/predis/predis/issues/597
		{`www: PHP Fatal error:  Uncaught Predis\Connection\ConnectionException: Cannot assign requested address ` +
			`[tcp://127.0.0.1:6379] in /var/www/html/api/shared/vendor/predis/predis/src/Connection/AbstractConnection.php:155`,
			"ports PHP connect EADDRNOTAVAIL 127.0.0.1:6379"},
		// github.com/laradock/laradock/issues/1378
		{`PHP Warning:  stream_socket_client(): unable to connect to tcp://localhost:6379 (Cannot assign requested ` +
			`address) in /var/www/vendor/predis/predis/src/Connection/StreamConnection.php on line 127`,
			"ports-or-address PHP connect EADDRNOTAVAIL localhost:6379"},
	},
	".NET": {
		// github.com/dotnet/Docker.DotNet/issues/682 and 646
		{" ---> System.Net.Sockets.SocketException (99): Cannot assign requested address\n" +
			"   at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.CreateException(SocketError error, " +
			"Boolean forAsyncThrow)\n" +
			"   at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ConnectAsync(Socket socket)\n",
			"ports-or-address .NET connect EADDRNOTAVAIL -"},
		{"System.Net.Sockets.SocketException (99): Cannot assign requested address\n" +
			"2023-06-13 18:01:31    at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.CreateException(SocketError " +
			"error, Boolean forAsyncThrow)\n" +
			"2023-06-13 18:01:31    at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ConnectAsync(Socket socket)\n",
			"ports-or-address .NET connect EADDRNOTAVAIL -"},
		// github.com/nosportugal/dotnet-sonar/issues/20
		{`Unhandled exception. System.Net.Http.HttpRequestException: Cannot assign requested address (localhost:9000)`,
			"ports-or-address .NET connect EADDRNOTAVAIL localhost:9000"},
	},
	// Lines that were looked for once all of the above could be read: two of the nine were
	// not explained then, and two less well than now. None was called exhaustion.
	"held out": {
		// github.com/sourcegraph/sourcegraph-public-snapshot/issues/1890
		{`23:55:50              nginx | 2019/01/14 23:55:50 [crit] 88#88: *1 connect() to [::1]:8080 failed (99: ` +
			`Address not available) while connecting to upstream, client: 172.17.0.1, server: , ` +
			`request: "GET /sign-in?returnTo=%2F HTTP/1.1", ` +
			`upstream: "http://[::1]:8080/sign-in?returnTo=%2F", host: "localhost:7080"`,
			"ports-or-address nginx connect EADDRNOTAVAIL [::1]:8080"},
		// github.com/k3d-io/k3d/issues/542: nginx's stream module
		{`2021/03/22 10:45:14 [error] 15#15: *1149 connect() failed (111: Connection refused) ` +
			`while connecting to upstream, client: 172.18.0.1, server: 0.0.0.0:6443, upstream: "172.18.0.3:6443", ` +
			`bytes from/to client:0/0, bytes from/to upstream:0/0`,
			"refused nginx connect ECONNREFUSED 172.18.0.3:6443"},
		// github.com/prometheus/node_exporter/issues/1973
		{`F 2021-02-17T09:26:46.444366Z failed to listen on secure address: listen tcp 10.132.0.22:9100: bind: ` +
			`cannot assign requested address `, "no-listen-address Go listen EADDRNOTAVAIL 10.132.0.22:9100>"},
		// github.com/gravitl/netmaker/issues/2782
		{`Listen: listen tcp *my_public_IP*:53: bind: cannot assign requested address`,
			"no-listen-address - listen EADDRNOTAVAIL -"},
		// github.com/kubernetes/kubernetes/issues/15676
		{`E1014 23:27:43.282881     870 proxysocket.go:104] Dial failed: dial tcp 172.17.0.5:80: i/o timeout`,
			"timeout Go connect ETIMEDOUT 172.17.0.5:80"},
		{`E1014 23:27:43.287773     870 proxysocket.go:104] Dial failed: dial tcp 172.17.0.5:80: no route to host`,
			"unreachable Go connect EHOSTUNREACH 172.17.0.5:80"},
		// github.com/apprenda/kismatic/issues/1068, with an address in place of <ip>
		{`Get http://10.0.0.5:10249/metrics: dial tcp 10.0.0.5:10249: getsockopt: connection refused`,
			"refused Go connect ECONNREFUSED 10.0.0.5:10249"},
		// github.com/rook/rook/issues/7854
		{`Module 'prometheus' has failed: OSError("No socket could be created -- (('10.x.x.254', ` +
			`9283): [Errno 99] Cannot assign requested address)",)`,
			"no-listen-address Python listen EADDRNOTAVAIL 10.x.x.254:9283>"},
		// github.com/projectcalico/calico/issues/2695
		{`error getting ClusterInformation: ` +
			`Get https://[10.96.0.1]:443/apis/crd.projectcalico.org/v1/clusterinformations/default: ` +
			`dial tcp 10.96.0.1:443: i/o timeout`,
			"timeout Go connect ETIMEDOUT 10.96.0.1:443"},
	},
	"second thoughts": {
		// made by JDK 8's PlainSocketImpl and Spring's RestTemplate
		{`org.springframework.web.client.ResourceAccessException: I/O error on GET request for "http://app:8080/": ` +
			`Cannot assign requested address; ` +
			`nested exception is java.net.NoRouteToHostException: Cannot assign requested address`,
			"ports-or-address Java connect EADDRNOTAVAIL -"},
		// made by HAProxy's form without words, uWSGI's, Python's and libpq's before 14
		{`[ALERT] 327/044227 (812) : Starting frontend f: cannot bind socket [0.0.0.0:80]`,
			"listen-failed haproxy listen - 0.0.0.0:80>"},
		{`probably another instance of uWSGI is running on the same address (:8000). ` +
			`bind(): Address already in use [core/socket.c line 769]`, "bind-first - bind EADDRINUSE -"},
		{`TimeoutError: [Errno 110] Connection timed out`, "timeout Python - ETIMEDOUT -"},
		{`could not connect to server: Cannot assign requested address`, "ports-or-address libpq connect EADDRNOTAVAIL -"},
		{`read tcp 10.0.0.5:40000->10.0.0.7:80: read: connection reset by peer`,
			"reset Go other ECONNRESET 10.0.0.5:40000>10.0.0.7:80"},
		{`Warning: mysqli_connect(): (HY000/2002): Cannot assign requested address`,
			"ports-or-address PHP connect EADDRNOTAVAIL -"},
	},
	"nobody's": {
		{"", "nothing"},
		{`everything is fine`, "nothing"},
		// made: an access log quotes what a client wrote
		{`1.2.3.4 - - [23/Nov/2026:04:42:27 +0000] "GET / HTTP/1.1" 200 5 "-" "dial tcp 10.0.0.7:80: connect: ` +
			`cannot assign requested address"`, "nothing"},
	},
}

func TestReadsRealLines(t *testing.T) {
	for dialect, lines := range real {
		for _, c := range lines {
			if got := first(t, c.line); got != c.want {
				t.Errorf("%s: %s\nis   %s\nwant %s", dialect, c.line, got, c.want)
			}
		}
	}
}
