package scenarios

import (
	"embed"
	"net/netip"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// builtin holds one directory per scenario: scenario.yaml and its templates.
// Read only.
//
//go:embed */scenario.yaml */*.tmpl
var builtin embed.FS

// What a scenario is about.
const (
	KindFailure    = "failure"     // how error 99 comes about
	KindMitigation = "mitigation"  // what helps against it, and how far
	KindMyth       = "myth"        // what is said to help, and changes nothing
	KindHarm       = "harm"        // what hides it, or makes it worse
	KindNewFailure = "new-failure" // what keepalive brings in its place
)

// Kinds are those, in the order in which a reader meets them.
var Kinds = []string{KindFailure, KindMitigation, KindMyth, KindHarm, KindNewFailure}

// How nginx speaks to the backend when it has no pool.
const (
	HTTP11 = "1.1" // without "Connection: close": nginx closes first
	HTTP10 = "1.0" // with it, as a bare proxy_pass did until 1.29.7: who closes first is a race
	// HTTPDefault writes nothing about it, nor about a pool: 1.0 before 1.29.7,
	// and from then on 1.1, with a pool where there is an upstream block.
	HTTPDefault = "default"
)

// Where the backend is.
const (
	PlaceOwn      = "own"      // a host of its own
	PlaceProxy    = "proxy"    // the proxy's host, at its address on the lab's network
	PlaceLoopback = "loopback" // the proxy's host, at 127.0.0.1
	PlaceBoth     = "both"     // the proxy's host, at 127.0.0.1 and at its address
	PlaceUnix     = "unix"     // the proxy's host, at a Unix-domain socket
)

// Whether the backend speaks TLS, and how Apache then ends a connection.
const (
	TLSOff = "off"
	// TLSOn ends it as the standard asks, with a close_notify of its own. To a
	// connection that nginx has closed already that is data, which the kernel
	// answers with a reset: no TIME_WAIT anywhere.
	TLSOn = "on"
	// TLSUnclean leaves the close_notify out (ssl-unclean-shutdown).
	TLSUnclean = "unclean"
)

// Apache's multi-processing modules.
const (
	MPMEvent   = "event"
	MPMPrefork = "prefork"
)

// The kinds of backend.
const (
	BackendHttpd = "httpd"
	BackendNginx = "nginx"
	BackendAgent = "agent"
)

// A Scenario is one file, read and checked for every size and variant in it.
type Scenario struct {
	Name  string
	Title string
	Kind  string   // one of Kinds, or empty: a file need not say
	Sizes []string // in the file's order; empty when the file has none

	doc   *document
	files files
}

// Resolved is a scenario with a size, its variants' overlays and the user's
// --set applied: all there is to know before something starts.
type Resolved struct {
	Name     string
	Title    string
	Kind     string // one of Kinds, or empty
	Size     string
	Set      []string // the --set arguments, as given
	Hash     string   // SHA-256 of the scenario's files: what was written, not how it was resolved
	Variants []Variant

	AsWritten *Resolved // the same without --set; nil where there was none
}

// Variant is one row of the comparison.
type Variant struct {
	Name     string
	Title    string
	Change   []string // how it differs from the scenario's top level, one "proxy.keepalive: 20" per field; empty for a baseline
	Ports    Ports
	Rate     float64 // requests scheduled per second
	Duration time.Duration
	Proxy    Proxy
	Backend  Backend
	Load     LoadSpec
	// Bystander runs another program on the proxy's host that connects too.
	Bystander bool
	Expect    Expect

	DurationSet bool // by --set: nothing else may change it

	proxyFile, backendFile *configFile
}

// Ports is the proxy's range of ephemeral ports, both ends included.
type Ports struct {
	Low, High int
	Default   bool // the kernel's default range: the sysctl is not set
}

// N is how many ports the range has; how many of them are usable is read back
// from the namespace.
func (p Ports) N() int { return p.High - p.Low + 1 }

// Proxy is the nginx under test.
type Proxy struct {
	Image     string
	Config    string            // template or nginx.conf, as the scenario names it; empty: the lab's own template
	Sysctls   map[string]string // of its network namespace, without ip_local_port_range, which follows Ports
	Keepalive int               // idle upstream connections kept per worker; 0: one connection per request
	Workers   int

	HTTP         string        // HTTP11, HTTP10 or HTTPDefault
	Group        bool          // an upstream block even where none is needed
	Addresses    int           // source addresses nginx connects from, by proxy_bind and split_clients
	MaxFails     int           // of each upstream peer; 0: a failed connect never takes a peer out
	FailTimeout  time.Duration // of each upstream peer
	NextUpstream string        // proxy_next_upstream; "off": one attempt per request

	KeepaliveTimeout  time.Duration // of idle upstream connections
	WorkerConnections int           // 0: ample
	OpenFiles         int           // worker_rlimit_nofile; 0: as inherited
	Reuseport         bool          // of the listening socket
}

// Backend is the server behind nginx.
type Backend struct {
	Kind              string // BackendHttpd, BackendNginx or BackendAgent
	Image             string
	Config            string // empty: the lab's own template
	Place             string // PlaceOwn and so on
	Addresses         int    // IP addresses the one server listens on
	Ports             int    // ports it listens on, at each address
	Repeat            int    // how often nginx's configuration lists each address and port
	TLS               string // TLSOff, or https with a certificate made for the run
	KeepAlive         bool
	KeepAliveRequests int
	KeepAliveTimeout  time.Duration
	MPM               string        // MPMEvent or MPMPrefork
	MaxWorkers        int           // Apache's MaxRequestWorkers; 0: ample
	Delay             time.Duration // before the response; BackendAgent only
	CloseDelay        time.Duration // from when it would close a connection until it does; BackendAgent only
}

// Destinations is how many different IP:port nginx connects to.
func (b Backend) Destinations() int {
	if b.Place == PlaceUnix {
		return 0
	}
	return b.Addresses * b.Ports
}

// Peers is how many server lines nginx's configuration has for it.
func (b Backend) Peers() int {
	if b.Place == PlaceUnix {
		return 1
	}
	return b.Destinations() * b.Repeat
}

// Secure says whether the backend speaks TLS.
func (b Backend) Secure() bool { return b.TLS == TLSOn || b.TLS == TLSUnclean }

// LoadSpec is what the generator does.
type LoadSpec struct {
	Connections      int
	StopAfterError99 *time.Duration // nil: the load runs its whole profile
	Timeout          time.Duration  // a request that waited this long for a connection is dropped
	Path             string
	Method           string
	Profile          string // the rate over time, as written; empty: constant. Variant.Profile has it in loadgen's words
}

// Expect is what the scenario claims.
type Expect struct {
	Verdict string
	Set     bool // the verdict, by --set
	// Measured are further claims about figures of the result.
	Measured []law.Claim
}

// Facts is what only the driver knows: where things lie and which versions
// were found. A template sees every field of it.
type Facts struct {
	NginxVersion  string // "1.22.1"; empty is taken for a current one
	Listen        netip.AddrPort
	Backends      []netip.AddrPort // where nginx finds the backend: one per address and port
	Sources       []netip.Addr     // nginx connects from; no more than one: the kernel chooses
	Socket        string           // Unix-domain socket of the backend, instead of Backends
	BackendListen []netip.AddrPort // where the backend listens; empty: Backends
	Dir           string           // where the configuration lies in the host
	RunDir        string           // writable, a tmpfs: pid, temp files, mutexes, sockets
	ErrorLog      string           // nginx's: a path, or stderr, also when empty
	ServerRoot    string           // httpd's, the directory above modules/; empty: /usr/local/apache2, as in the official image
	DocumentRoot  string           // of the backend; holds index.html
	NoFile        int              // the real limit of open files; 0: unknown, 1024 is assumed
}
