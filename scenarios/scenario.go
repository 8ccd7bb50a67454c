package scenarios

import (
	"embed"
	"net/netip"
	"time"
)

// builtin holds one directory per scenario: scenario.yaml and its templates.
// Read only.
//
//go:embed */scenario.yaml */*.tmpl
var builtin embed.FS

// The verdicts a scenario may expect. VerdictPredicted lets the law choose.
const (
	VerdictPredicted     = "predicted"
	VerdictReproduced    = "reproduced"
	VerdictCollapsed     = "collapsed"
	VerdictMitigated     = "mitigated"
	VerdictPostponed     = "postponed"
	VerdictNotReproduced = "not-reproduced"
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
	Sizes []string // in the file's order; empty when the file has none

	doc   *document
	files files
}

// Resolved is a scenario with a size, its variants' overlays and the user's
// --set applied: all there is to know before something starts.
type Resolved struct {
	Name     string
	Title    string
	Size     string
	Set      []string // the --set arguments, as given
	Hash     string   // SHA-256 of the scenario's files: what was written, not how it was resolved
	Variants []Variant
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
	Expect   Expect

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
}

// Backend is the server behind nginx.
type Backend struct {
	Kind              string // BackendHttpd, BackendNginx or BackendAgent
	Image             string
	Config            string // empty: the lab's own template
	Addresses         int    // IP addresses the one server listens on
	KeepAlive         bool
	KeepAliveRequests int
	KeepAliveTimeout  time.Duration
}

// LoadSpec is what the generator does.
type LoadSpec struct {
	Connections      int
	StopAfterError99 *time.Duration // nil: the load runs its whole profile
	Timeout          time.Duration  // a request that waited this long for a connection is dropped
	Path             string
}

// Expect is what the scenario claims.
type Expect struct {
	Verdict string
}

// Facts is what only the driver knows: where things lie and which versions
// were found. A template sees every field of it.
type Facts struct {
	NginxVersion  string // "1.22.1"; empty is taken for a current one
	Listen        netip.AddrPort
	Backends      []netip.AddrPort // where nginx finds the backend: one per address
	BackendListen []netip.AddrPort // where the backend listens; empty: Backends
	Dir           string           // where the configuration lies in the host
	RunDir        string           // writable, a tmpfs: pid, temp files, mutexes, sockets
	ErrorLog      string           // nginx's: a path, or stderr, also when empty
	ServerRoot    string           // httpd's, the directory above modules/; empty: /usr/local/apache2, as in the official image
	DocumentRoot  string           // of the backend; holds index.html
	NoFile        int              // the real limit of open files; 0: unknown, 1024 is assumed
}
