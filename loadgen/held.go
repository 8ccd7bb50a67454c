package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/lab99/lab99/loadgen/figures"
)

// HeldConfig is a load of connections that are held: opened at a rate, each kept for a
// time of its own, and then closed by one of the two sides. What the target does with
// requests is not the subject here, so nothing but a ping goes over them.
//
// In the words of [Config] each opening is a request. It is sent when connect() begins,
// ok when the target has answered over the connection, and failed, by a cause, if that
// does not come about. What becomes of the connection afterwards is [Held].
//
// Rates are low, so each connection has a goroutine, and the [Config.Mode] modes do not
// apply: an opening leaves within a millisecond or so of its time, or is counted late.
type HeldConfig struct {
	// URL is tcp://host:port of a server that sends back each line, or ws://host:port/path
	// of one that takes websockets.
	URL       string
	Host      string // Host header of a websocket; "" is the URL's
	UserAgent string // likewise; "" is lab99

	Profile  Profile       // when connections are opened
	Duration time.Duration // of the schedule; 0: the profile ends by itself, a Stop or the context ends it

	// For is how long a connection is held, on average, from its first answer on, and
	// Spread how the times are drawn.
	For    time.Duration
	Spread Spread
	Seed   uint64 // the same one draws the same times

	// Closes is who ends a connection when its time is over. A server that is to do it
	// gets told the time: by the line, or the message, "close-after 1.5s".
	Closes Side

	Ping time.Duration // between two pings over a connection; 0 is 1 s

	// Timeout is the patience with an opening, an answer to a ping, and a server that is
	// to close. It also bounds the drain: connections whose time ends later are cut. 0 is 5 s.
	Timeout time.Duration

	// Most is how many connections there may be at once, those being opened included; 0
	// is MaxHeld. One more is dropped, which is a limit of the generator's own.
	Most int

	Start int64  // as Config.Start
	Stop  []Stop // as Config.Stop, without a Share

	// Unanswered is the cause of an opening whose connection came about and ended before
	// any answer; "" is CauseEmptyReply. A proxy that passes connections on says so that
	// it could not.
	Unanswered string

	// Classify and ClassifyHeader are as in Config, for what answers instead of a websocket.
	Classify       func(status int, header []byte) string
	ClassifyHeader string

	Every      time.Duration  // snapshot interval; 0 is 100 ms
	OnSnapshot func(Snapshot) // called in order from one goroutine; Open are the connections alive

	Allow []netip.Prefix // networks that may be loaded besides loopback
}

// MaxHeld is the most connections that a generator holds.
const MaxHeld = 20_000

// Held is what became of the connections that were established.
type Held = figures.Held

// Spread is how the times are drawn that connections are held.
type Spread uint8

const (
	FixedTimes       Spread = iota // all the same
	ExponentialTimes               // without memory, as the end of a telephone call
)

// Side is an end of a connection.
type Side uint8

const (
	ClosedByClient Side = iota
	ClosedByServer
)

// Hold drives a load of held connections as [Run] drives one of requests.
func Hold(ctx context.Context, c HeldConfig) (*Result, error) {
	u, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	return hold(ctx, c, u)
}

// check applies defaults and limits.
func (c *HeldConfig) check() (*url.URL, error) {
	setDefault(&c.Ping, time.Second)
	setDefault(&c.Most, MaxHeld)
	setDefault(&c.Unanswered, CauseEmptyReply)
	setDefault(&c.UserAgent, "lab99")
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("URL: %w", err)
	case u.Scheme != "tcp" && u.Scheme != "ws" || u.Hostname() == "" || u.Port() == "":
		return nil, fmt.Errorf("URL %s: want tcp://host:port or ws://host:port/path", u.Redacted())
	case c.For <= 0 || c.For > MaxDuration:
		return nil, fmt.Errorf("connections held for %v: want more than 0 and at most %v", c.For, MaxDuration)
	case c.Spread > ExponentialTimes || c.Closes > ClosedByServer:
		return nil, errors.New("an unknown spread, or an unknown side that closes")
	case c.Ping < time.Millisecond:
		return nil, fmt.Errorf("a ping each %v: want at least 1ms", c.Ping)
	case c.Most < 1 || c.Most > MaxHeld:
		return nil, fmt.Errorf("most connections: %d is not within 1 to %d", c.Most, MaxHeld)
	}
	for _, s := range c.Stop {
		if s.Share != 0 {
			return nil, errors.New("stop: of held connections a count of failures ends the load, no share")
		}
	}
	// The rest is what Run checks too.
	p := plan{Config: Config{
		Profile: c.Profile, Duration: c.Duration, Timeout: c.Timeout, Every: c.Every, Stop: c.Stop,
	}}
	if err := p.check(); err != nil {
		return nil, err
	}
	c.Duration, c.Timeout, c.Every = p.Duration, p.Timeout, p.Every
	return u, nil
}
