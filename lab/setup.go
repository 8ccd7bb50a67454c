package lab

import (
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/scenarios"
)

// setup puts a variant into the words of the laws. usable is P. inside are the
// sysctls of the proxy's namespace as read back; before the lab is up they are nil,
// and P is what the scenario tells.
//
// f is 1: with the lab's own configuration nginx closes every connection that
// is closed at all, and the few that a pool's backend closes are counted against
// nginx to be safe. With Apache's KeepAlive Off f is an outcome of the run. Of a
// configuration of the user's own f, the pool and the peers are what it says
// (scenarios.Own); where it cannot be told, f is an outcome too.
//
// baseline is nil for the first variant, which is compared with a run that never
// fails: where nothing fails, it is mitigated.
func setup(v scenarios.Variant, usable, cpus int, inside map[string]string, baseline *law.Prediction) law.Setup {
	if baseline == nil {
		baseline = new(law.Prediction)
	}
	v = lowered(withDefaults(v))
	sysctl := func(key string, unknown int) int {
		s, ok := inside[key]
		if !ok {
			s, ok = v.Proxy.Sysctls[key]
		}
		if n, err := strconv.Atoi(s); ok && err == nil {
			return n
		}
		return unknown
	}
	rate := offered(v)
	s := law.Setup{
		Ports: usable, Sources: v.Proxy.Addresses, Destinations: v.Backend.Destinations(),
		RatePerS: rate, Duration: v.Duration, CloseShare: closeShare(v),
		InFlight: rate * v.Backend.Delay.Seconds(), Loopback: v.Backend.Place == scenarios.PlaceLoopback,
		LateClose: v.Backend.CloseDelay, FinTimeout: time.Duration(sysctl("net.ipv4.tcp_fin_timeout", 0)) * time.Second,
		Keepalive: v.Proxy.Keepalive, RequestsPerConn: requestsPerConn(v.Backend),
		Workers:      min(v.Proxy.Workers, cpus),
		TwReuse:      sysctl("net.ipv4.tcp_tw_reuse", 2),
		ReuseDelay:   time.Duration(sysctl("net.ipv4.tcp_tw_reuse_delay", 0)) * time.Millisecond,
		NoTimestamps: sysctl("net.ipv4.tcp_timestamps", 1) == 0,
		MaxTwBuckets: sysctl("net.ipv4.tcp_max_tw_buckets", 0),
		StepWidth:    sysctl("net.ipv4.ip_local_port_step_width", 0),
		Poisson:      random(v), Race: race(v), OwnConfig: v.OwnConfig(),
		Ejection: law.Ejection{
			Peers: v.Backend.Peers(), MaxFails: v.Proxy.MaxFails,
			FailTimeout: v.Proxy.FailTimeout, NoRetry: v.Proxy.NextUpstream == "off",
		},
		Baseline: baseline,
	}
	if v.Proxy.HTTP == scenarios.HTTP10 && !v.OwnConfig() {
		s.Keepalive = 0 // nothing can be kept, whatever the upstream block says
	}
	if v.Proxy.NamedPorts {
		s.NamedPorts = scenarios.NamedPorts
	}
	if p, ok := proxy.PolicyOf(v); ok {
		s = s.By(p.Laws.For(v.Load.Method))
		s.Race = s.Race && race(v)
	}
	if e, ok := upstream.EndingOf(v); ok {
		s = s.Over(e)
		s.RequestsPerConn = 0 // nor does the lab's nginx count
	}
	if v.Held() {
		s = s.Holding(v.Load.Hold, v.Load.HoldTimes == scenarios.HoldFixed, v.Load.Closes == scenarios.ClosesClient)
	}
	s.Unreached = v.Own != nil && !v.Own.Passed && v.Own.Unknown == ""
	if own := v.Own; own != nil && own.Unknown == "" && own.Passed {
		l := own.Laws
		s.Modelled, s.Race, s.CloseShare = true, l.Race || race(v), l.CloseShare
		s.Sources, s.Destinations, s.HeaviestShare, s.Ejection = l.Sources, l.Destinations, l.HeaviestShare, l.Ejection
		if l.RequestsPerConn > 0 && (s.RequestsPerConn == 0 || l.RequestsPerConn < s.RequestsPerConn) {
			s.RequestsPerConn = l.RequestsPerConn
		}
		if own.Unix && v.Backend.Place == scenarios.PlaceUnix {
			s.CloseShare, s.Race = 0, false
		}
	}
	if v.Profile() != "" {
		s.ChangesS = new(steady(v).Seconds())
	}
	connections(v, &s)
	if s.Modelled { // a pool with fewer places than servers
		s.Churn = max(s.Churn, v.Own.Laws.Churn)
	}
	return s.Complete()
}

