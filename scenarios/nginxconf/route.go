package nginxconf

import (
	"slices"
	"time"
)

// Protocol is what a route speaks to its backend.
type Protocol string

// The protocols.
const (
	HTTP      Protocol = "http"
	HTTPS     Protocol = "https"
	GRPC      Protocol = "grpc" // with TLS or without
	FastCGI   Protocol = "fastcgi"
	UWSGI     Protocol = "uwsgi"
	SCGI      Protocol = "scgi"
	Memcached Protocol = "memcached"
	TCP       Protocol = "tcp" // a server of stream{}
	UDP       Protocol = "udp" // the same, of datagrams
)

// A Route is a location of a server, or a server of stream{}, that passes
// requests on, and what a request does to connections there. A pass whose
// variables have several possible values is a route for each.
type Route struct {
	Pass      *Directive // proxy_pass and the like
	Server    *Server
	Location  *Location  // nil in stream{}
	Condition *Directive // the if or limit_except that the pass stands in, or nil

	Protocol  Protocol
	Target    string     // what the pass names, with the values of variables where they decide: "http://app"
	URI       string     // what stands behind it in the pass, as written
	Variables []string   // the variables that decide on the target, such as "app"; nil: it is constant
	TargetBy  *Directive // the set, map, split_clients or geo that gives the target, or nil
	Share     float64    // of the requests that have this target, where split_clients says; 0: not known
	Of        int        // how many targets the pass may have, this one included
	Unknown   string     // why the target cannot be known, or ""
	Resolver  *Directive

	Upstream *Upstream // the group, or the host in its place; nil: unknown

	HTTPVersion string     // "1.0", "1.1" or "2"; "" for what is not HTTP
	VersionBy   *Directive // proxy_http_version; nil: the release's default
	Header      Header     // Connection, as the backend gets it with a request without Upgrade
	Pool        Pool
	ClosesFirst Closer
	CloseShare  *float64 // f, the share of closed connections that nginx closes first; nil: a race

	Bind   Bind
	Retry  Retry
	Cache  *Cache      // nil: none
	Stale  *Directive  // proxy_cache_use_stale error: an old copy answers for a failed connect(); or nil
	Hides  []ErrorPage // what a client gets in place of the 502 of a failed connect()
	Limits []*Directive

	// Newer is the same route from 1.29.7 on, where the release is unknown and
	// the answers differ; nil otherwise.
	Newer *Route

	block *block // where the pass stands
}

// Header is the Connection header that a backend gets.
type Header struct {
	Value     string     // "" for none; as written where it is not known
	Known     bool       // false: the client decides, or a variable that cannot be followed
	Directive *Directive // proxy_set_header Connection; nil: the default
	By        *Directive // the map, set, … that gives the value, or nil
	Dropped   *Directive // a proxy_set_header Connection of an outer level that one of an inner level took out
	Dropper   *Directive // the one of the inner level
}

// PoolState says what a pool does.
type PoolState string

// The states of a pool.
const (
	PoolNone  PoolState = "none"  // there is none
	PoolWorks PoolState = "works" // connections are used again
	PoolInert PoolState = "inert" // it is configured, and something keeps it from being used
)

// A Pool keeps idle connections to an upstream group, in every worker.
type Pool struct {
	Size      int // idle connections per worker
	State     PoolState
	Directive *Directive // keepalive; nil: the release's default, or none
	Why       string     // what keeps the pool from being used, or why there is none
	Culprit   *Directive // what Why is about, or nil

	// Elsewhere says that the pass names what may be an upstream block of a part
	// that was not read: it counts as a host.
	Elsewhere bool

	Requests int           // keepalive_requests: requests on one connection
	Time     time.Duration // keepalive_time; 0: the release has no such limit
	Timeout  time.Duration // keepalive_timeout
	Local    bool          // locations do not share connections
}

// Closer says who closes an upstream connection first.
type Closer string

