package loadgen

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Config is what to send, how fast, over what, and when to stop.
type Config struct {
	// URL is http or https://host:port/path; host is an IP address or a name.
	// Connections go to all addresses of a name in turn, but for those that take
	// none when the run begins (Result.LeftOut).
	URL string

	// Unix is the path of a Unix-domain socket to connect to instead of the
	// URL's host, which then only names the Host header; @name is one in the
	// abstract namespace.
	Unix string

	Method string   // "" is GET
	Header []string // "Name: value"; Host replaces the header, not the TLS name
	Body   []byte   // sent with every request, with its Content-Length
	Host   string   // Host header and TLS name; "" is the URL's

	// Bodies, if not empty, are sent in turn instead of Body. They exclude a Mix.
	Bodies [][]byte

	// UserAgent is sent unless Header has one; "" is lab99.
	UserAgent string

	// TLS configures https; nil verifies against the system's roots. It is the
	// slower path: connections are opened by goroutines whose CPU is not in
	// Result.CPUUser and CPUSys, and crypto/tls allocates.
	TLS *tls.Config

	Connections int     // persistent client connections, over all loops; 0 is 1
	Loops       int     // event loops, one OS thread each (elsewhere than on Linux a goroutine); 0 is 1
	CPUs        []int   // loop i is pinned to CPUs[i mod len], on Linux; empty: to none
	Mode        Mode    // Exact unless said otherwise
	Profile     Profile // the schedule; must be nil in Closed mode

	// Duration bounds the schedule: a request whose intended time is Duration
	// or later is not scheduled. 0 lets the profile (which must then end by
	// itself), a Stop or the context end it.
	Duration time.Duration

	// Timeout is both bounds of patience: a request that waited this long for
	// a connection is dropped, and one sent this long ago without a complete
	// response has failed with CauseTimeout. It also bounds the drain after
	// the schedule's end. 0 is 5 s.
	Timeout time.Duration

	// Start is t = 0 of the schedule in nanoseconds of CLOCK_MONOTONIC. Before
	// it the connections are opened; several hosts given one moment share
	// their t = 0. 0 is as soon as the connections are open (or failed to). A
	// moment already past is an error.
	Start int64

	// CloseAfter is the connection policy: 0 keeps connections alive, n closes
	// each after n requests. Connections are then opened when a request needs
	// one, and the connect counts into its latency.
	CloseAfter int

	// RetryStale sends an idempotent request once more, on a new connection, if
	// the kept-alive one it was sent on ended before any byte of a response came,
	// as HTTP clients do: servers may close a connection at any moment. It counts
	// as one request, from its first intended time, and in Result.Retried.
	RetryStale bool

	// Sources are local addresses to connect from, taken round-robin. Bound
	// with IP_BIND_ADDRESS_NO_PORT on Linux, so that a port is blocked only
	// towards the target. Empty lets the kernel choose.
	Sources []netip.Addr

	// Classify names the cause of a response whose status is neither 2xx nor
	// 3xx; "" leaves it to the status class ("status 5xx"). It is called from
	// every event loop, on the hot path: it must not allocate, must return one
	// of a few fixed strings, and must not keep header, which is the value of
	// the response header ClassifyHeader (nil: absent).
	Classify       func(status int, header []byte) string
	ClassifyHeader string

	// Requests bounds the schedule by count; 0 does not.
	Requests int64

	// Mix, if not empty, replaces Method, path and Body by several requests to
	// the same host, interleaved by weight. Which one the n-th request of the
	// schedule is does not depend on chance or on the number of loops.
	Mix []Request

	// Stop ends the schedule early; the first that applies wins.
	Stop []Stop

	Every      time.Duration  // snapshot interval; 0 is 100 ms
	OnSnapshot func(Snapshot) // called in order from one goroutine; the last one comes after the drain

	// Allow lists networks that may be loaded besides loopback. A load
	// generator that fires at whatever it is pointed at is a weapon.
	Allow []netip.Prefix
}

// Request is one of a Mix.
type Request struct {
	Weight int    // of all weights; 0 is 1
	Method string // "" is GET
	Path   string // with its query; "" is the URL's
	Header []string
	Body   []byte
}

// Stop ends the schedule After a condition is met: the Count-th failure by
// Cause (Count 0 is 1) or, with Share, more than that share of the requests
// that ended within Window failed by Cause. What is in flight then is drained
// as usual.
type Stop struct {
	Cause  string // "" is every cause
	Count  int64
	Share  float64       // over 0 to 1; looked at once every snapshot
	Window time.Duration // of Share; 0 is 1 s
	After  time.Duration
}

// Mode is how a loop waits for the next intended send time.
type Mode uint8

const (
	// Exact sleeps to the nanosecond timeout of epoll_pwait2: tens of
	// microseconds late, the cost of a wake-up from idle. Elsewhere than on Linux
	// it is a timer of the Go runtime, about a millisecond late.
	Exact Mode = iota
	// Spin sleeps until 50 µs before, then polls: under a microsecond late, at
	// the price of CPU. On Linux only.
	Spin
	// Relaxed sends on whole milliseconds: up to 1 ms late, in small bursts,
	// for the least CPU.
	Relaxed
	// Closed has no schedule: every connection sends as soon as its response
	// has arrived. Its latency is service time, blind to coordinated omission.
	Closed
)

var modeNames = [...]string{"exact", "spin", "relaxed", "closed"}

func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads it.
func (m *Mode) UnmarshalText(name []byte) (err error) {
	*m, err = ParseMode(string(name))
	return err
}

// ParseMode is the inverse of Mode.String.
func ParseMode(s string) (Mode, error) {
	i := slices.Index(modeNames[:], s)
	if i < 0 {
		return 0, fmt.Errorf("mode %q: want exact, spin, relaxed or closed", s)
	}
	return Mode(i), nil
}

// LateStartError says that Config.Start had passed before the run could begin.
type LateStartError struct{ By time.Duration }

func (e *LateStartError) Error() string {
	return fmt.Sprintf("loadgen: the start is %v in the past", e.By)
}
