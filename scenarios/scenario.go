package scenarios

import (
	"embed"
	"fmt"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// builtin holds one directory per scenario, with its scenario.yaml. Read only.
//
//go:embed */scenario.yaml
var builtin embed.FS

// What a scenario is about.
const (
	KindFailure    = "failure"     // how error 99 comes about
	KindMitigation = "mitigation"  // what helps against it, and how far
	KindMyth       = "myth"        // what is said to help, and changes nothing
	KindHarm       = "harm"        // what hides it, or makes it worse
	KindNewFailure = "new-failure" // what keepalive brings in its place
)

// Kinds lists them in the order in which a reader meets them.
var Kinds = []string{KindFailure, KindMitigation, KindMyth, KindHarm, KindNewFailure}

// How nginx speaks to the backend when it has no pool.
const (
	HTTP11 = "1.1" // without "Connection: close": nginx closes first
	HTTP10 = "1.0" // with it, as a bare proxy_pass before 1.29.7: who closes first is a race
	// HTTPDefault writes neither a version nor a pool. nginx before 1.29.7 then
	// speaks 1.0; later releases speak 1.1 and pool in an upstream block.
	HTTPDefault = "default"
)

// What nginx speaks to the backend: the protocols that this package knows by name. The
// others are registered with their lines of configuration, as kinds of server are.
const (
	ProtocolHTTP      = "http" // HTTPS where the backend speaks TLS
	ProtocolGRPC      = "grpc"
	ProtocolStream    = "stream"    // bytes, as they are: nginx's stream
	ProtocolWebsocket = "websocket" // HTTP until the upgrade, and bytes from then on
)

// Where the backend is.
const (
	PlaceOwn      = "own"      // a host of its own
	PlaceProxy    = "proxy"    // the proxy's host, at its address on the lab's network
	PlaceLoopback = "loopback" // the proxy's host, at 127.0.0.1
	PlaceBoth     = "both"     // the proxy's host, at 127.0.0.1 and at its address
	PlaceUnix     = "unix"     // the proxy's host, at a Unix-domain socket
)

// How a Service of a cluster leads to the backend. Each of the backend's addresses is then
// a pod's.
const (
	ServiceNone      = "none"
	ServiceClusterIP = "cluster-ip" // one address, which the nodes translate into a pod's
	ServiceHeadless  = "headless"   // a name for the pods' own addresses
)

// Whether the backend speaks TLS, and how Apache then ends a connection.
const (
	TLSOff = "off"
	// TLSOn ends it with a close_notify, as the standard asks. If nginx has
	// closed the connection already, its kernel answers that data with a reset,
	// and neither end keeps a TIME_WAIT.
	TLSOn = "on"
	// TLSUnclean leaves the close_notify out (ssl-unclean-shutdown).
	TLSUnclean = "unclean"
)

// Apache's multi-processing modules.
const (
	MPMEvent   = "event"
	MPMPrefork = "prefork"
)

// The kinds of backend that this package knows by name. BackendAgent is the lab's own and
// not registered.
const (
	BackendHttpd = "httpd"
	BackendAgent = "agent"
)

// A Scenario is one file, read and checked for every size and variant in it.
type Scenario struct {
	Name  string
	Title string
	Kind  string   // one of Kinds, or empty: a file need not say
	Sizes []string // in the file's order; empty when the file has none

	Incident Incident // zero where it re-enacts none
	Aliases  Aliases  // words of --set

	doc   *document
	files files
}

// Incident is a public report that a scenario re-enacts, in this project's words. What the
// report does not say is said to be untold: no figure is made up.
type Incident struct {
	Link   string `yaml:"link" help:"address of the report"`
	Found  string `yaml:"found" help:"what it found, with its figures"`
	Fix    string `yaml:"fix" help:"what helped there; empty: the report does not say"`
	Untold string `yaml:"untold" help:"what it does not say and the scenario needed"`
	Scale  string `yaml:"scale" help:"how the scenario differs: sizes, another proxy of the same conduct"`
}

// Resolved is a scenario after the size, the variants' overlays and --set have
// been applied: all that is known before anything starts.
type Resolved struct {
	Name     string
	Title    string
	Kind     string // one of Kinds, or empty
	Size     string
	Set      []string // the --set arguments, as given
	Hash     string   // SHA-256 of the scenario's files as written
	Variants []Variant

	AsWritten *Resolved // the same without --set; nil if there is none
}

// Variant is one row of the comparison. The fields with a yaml tag are the keys
// that the top level of a file, a size, a variant and --set may write; see field.
type Variant struct {
	Name    string
	Title   string
	Changes []Change // how it differs from the scenario's top level; empty for a baseline

	Ports Ports `yaml:"ports,required" help:"the proxy's ephemeral ports: how many, default, LOW-HIGH; in a variant 4x"`
	// Rate is what the load schedules.
	Rate float64 `yaml:"rate,required" in:"(0..100000" help:"requests per second; in a variant also a multiple, such as 10x"`

	Duration time.Duration `yaml:"duration,required" in:"100ms..30m" help:"how long the load lasts"`
	Proxy    Proxy         `yaml:"proxy" help:"the proxy under test"`
	Upstream Upstream      `yaml:"upstream" help:"the way from the proxy to the backend"`
	Backend  Backend       `yaml:"backend" help:"the server behind the proxy"`
	Load     LoadSpec      `yaml:"load" help:"what the load generator does"`
	// Own is what ProxyFile does, if it is the user's own and its kind could tell.
	Own *Own

	Bystander bool   `yaml:"bystander" default:"off" help:"run another client on the proxy's host"`
	Alone     bool   `yaml:"alone" default:"off" help:"run it with no other lab beside it: milliseconds matter"`
	Expect    Expect `yaml:"expect" help:"what the scenario claims"`

	DurationSet bool // --set gave the duration: nothing else may change it

	// ProxyFile and BackendFile configure the two servers: as named, or the
	// kind's own template; nil where there is neither.
	ProxyFile, BackendFile *ConfigFile
}

// MaxDuration is the longest load that a scenario may ask for.
const MaxDuration = 30 * time.Minute

// A Change is one field in which a variant differs from the scenario's top level.
type Change struct {
	Key   string // as --set names it: proxy.keepalive
	Value string // as written: 20
}

// Change words the changes, one "proxy.keepalive: 20" each.
func (v Variant) Change() []string {
	words := make([]string, len(v.Changes))
	for i, c := range v.Changes {
		words[i] = c.Key + ": " + c.Value
	}
	return words
}

// Ports is the proxy's range of ephemeral ports, both ends included.
type Ports struct {
	Low, High int
	Default   bool // the kernel's default range: the sysctl is not set
}

// N is how many ports the range has. A run reads back from the namespace how
// many of them are usable.
func (p Ports) N() int { return p.High - p.Low + 1 }

// String is the range as a file writes it.
func (p Ports) String() string {
	if p.Default {
		return "default"
	}
	return fmt.Sprintf("%d-%d", p.Low, p.High)
}

// Sysctls are settings of a network namespace by their names, without
// ip_local_port_range, which follows Ports.
type Sysctls map[string]string

// Proxy is the server under test.
type Proxy struct {
	Kind    string  `yaml:"kind" default:"nginx" form:"name" of:"any" help:"the kind of proxy"`
	Image   string  `yaml:"image" default:"nginx:1.30" form:"image" of:"any" help:"an image, or apt:SUITE for Debian's package"`
	Config  string  `yaml:"config" default:"" of:"any" help:"a template (.tmpl) or a configuration of the kind's, such as an nginx.conf; empty: the lab's template"`
	Sysctls Sysctls `yaml:"sysctls" of:"any" help:"sysctls of its network namespace"`

	// Policy names one of the ways of a kind to treat upstream connections; the keys from
	// keepalive on spell out nginx's.
	Policy string `yaml:"policy" default:"" form:"name" of:"any" help:"what a kind other than nginx does with upstream connections"`

	KeepConn bool `yaml:"keep_conn" default:"off" help:"fastcgi_keep_conn: ask the backend to leave a connection open"`

	// The pool of idle upstream connections.
	Keepalive        int           `yaml:"keepalive" default:"0" in:"0..8192" help:"idle connections per worker; 0: no pool"`
	KeepaliveTimeout time.Duration `yaml:"keepalive_timeout" default:"1m" in:"1ms..24h" help:"how long they stay idle"`

	Workers   int    `yaml:"workers" default:"1" in:"1..64" of:"any" help:"worker processes"`
	HTTP      string `yaml:"http" default:"1.1" in:"1.1|1.0|default" help:"HTTP version towards the backend"`
	Group     bool   `yaml:"upstream_block" default:"off" help:"write an upstream block even where none is needed"`
	Addresses int    `yaml:"addresses" default:"1" in:"1..64" of:"sources" help:"source addresses that nginx connects from"`

	// NamedPorts are ports that nginx names with proxy_bind, instead of the kernel.
	NamedPorts bool `yaml:"named_ports" default:"off" help:"proxy_bind IP:$port: ten ports, which each client connection takes in turn"`

	// Of each upstream peer.
	MaxFails     int           `yaml:"max_fails" default:"0" in:"0..1000" help:"failures that take a peer out; 0: never"`
	FailTimeout  time.Duration `yaml:"fail_timeout" default:"10s" in:"1s..1h" help:"how long a peer stays out"`
	NextUpstream string        `yaml:"next_upstream" default:"off" form:"words" help:"proxy_next_upstream; off: one attempt"`

	WorkerConnections int  `yaml:"worker_connections" default:"0" in:"0..1000000" help:"of each worker; 0: ample"`
	OpenFiles         int  `yaml:"open_files" default:"0" in:"0..1000000" help:"worker_rlimit_nofile; 0: as inherited"`
	Reuseport         bool `yaml:"reuseport" default:"off" help:"listen … reuseport"`
}

// NamedPorts is how many source ports proxy.named_ports lists.
const NamedPorts = 10

// Backend is the server behind nginx.
type Backend struct {
	Kind   string `yaml:"kind" default:"httpd" in:"backends" help:"Apache, another real server, or the lab's own: agent"`
	Image  string `yaml:"image" default:"httpd:2.4" form:"image" help:"an image, or apt:SUITE for Debian's package"`
	Config string `yaml:"config" default:"" help:"a template (.tmpl) or an httpd.conf; empty: the lab's template"`

	// Place is a Place constant.
	Place string `yaml:"place" default:"own" in:"own|proxy|loopback|both|unix" help:"own: a host of its own"`

	// Service is a Service constant.
	Service string `yaml:"service" default:"none" in:"none|cluster-ip|headless" help:"a Kubernetes Service before it: each address is a pod"`

	Addresses int    `yaml:"addresses" default:"1" in:"1..64" help:"IP addresses that the one server listens on"`
	Ports     int    `yaml:"ports" default:"1" in:"1..64" help:"ports that it listens on, at each address"`
	Repeat    int    `yaml:"repeat" default:"1" in:"1..64" help:"how often nginx lists each address and port"`
	TLS       string `yaml:"tls" default:"off" in:"off|on|unclean" help:"https; unclean: Apache sends no close_notify"`

	// Whether, and for how long, Apache keeps connections.
	KeepAlive         bool          `yaml:"keepalive" default:"on" of:"http" help:"Apache's KeepAlive"`
	KeepAliveRequests int           `yaml:"keepalive_requests" default:"600" in:"0..1000000000" of:"http" help:"0: no limit"`
	KeepAliveTimeout  time.Duration `yaml:"keepalive_timeout" default:"100s" in:"1ms..24h" of:"http" help:"Apache's KeepAliveTimeout"`

	MPM        string        `yaml:"mpm" default:"event" in:"event|prefork" of:"http" help:"Apache's multi-processing module"`
	MaxWorkers int           `yaml:"max_workers" default:"0" in:"0..20000" help:"MaxRequestWorkers, or processes; 0: ample"`
	Delay      time.Duration `yaml:"delay" default:"0s" in:"0s..10m" help:"wait before each response (kind agent)"`
	CloseDelay time.Duration `yaml:"close_delay" default:"0s" in:"0s..10m" help:"wait before each close (kind agent)"`
}

// Destinations is how many different IP:port nginx connects to. To nginx a ClusterIP is one
// address, however many pods there are: they are told apart behind nginx's own kernel.
func (b Backend) Destinations() int {
	switch {
	case b.Place == PlaceUnix:
		return 0
	case b.Service == ServiceClusterIP:
		return b.Ports
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
	Connections int `yaml:"connections" default:"64" in:"1..8192" help:"connections of the clients, kept alive"`

	Pods int `yaml:"pods" default:"1" in:"1..16" help:"pods of a cluster that share the load evenly, each with a generator"`

	// CloseAfter is after how many requests a client closes its connection.
	CloseAfter int `yaml:"close_after" default:"0" in:"0..1000000" help:"requests after which a client closes a connection; 0: never"`

	// StopAfterError99 is nil where the load lasts its whole duration.
	StopAfterError99 *time.Duration `yaml:"stop" help:"when the load ends early: none, or {after_error_99: 5s}"`

	Timeout time.Duration `yaml:"timeout" default:"5s" in:"1ms..10m" help:"drop a request after this wait for a connection"`
	Path    string        `yaml:"path" default:"/" form:"path" help:"the path of every request"`
	Host    string        `yaml:"host" default:"" form:"host" help:"the Host header of every request; empty: the proxy's address"`
	Method  string        `yaml:"method" default:"GET" in:"GET|HEAD|POST|PUT|DELETE" help:"the method of every request"`

	// Connections that are held instead of requests: rate is then how many are opened a second.
	Hold      time.Duration `yaml:"hold" default:"0s" in:"0s..10m" help:"how long each connection is held, on average; 0s: requests instead"`
	HoldTimes string        `yaml:"hold_times" default:"fixed" in:"fixed|exponential" help:"how those times are drawn"`
	Closes    string        `yaml:"closes" default:"client" in:"client|server" help:"which end closes a held connection"`

	// Profile is as written; Variant.Profile has it in loadgen's words.
	Profile string `yaml:"profile" default:"" help:"the rate over time, such as burst:64 or poisson:99; empty: constant"`
}

// Expect is what the scenario claims.
type Expect struct {
	// Verdict is one of package law, or law.Predicted.
	Verdict string `yaml:"verdict" default:"predicted" in:"verdicts" help:"the outcome; predicted: the laws decide"`
	// Measured are further claims about figures of the result.
	Measured []law.Claim `yaml:"measured" help:"claims about figures of the result, such as failed_share < 0.1"`

	Set bool // --set gave the verdict
}
