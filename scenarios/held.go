package scenarios

import (
	"fmt"
	"math"
)

// How the times are drawn that connections are held.
const (
	HoldFixed       = "fixed"       // all the same
	HoldExponential = "exponential" // without memory
)

// Who ends a connection that is held.
const (
	ClosesClient = "client"
	ClosesServer = "server"
)

// Upstream is the way from the proxy to the backend.
type Upstream struct {
	Protocol string `yaml:"protocol" default:"http" in:"protocols" help:"what nginx speaks to the backend; http is https with backend.tls"`
}

// Carries says whether a protocol is one that carries connections, which are held, instead
// of requests.
func Carries(protocol string) bool {
	return protocol == ProtocolStream || protocol == ProtocolWebsocket
}

// MostHeld is how many connections the generator holds (loadgen.MaxHeld).
const MostHeld = 20_000

// Held says whether the load is of connections that are held, instead of requests.
func (v Variant) Held() bool { return v.Load.Hold > 0 }

// AtOnce is how many connections the clients have, at the most. Of held ones it is R·H,
// and as much more as the highest of random numbers may be, as far as there are ports.
func (v Variant) AtOnce() int {
	if !v.Held() {
		return v.Load.Connections
	}
	mean := v.Rate * min(v.Load.Hold, v.Duration).Seconds()
	tuples := v.Ports.N() * v.Proxy.Addresses * v.Backend.Destinations()
	return min(int(math.Ceil(mean+6*math.Sqrt(mean))), tuples)
}

// held are the conflicts of connections that are held, and of protocols that carry them.
func (v Variant) held() []conflict {
	p := v.Upstream.Protocol
	carries := Carries(p)
	return []conflict{
		{"load.hold", v.Held() && !carries, " needs upstream.protocol: stream or websocket",
			"a request over HTTP ends with its answer; backend.delay makes that late"},
		{
			key:   "upstream.protocol",
			wrong: carries && !v.Held(),
			msg:   ": " + p + " needs load.hold",
			hint:  "how long each connection is held, such as 5s",
		},
		{"upstream.protocol", carries && v.Proxy.Keepalive > 0, ": " + p + " and proxy.keepalive exclude each other",
			"a connection that carries one client's bytes is never another's"},
		{
			key:   "upstream.protocol",
			wrong: carries && (v.Backend.Delay > 0 || v.Backend.CloseDelay > 0),
			msg:   ": " + p + " excludes backend.delay and backend.close_delay",
			hint:  "load.hold and load.closes say when a connection ends",
		},
		{"upstream.protocol", p == ProtocolStream && v.Proxy.Addresses > 1, ": stream needs proxy.addresses: 1",
			"the lab's template splits requests over sources, and stream has none"},
		{
			key:   "load.hold",
			wrong: v.AtOnce() > MostHeld && v.Held(),
			msg:   fmt.Sprintf(" makes up to %d connections at once", v.AtOnce()),
			hint: fmt.Sprintf("the generator holds %d at the most: open fewer a second, for less time, "+
				"or take fewer ports",
				MostHeld),
		},
		{
			key:   "load.closes",
			wrong: v.Load.Closes == ClosesServer && !v.Held(),
			msg:   " needs load.hold",
			hint:  "who ends a connection of requests is not the load's to say",
		},
		{
			key:   "load.hold_times",
			wrong: v.Load.HoldTimes == HoldExponential && !v.Held(),
			msg:   " needs load.hold",
			hint:  "their average, such as 5s",
		},
		{
			key:   "load.close_after",
			wrong: v.Held() && v.Load.CloseAfter > 0,
			msg:   " and load.hold exclude each other",
			hint:  "no requests go over a connection that is held",
		},
		{
			key:   "load.hold",
			wrong: v.Held() && v.Load.Pods > 1,
			msg:   " needs load.pods: 1",
			hint:  "connections that are held come from one generator",
		},
	}
}