// Who closes first.
const (
	ClosedByNginx   Closer = "nginx"
	ClosedInRace    Closer = "race"
	ClosedByBackend Closer = "backend"
	ClosedByNobody  Closer = "nobody" // no connection is made: no peer is up
)

// Bind is proxy_bind and its kin.
type Bind struct {
	Directive   *Directive // nil: the kernel chooses the source address
	Addresses   []string   // possible source addresses, without ports; "" is the kernel's choice
	Shares      []float64  // of each address, where split_clients gives them; else nil
	By          *Directive // the split_clients or map that chooses, or nil
	Ports       bool       // an address names its port
	Transparent bool
	Known       bool // false: a variable that cannot be followed
}

// Sources is S, how many source addresses the route has; 1 where the kernel
// chooses or they are unknown.
func (b Bind) Sources() int { return max(1, len(b.Addresses)) }

// Retry is what proxy_next_upstream and its kin make of a failed connect().
type Retry struct {
	On        bool       // a failed connect() is tried at the next peer
	Tries     int        // proxy_next_upstream_tries; 0: no limit
	Directive *Directive // nil: the default

	// PerFailure is how many connect() a request makes before it fails, while all
	// peers are up; each is a line in the error log.
	PerFailure int
}

// Cache is proxy_cache and its kin.
type Cache struct {
	Directive *Directive
	Zone      string
}

// ErrorPage is an error_page for the status of a failed connect().
type ErrorPage struct {
	Directive *Directive
	Target    string // "@name", a path or a URL
	Status    string // "=200", "=", or ""
	Passes    bool   // the target is a location that passes on as well
	Seen      int    // the status that the client gets; 0: that of what answers, which no file tells
}

// Hidden says whether the client may take the answer for a success.
func (e ErrorPage) Hidden() bool { return e.Seen < 400 }

// LocationName is the location, with the condition that the pass stands under;
// "" in stream{}.
func (r *Route) LocationName() string {
	name := ""
	if r.Location != nil {
		name = r.Location.String()
	}
	if r.Condition != nil {
		name += " " + r.Condition.Source()
	}
	return name
}

// InForce is the directive of a name that holds where the pass stands: that of the
// innermost level that has one; nil: none has.
func (r *Route) InForce(name string) *Directive { return r.block.find(name) }

// Ports says whether the route takes source ports: not where all peers that get
// requests while none has failed are Unix-domain sockets.
func (r *Route) Ports() bool {
	if r.Upstream == nil {
		return true
	}
	up := r.Upstream.up()
	if len(up) == 0 {
		up = r.Upstream.Peers
	}
	return len(up) == 0 || slices.ContainsFunc(up, takesPorts)
}

// RetrySocket is the Unix-domain socket that a request without a port is tried at
// next, or "": a shortage of ports then fails no request.
func (r *Route) RetrySocket() string {
	if r.Upstream == nil || !r.Ports() || !r.Retry.On || r.Retry.Tries > 0 && r.Retry.Tries <= r.Retry.PerFailure {
		return ""
	}
	for _, p := range r.Upstream.Peers {
		if p.Unix && !p.Down {
			return p.Address
		}
	}
	return ""
}

func takesPorts(p Peer) bool { return !p.Unix }

// Destinations are the addresses and ports that get requests while no peer has
// failed, without Unix-domain sockets. A name counts as one.
func (r *Route) Destinations() []string {
	if r.Upstream == nil {
		return nil
	}
	all, _ := r.Upstream.shares()
	return slices.DeleteFunc(all, func(d string) bool { return len(d) > 5 && d[:5] == "unix:" })
}

// HeaviestShare is the largest share of the requests that one destination gets:
// its ports end first, so sockets count only where there is nothing else. Where a
// key decides (ip_hash, hash), it is what many different keys give.
func (r *Route) HeaviestShare() float64 {
	if r.Upstream == nil {
		return 1
	}
	heaviest := 0.0
	for _, s := range r.Shares() {
		if !s.Unix || !r.Ports() {
			heaviest = max(heaviest, s.Share)
		}
	}
	return heaviest
}
