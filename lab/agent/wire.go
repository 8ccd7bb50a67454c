package agent

import (
	"net/netip"

	"github.com/lab99/lab99/results"
)

// Command is one order to an agent. Exactly one of the pointers is set.
type Command struct {
	ID        int64      `json:"id"`
	Reach     *Reach     `json:"reach,omitempty"`
	Ready     *Ready     `json:"ready,omitempty"`
	Addr      *Addr      `json:"addr,omitempty"`
	Overlay   *Overlay   `json:"overlay,omitempty"`
	Files     *Files     `json:"files,omitempty"`
	Clock     *Clock     `json:"clock,omitempty"`
	Around    *Around    `json:"around,omitempty"`
	Way       *Way       `json:"way,omitempty"`
	Peers     *Peers     `json:"peers,omitempty"`
	Inspect   *Inspect   `json:"inspect,omitempty"`
	Observe   *Observe   `json:"observe,omitempty"`
	Load      *Load      `json:"load,omitempty"`
	Listen    *Listen    `json:"listen,omitempty"`
	Bystander *Bystander `json:"bystander,omitempty"`
	Socket    *Socket    `json:"socket,omitempty"`
	Stop      *Stop      `json:"stop,omitempty"`
}

// Reach makes sure that packets get to other hosts and back.
type Reach struct {
	Hosts     []netip.AddrPort `json:"hosts"`
	TimeoutMs int64            `json:"timeout_ms"` // for each
}

// Ready waits until every address accepts a connection and, where a path is
// given, the proxy answers it. It must run on the load host: a dial from the
// proxy's namespace would spend one of the tuples the run is about.
type Ready struct {
	// Listening asks the host itself, by its kernel, whether anybody listens there.
	// Nothing else is asked then, and nobody is connected to.
	Listening netip.AddrPort `json:"listening,omitzero"`

	Dial      bool             `json:"dial,omitempty"` // of the backends be content with a connection
	Say       string           `json:"say,omitempty"`  // what each is told then; "": nothing
	Hear      string           `json:"hear,omitempty"` // and has to answer
	Backends  []netip.AddrPort `json:"backends"`
	Proxy     netip.AddrPort   `json:"proxy,omitzero"` // not valid: it is not asked
	Path      string           `json:"path,omitempty"` // "": connecting is enough
	TimeoutMs int64            `json:"timeout_ms"`
}

// Addr adds addresses to the host. It needs NET_ADMIN.
type Addr struct {
	Prefixes []netip.Prefix `json:"prefixes"`
}

// Overlay makes the lab's network on a host whose own network is somebody else's: VXLAN
// to the other hosts. It needs NET_ADMIN.
type Overlay struct {
	Local    netip.Addr     `json:"local"`    // the host's address in its own network
	Peers    []netip.Addr   `json:"peers"`    // those of the others
	Prefixes []netip.Prefix `json:"prefixes"` // the host's addresses in the lab's
}

// Around looks at what is around a host in a cluster.
type Around struct{}

// Way makes one connection, as soon as there is a way, and resets it some time later, so
// that neither end keeps anything. Nothing is sent on it.
type Way struct {
	To        netip.AddrPort `json:"to"`
	TimeoutMs int64          `json:"timeout_ms"`
	HoldMs    int64          `json:"hold_ms"`
}

// There is what the kernel knows of that connection.
type There struct {
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"` // not Way's where the socket itself was connected elsewhere
}

// Peers asks for the other ends of the connections to a port of the host.
type Peers struct {
	Port uint16 `json:"port"`
}

// Inspect reads the host back: its sysctls, usable ports, descriptor limit.
type Inspect struct {
	Server  []string `json:"server"`  // names of the server's processes
	Sysctls []string `json:"sysctls"` // besides those that always matter
}

// Observe starts sampling and goes on until Stop.
type Observe struct {
	Destinations []netip.AddrPort `json:"destinations"`
	Side         string           `json:"side"` // results.HostProxy or results.HostBackend
	Server       []string         `json:"server"`
	Kind         string           `json:"kind,omitempty"`      // of the proxy that writes ErrorLog
	ErrorLog     string           `json:"error_log,omitempty"` // path as the server sees it
	Syslog       netip.AddrPort   `json:"syslog,omitzero"`     // where to take it instead, over UDP
	IntervalMs   int64            `json:"interval_ms"`
	SocketsMs    int64            `json:"sockets_ms"` // the dearer dump of sockets; a multiple of IntervalMs
	Sysctls      []string         `json:"sysctls"`    // to be watched besides those that always matter
	// TimeWaitAtEnd says whether the kernel counts a TIME_WAIT when it ends instead
	// of when it begins. nil: not known, and the figures have to tell (probe.TimeWaits).
	TimeWaitAtEnd *bool `json:"time_wait_at_end,omitempty"`
}

// Socket serves the lab's own backend at a Unix-domain socket in the root of a
// server on the same host, until the agent ends. It is answered once the
// socket is there.
type Socket struct {
	Server    []string `json:"server"` // names of the server's processes
	Path      string   `json:"path"`   // as the server sees it
	DelayMs   int64    `json:"delay_ms,omitempty"`
	KeepAlive bool     `json:"keepalive"`
}

