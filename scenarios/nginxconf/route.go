package nginxconf

import "time"

// Protocol is what a route speaks to its backend.
type Protocol string

// The protocols.
const (
	HTTP      Protocol = "http"
	HTTPS     Protocol = "https"
	GRPC      Protocol = "grpc"
	GRPCS     Protocol = "grpcs"
	FastCGI   Protocol = "fastcgi"
	UWSGI     Protocol = "uwsgi"
	UWSGIS    Protocol = "suwsgi"
	SCGI      Protocol = "scgi"
	Memcached Protocol = "memcached"
	TCP       Protocol = "tcp" // a server of stream{}
	UDP       Protocol = "udp"
)

// A Route is a location of a server, or a server of stream{}, that passes
// requests on, and what a request does to connections there. A pass whose
// variable has several possible values is a route for each.
type Route struct {
	Pass     *Directive // proxy_pass and the like
	Server   *Server
	Location *Location // nil in stream{}
	Limit    []string  // limit_except: the pass is for other methods than these

	Protocol Protocol
	Target   string   // what the pass names, variables resolved where they can be: "http://app/api/"
	Variable string   // the variables in the pass that decide on the target, such as "$app"; "" without
	Unknown  string   // why the target cannot be known, or ""
	Resolver []string // addresses of the resolver that looks a variable's name up

	Upstream *Upstream // the group; its Directive is nil where the pass names a host

	HTTPVersion string // "1.0", "1.1" or "2"; "" for what is not HTTP
	Header      Header // Connection, as the backend gets it with a plain request
	Upgrades    bool   // an Upgrade of the client's reaches the backend: websockets
	Pool        Pool
	ClosesFirst Closer
	CloseShare  *float64 // f, of closed connections those that nginx closes first; nil: a race

	Bind     Bind
	Retry    Retry
	Cache    *Cache      // nil: none
	Buffered bool        // proxy_buffering
	Hides    []ErrorPage // error_page for 502: what the client gets in place of it
	Limits   []*Directive
	Internal bool // reached by internal redirects only

	// Newer is the same route from 1.29.7 on, where the release is unknown and
	// the answers differ; nil otherwise.
	Newer *Route
}

// Header is the Connection header that a backend gets.
type Header struct {
	Value     string     // "" for none
	Known     bool       // false: the client or a variable decides
	Directive *Directive // proxy_set_header Connection; nil: nginx's default
	Dropped   *Directive // a proxy_set_header Connection of an outer level that an inner one replaced
	By        *Directive // the map, set, … that gives the value, or nil
}

// PoolState says what a pool does.
type PoolState string

// The states of a pool.
const (
	PoolNone  PoolState = "none"
	PoolWorks PoolState = "works"
	PoolInert PoolState = "inert"
)

// A Pool keeps idle connections to an upstream group, in every worker.
type Pool struct {
	Size      int // idle connections per worker
	State     PoolState
	Directive *Directive // keepalive; nil: the release's default, or none
	Why       string     // what keeps an inert pool from being used, or why there is none
	Culprit   *Directive // what Why is about, or nil

	Requests int           // keepalive_requests: requests per connection
	Time     time.Duration // keepalive_time
	Timeout  time.Duration // keepalive_timeout
	Local    bool          // connections are not shared between locations
}

// Closer says who closes an upstream connection first.
type Closer string

// Who closes first.
const (
	ClosedByNginx   Closer = "nginx"
	ClosedInRace    Closer = "race"
	ClosedByBackend Closer = "backend"
	ClosedByNobody  Closer = "nobody" // there is no connection: no peer is up
)

// Bind is proxy_bind and its kin.
type Bind struct {
	Directive   *Directive // nil: the kernel chooses the source address
	Addresses   []string   // possible source addresses
	Shares      []float64  // of each address, where split_clients gives them; else nil
	Ports       bool       // an address names its port
	Transparent bool
	Known       bool // false: a variable that cannot be followed
}

// Sources is S, how many source addresses the route has; 1 without a bind or
// where they are unknown.
func (b Bind) Sources() int { return max(1, len(b.Addresses)) }

// Retry is what proxy_next_upstream and its kin make of a failed connect().
type Retry struct {
	On        bool // a failed connect() is tried at the next peer
	Tries     int  // proxy_next_upstream_tries; 0: no limit
	Timeout   time.Duration
	Directive *Directive // nil: the default

	// PerFailure is how many connect() a request makes before it fails, with all
	// peers up.
	PerFailure int
}

// Cache is proxy_cache and its kin.
type Cache struct {
	Directive *Directive
	Zone      string
	Valid     []*Directive // proxy_cache_valid
}

// ErrorPage is an error_page for the status of a failed connect().
type ErrorPage struct {
	Directive *Directive
	Target    string // "@name", a URI or a URL
	Status    string // "=200", "=", or ""
	Route     bool   // the target is a location that passes on
}

// Row is a route as lab99/lint/v1 writes it.
type Row struct {
	File          string   `json:"file"`
	Line          int      `json:"line"` // of the pass
	Server        string   `json:"server"`
	Location      string   `json:"location"`
	Protocol      Protocol `json:"protocol"`
	Upstream      string   `json:"upstream"`
	Peers         int      `json:"peers"`
	Destinations  int      `json:"destinations"`
	HeaviestShare float64  `json:"heaviest_share"`
	HTTPVersion   string   `json:"http_version"`
	Connection    string   `json:"connection"`
	Pool          RowPool  `json:"pool"`
	ClosesFirst   Closer   `json:"closes_first"`
	CloseShare    *float64 `json:"close_share"`
	Ports         bool     `json:"ports"`
}

// RowPool is the pool of a Row.
type RowPool struct {
	Size  int       `json:"size"`
	State PoolState `json:"state"`
	Line  *int      `json:"line"` // null: no directive made it
	Why   *string   `json:"why"`
}