// lowered is a variant with what its own configuration says in place of what the
// lab's template would.
func lowered(v scenarios.Variant) scenarios.Variant {
	own := v.Own
	if own == nil {
		return v
	}
	v.Proxy.Keepalive = own.Laws.Keepalive
	if own.IdleFor > 0 {
		v.Proxy.KeepaliveTimeout = own.IdleFor
	}
	v.Proxy.Workers = own.Workers
	if own.Workers == 0 {
		v.Proxy.Workers = manyCPUs
	}
	return v
}

// connections puts in the bursts of a load, with how many of each are under way at once,
// and the churn of the pool under it.
func connections(v scenarios.Variant, s *law.Setup) {
	pool := s.Pool()
	b := burstOf(v)
	if b.size == 0 {
		s.Churn = pool.LeastChurn() // evenly spaced requests end one by one
		return
	}
	// The load has so many connections. The rest of a burst waits, and finds those of
	// the first.
	s.Burst, s.BurstSize = b.every, float64(min(b.size, v.Load.Connections))
	if s.Held() { // each is a connection of its own
		s.BurstSize = float64(b.size)
	}
	if s.Keepalive == 0 {
		s.Churn = 1
		return
	}
	least, most := pool.BurstChurn(law.Bursts{
		Size: float64(b.size), AtOnce: s.BurstSize, Every: b.every, Response: v.Backend.Delay,
		Emptied: v.Proxy.KeepaliveTimeout < b.every && v.Proxy.KeepaliveTimeout < v.Backend.KeepAliveTimeout,
	})
	if s.Churn = most; least < most {
		s.ChurnLeast = &least
	}
}

// predictions are those of a scenario's variants, on a machine with so many CPUs,
// with what they are made of.
func predictions(r *scenarios.Resolved, cpus int) (setups []law.Setup, all []law.Prediction) {
	var baseline *law.Prediction
	for _, v := range r.Variants {
		s := setup(v, usable(v), cpus, nil, baseline)
		setups, all = append(setups, s), append(all, law.Predict(s))
		if baseline == nil {
			baseline = baselineOf(s, all[0])
		}
	}
	return setups, all
}

// baselineOf is what the other variants are compared with. When a race comes to an
// end is chance, and nothing is later than that.
func baselineOf(s law.Setup, p law.Prediction) *law.Prediction {
	if s.Race || p.OrNever {
		return new(law.Prediction)
	}
	return &p
}

// usable is P as far as a scenario tells: the range, less what it reserves.
func usable(v scenarios.Variant) int {
	n := v.Ports.N()
	if lost, err := probe.ReservedIn(v.Ports.Low, v.Ports.High, v.Proxy.Sysctls[reservedPorts]); err == nil {
		n -= lost
	}
	return n
}

const reservedPorts = "net.ipv4.ip_local_reserved_ports"

// race says whether the configuration leaves open who closes an upstream connection
// first: with HTTP/1.0, or a backend that keeps nothing, both ends close after the
// response. A backend that takes its time closes last.
func race(v scenarios.Variant) bool {
	if p, ok := proxy.PolicyOf(v); ok {
		return p.Laws.MostShare > 0 && !p.Laws.Resets && v.Backend.CloseDelay == 0
	}
	if e, ok := upstream.EndingOf(v); ok {
		return e.Races()
	}
	if v.Backend.Place == scenarios.PlaceUnix || v.Backend.CloseDelay > 0 {
		return false
	}
	if v.OwnConfig() { // what the file leaves open is in v.Own
		return v.Own != nil && v.Own.Passed &&
			(v.Own.Laws.Race || !v.Backend.KeepAlive || v.Backend.TLS == scenarios.TLSUnclean)
	}
	return v.Proxy.HTTP != scenarios.HTTP11 || !v.Backend.KeepAlive || v.Backend.TLS == scenarios.TLSUnclean
}

// closeShare is f. A race counts as lost, f = 1, until it is measured. An
// Apache that ends TLS in order resets every connection that nginx has closed
// (scenarios.TLSOn), and neither end keeps a TIME_WAIT.
func closeShare(v scenarios.Variant) float64 {
	if v.Backend.Place == scenarios.PlaceUnix || v.Backend.TLS == scenarios.TLSOn {
		return 0
	}
	return 1
}

// requestsPerConn is what the backend serves on a connection before it closes it:
// one more than MaxKeepAliveRequests, which is 0 for no end of them, and one
// only with KeepAlive Off, whatever pool nginx has.
func requestsPerConn(b scenarios.Backend) int {
	switch {
	case !b.KeepAlive:
		return 1
	case b.KeepAliveRequests == 0:
		return 0
	}
	return b.KeepAliveRequests + 1
}
