package reenact

import (
	"fmt"
	"math"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// A size of the scenario.
type size struct {
	Name     string
	Ports    string  // as scenario.yaml has them
	Usable   int     // P
	Rate     float64 // of all destinations together
	Duration time.Duration

	Connections int       // of the clients; 0: as by default
	Buckets     int       // net.ipv4.tcp_max_tw_buckets; 0: out of reach
	Reserved    string    // net.ipv4.ip_local_reserved_ports; "": none
	Laws        law.Setup // of the baseline
	More        int       // times as many destinations, for the variant about them
	Foretold    law.Prediction
}

// What the sizes have at the most. The ratio of rate to ports stays, so that error 99
// comes at the same moment in all of them.
var most = []struct {
	name  string
	ports int
	perS  float64
}{{"quick", 500, 200}, {"standard", 4096, 1000}, {"full", 1 << 16, 100_000}}

const (
	fewPorts     = 100              // what a size is not scaled below: whole connections count
	slowest      = 20.0             // requests a second: of fewer, a load of seconds has hardly any
	patience     = 25 * time.Second // within which the variant with more destinations has to fail, or hold
	mostClients  = 8192             // load.connections
	labAddresses = 64               // backend.addresses
	plateau      = 2 * time.Second  // how long a run goes on after the first error 99
)

// sizes are those that a lab can run.
func (c *Case) sizes() (all []size) {
	for _, m := range most {
		if s := c.scaled(m.name, m.ports, m.perS); s.Connections <= mostClients {
			all = append(all, s)
		}
	}
	return all
}

// scaled is the case with so many ports at the most.
func (c *Case) scaled(name string, ports int, perS float64) size {
	p, rate := c.one.Ports, c.one.RatePerS/c.share
	by := min(1, float64(ports)/float64(p), perS/rate)
	by = max(by, min(1, slowest/rate), min(1, fewPorts/float64(p)))
	s := size{Name: name, Usable: max(1, int(math.Round(by*float64(p))))}
	by = float64(s.Usable) / float64(p)
	s.Rate = digits(by * rate)
	s.Ports = portsOf(s.Usable)
	if by == 1 && name == "full" {
		s.Ports, s.Reserved = c.whole()
	}
	laws := c.lab()
	laws.Ports, laws.RatePerS, laws.Duration = s.Usable, s.Rate, law.ForEver
	laws.Sources, laws.Destinations, laws.HeaviestShare = c.sources, c.destinations, 0
	if even := 1 / float64(c.sources*c.destinations); c.share > 1.001*even {
		laws.HeaviestShare = c.share
	}
	laws.InFlight = s.Rate * c.delay().Seconds()
	if live := min(laws.InFlight, float64(laws.Tuples())); live > 0 {
		s.Connections = 64 + int(1.5*live)
	}
	if m := c.buckets(); m > 0 {
		s.Buckets = max(1, int(math.Round(by/c.share*float64(m))))
	}
	laws.MaxTwBuckets = s.Buckets
	laws.Workers, laws.Baseline = c.workers(name), new(law.Prediction)
	s.Laws, s.Foretold = laws, law.Predict(laws)
	s.More = c.moreDestinations(laws)
	s.Duration = c.lasts(s)
	return s
}

// digits leaves four of a rate.
func digits(rate float64) float64 {
	unit := math.Pow(10, 3-math.Floor(math.Log10(rate)))
	return math.Round(rate*unit) / unit
}

// portsOf writes a number of ports: one that reaches into the kernel's default range has
// to be a range in a scenario.
func portsOf(n int) string {
	const most, first, last, lowest = 12768, 20000, 1<<16 - 1, 1024
	switch {
	case n <= most:
		return fmt.Sprint(n)
	case first+n-1 <= last:
		return fmt.Sprintf("%d-%d", first, first+n-1)
	}
	return fmt.Sprintf("%d-%d", lowest, min(lowest+n-1, last))
}

// whole is the range of the host as scenario.yaml writes it, and what it reserves.
func (c *Case) whole() (ports, reserved string) {
	const low, high, lowest = 32768, 60999, 1024 // the kernel's default; what a scenario may have
	p := c.Namespace.Ports
	if p.Low < lowest {
		return portsOf(p.Usable), ""
	}
	if p.Reserved > 0 {
		reserved = c.sysctl("net.ipv4.ip_local_reserved_ports")
	}
	if p.Low == low && p.High == high {
		return "default", reserved
	}
	return fmt.Sprintf("%d-%d", p.Low, p.High), reserved
}

// delay is how long a request is under way, for as many live connections as there are.
func (c *Case) delay() time.Duration {
	const longest = 50 * time.Second // nginx gives up after 60 s
	switch {
	case c.hangs:
		fills := float64(c.one.Ports) / c.one.RatePerS
		return min(longest, time.Duration(2*fills*1e9)).Round(time.Millisecond)
	case c.one.InFlight > 0:
		return min(longest, time.Duration(c.one.InFlight/c.one.RatePerS*1e9)).Round(time.Millisecond)
	}
	return 0
}

// buckets is what tcp_max_tw_buckets leaves to the pair; 0: more than it has tuples.
func (c *Case) buckets() int {
	m := c.one.MaxTwBuckets - (c.Namespace.TimeWait - c.Tuple.States[results.StateTimeWait])
	if c.one.MaxTwBuckets == 0 || m >= 2*c.one.Ports {
		return 0
	}
	return max(m, 1)
}

// moreDestinations is how many times the destinations are three, unless that neither
// holds nor fails soon enough to be seen: then as many as hold.
func (c *Case) moreDestinations(s law.Setup) int {
	three := law.Predict(times(s, 3)).FirstError99S
	if three == nil || *three <= patience.Seconds() {
		return 3
	}
	for n := 4; n*c.addresses() <= labAddresses; n++ {
		if law.Predict(times(s, n)).Verdict == law.Mitigated {
			return n
		}
	}
	return 3
}

// times is a setup with n times the destinations.
func times(s law.Setup, n int) law.Setup {
	s.Destinations *= n
	s.HeaviestShare /= float64(n)
	return s
}

// workers is how many nginx has in the lab; where its configuration was read it says so.
func (c *Case) workers(size string) int {
	switch {
	case c.route != nil:
		return c.route.workers
	case size == "full": // one is not enough for connect() beyond half the range
		return 2
	}
	return 1
}

// lasts is how long the load has to last for what fails to fail.
func (c *Case) lasts(s size) time.Duration {
	const least, longest = 8 * time.Second, 30 * time.Minute
	last, slow := 0.0, s.Laws
	slow.Workers = 1 // what the machine of the lab may have a processor for
	for _, p := range []law.Prediction{s.Foretold, law.Predict(slow), law.Predict(times(slow, s.More))} {
		last = max(last, p.Latest99())
		if p.CollapseS != nil {
			last = max(last, *p.CollapseS)
		}
	}
	d := time.Duration(math.Ceil(1.1*last)) * time.Second
	return min(longest, max(least, d+plateau))
}