// Load drives requests and goes on until its profile ends, one of its stop
// conditions holds, or Stop.
type Load struct {
	URL          string   `json:"url"`
	Host         string   `json:"host,omitempty"` // of every request; "": the URL's
	Connections  int      `json:"connections"`
	CloseAfter   int      `json:"close_after,omitempty"` // requests on one of them; 0: it stays
	RatePerS     float64  `json:"rate_per_s"`
	Profile      string   `json:"profile,omitempty"` // instead of RatePerS
	Method       string   `json:"method,omitempty"`
	DurationS    float64  `json:"duration_s"`
	TimeoutS     float64  `json:"timeout_s"`
	StopAfterS   *float64 `json:"stop_after_error_99_s,omitempty"`
	StartInMs    int64    `json:"start_in_ms"`        // t = 0 lies this far ahead
	StartNs      int64    `json:"start_ns,omitempty"` // or is this moment of the agent's clock
	Shared       bool     `json:"shared,omitempty"`   // samples have the whole latency, to be added to another's
	UserAgent    string   `json:"user_agent,omitempty"`
	NeighbourURL string   `json:"neighbour_url,omitempty"`
	NeighbourMs  int64    `json:"neighbour_ms,omitempty"`
	Held         *Held    `json:"held,omitempty"`       // instead of requests
	Kind         string   `json:"kind"`                 // of the proxy: how it tells why a request failed
	OwnConfig    bool     `json:"own_config,omitempty"` // its configuration is the user's
}

// Held makes the load one of connections that are held. They are opened at the rate, over
// the address of the URL, and Connections is no bound for them.
type Held struct {
	ForS         float64 `json:"for_s"` // on average
	Exponential  bool    `json:"exponential,omitempty"`
	ServerCloses bool    `json:"server_closes,omitempty"`
	Websocket    bool    `json:"websocket,omitempty"` // else each sends lines, which come back
}

// Listen accepts connections on the host, and drops them, until the agent
// leaves. The answer has the port that was free.
type Listen struct {
	Addr netip.Addr `json:"addr"`
}

// Bystander is another program on the host: at every interval it tries one
// connection of each kind, and resets those that succeed so that none is left
// in TIME_WAIT. It goes on for a time, or until its Stop.
//
// A try to the backend holds one of nginx's tuples while it lasts, less than a
// millisecond as a rule; hence the bound on the interval.
type Bystander struct {
	Backend    netip.AddrPort `json:"backend"`   // one of nginx's destinations
	Elsewhere  netip.AddrPort `json:"elsewhere"` // none of them
	IntervalMs int64          `json:"interval_ms"`
	StartInMs  int64          `json:"start_in_ms"`
	DurationS  float64        `json:"duration_s"` // from then
}

// Stop ends the load, or the observation, or else the bystander, early. The
// answer to that command then comes as at its natural end.
type Stop struct {
	Bystander bool   `json:"bystander,omitempty"`
	Because   string `json:"because,omitempty"` // of a load: the condition that was met; "": it was interrupted
}

// met is a Stop's Because, as the cause of a context's end.
type met string

func (m met) Error() string { return string(m) }

// Record is one line from an agent. A record with Re answers a command and
// has either Error or the answer; the others are samples.
type Record struct {
	Seq       uint64             `json:"seq"`
	Mono      int64              `json:"mono_ns"`
	Re        int64              `json:"re,omitempty"`
	Error     string             `json:"error,omitempty"`
	Busy      bool               `json:"busy,omitempty"` // with Error: the machine was too busy for it
	Env       *results.HostEnv   `json:"env,omitempty"`
	NetNS     string             `json:"net_ns,omitempty"` // with Env: probe.NetNS of the host
	Started   *Started           `json:"started,omitempty"`
	Load      *results.Load      `json:"load,omitempty"`
	Latency   []byte             `json:"latency,omitempty"` // with Load, where it is Shared; as in LoadDone
	Neighbour *results.Neighbour `json:"neighbour,omitempty"`
	Bystander *results.Bystander `json:"bystander,omitempty"`
	Net       *results.Net       `json:"net,omitempty"`
	Listening *netip.AddrPort    `json:"listening,omitempty"`
	Clock     int64              `json:"clock_ns,omitempty"` // CLOCK_MONOTONIC; nobody puts it back
	Place     *results.Place     `json:"place,omitempty"`
	There     *There             `json:"there,omitempty"`
	Peers     []netip.AddrPort   `json:"peers,omitempty"`
	LoadDone  *LoadDone          `json:"load_done,omitempty"`
	Observed  *Observed          `json:"observed,omitempty"`
}

// Started fixes t = 0 of the run.
type Started struct {
	StartNs int64 `json:"start_ns"` // CLOCK_MONOTONIC of the first scheduled send
}

// LoadDone is the whole of what the generator did. The histograms are in
// microseconds, encoded as HdrHistogram V2.
type LoadDone struct {
	results.Totals
	Latency       []byte `json:"latency"`        // from the intended send time, ok and failed
	LatencyOK     []byte `json:"latency_ok"`     // of those that succeeded
	LatencyFailed []byte `json:"latency_failed"` // of the others
	Service       []byte `json:"service"`        // from the send
}

// Observed closes an observation.
type Observed struct {
	Net     results.Net      `json:"net"` // the last sample, with everything in it
	ByText  map[string]int64 `json:"log_by_message,omitempty"`
	Excerpt []string         `json:"log_excerpt,omitempty"`
	Changes []Change         `json:"changes,omitempty"` // in their order
	// TimeWaitAtEnd says that TIME_WAITs were counted by their number, as the
	// kernel counts one when it ends.
	TimeWaitAtEnd bool `json:"time_wait_at_end,omitempty"`
}

// Change is something about a host that should have stayed as it was: a
// process, a sysctl, an address, room on the disk, a limit not reached.
type Change struct {
	Mono int64  `json:"mono_ns"` // when it was noticed; of a process that started, when it did
	Text string `json:"text"`
	// Further says that a process of the server started next to the others, as a child of
	// one of them, while none had gone.
	Further bool `json:"further,omitempty"`
}
