package lab

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Plan turns a resolved scenario into what will be run, with predictions. It
// starts nothing.
//
// cpus is how many the machine of the lab has, for what its workers can do.
func Plan(r *scenarios.Resolved, driver string, cpus int, note string) (*results.Plan, error) {
	p := &results.Plan{Scenario: r.Name, Source: r.Hash, Title: r.Title, Kind: r.Kind, Size: r.Size, Set: r.Set, Driver: driver, Note: note}
	predicted := predictions(r, cpus)
	for i, v := range r.Variants {
		if _, err := profileOf(v); err != nil {
			return nil, &scenarios.Error{File: r.Name, Msg: fmt.Sprintf("load.profile of %s: %v", v.Name, err)}
		}
		p.Variants = append(p.Variants, planVariant(v, predicted[i]))
	}
	return p, p.Seal()
}

func planVariant(v scenarios.Variant, predicted law.Prediction) results.VariantPlan {
	vp := results.VariantPlan{
		Name: v.Name, Title: v.Title, Change: v.Change(),
		ProxyImage: v.Proxy.Image, BackendKind: v.Backend.Kind, BackendImg: v.Backend.Image,
		PortLow: v.Ports.Low, PortHigh: v.Ports.High,
		RatePerS: offered(v), DurationS: v.Duration.Seconds(),
		Connections: v.Load.Connections, TimeoutS: v.Load.Timeout.Seconds(),
		Addresses: v.Backend.Addresses, Ports: v.Backend.Ports, Sources: v.Proxy.Addresses,
		DelayS: v.Backend.Delay.Seconds(), BurstS: burstOf(v).every.Seconds(),
		Profile: v.Profile(), Method: v.Load.Method,
		Random: random(v), SteadyS: steady(v).Seconds(),
		Peers: v.Backend.Peers(), MaxFails: v.Proxy.MaxFails, FailS: v.Proxy.FailTimeout.Seconds(), OneTry: v.Proxy.NextUpstream == "off",
		Race: race(withDefaults(v)), Retries: retries(v), Claims: v.Expect.Measured,
		Keepalive: v.Proxy.Keepalive, Workers: v.Proxy.Workers,
		Settings: v.Settings(), Sysctls: sysctls(v), Expect: v.Expect.Verdict, Predicted: predicted,
	}
	if s := v.Load.StopAfterError99; s != nil {
		after := s.Seconds()
		if first := predicted.FirstError99S; first != nil { // when one of random sources is full, the others are not
			after += 2 * law.EarlyBySplit(vp.Sources, vp.PerDestination()) * *first
		}
		vp.StopAfterS = &after
	}
	if v.OwnConfig() {
		vp.OwnConfig = v.Proxy.Config
	}
	return vp
}

// predictions are those of a scenario's variants, on a machine with so many CPUs.
func predictions(r *scenarios.Resolved, cpus int) []law.Prediction {
	var all []law.Prediction
	var baseline *law.Prediction
	for i, v := range r.Variants {
		all = append(all, law.Predict(setup(v, usable(v), cpus, nil, baseline)))
		if i == 0 {
			baseline = baselineOf(v, all[0])
		}
	}
	return all
}

// baselineOf is what the other variants are compared with. When a race comes to an
// end is chance, and nothing is later than that.
func baselineOf(v scenarios.Variant, p law.Prediction) *law.Prediction {
	if race(withDefaults(v)) {
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

const portRange = "net.ipv4.ip_local_port_range"

// sysctls are those of the proxy's namespace.
func sysctls(v scenarios.Variant) map[string]string {
	m := map[string]string{}
	for k, s := range v.Proxy.Sysctls {
		m[k] = s
	}
	if !v.Ports.Default {
		m[portRange] = strconv.Itoa(v.Ports.Low) + " " + strconv.Itoa(v.Ports.High)
	}
	return m
}

// setup puts a variant into the words of the laws. usable is P: the range's width until it is read back.
// inside are the sysctls as read back, nil before.
//
// f is 1: with the lab's own configuration nginx closes every connection that
// is closed at all, and a pool's few are counted against it to be safe. With
// a configuration of the user's own, or Apache's KeepAlive Off, f is an outcome
// of the run. Responses of 1 KB are quick: what is in flight is too little to
// matter.
//
// baseline is nil for the first variant, and stands for one that never fails:
// what holds is then called mitigated, as the judge calls it.
func setup(v scenarios.Variant, usable, cpus int, inside map[string]string, baseline *law.Prediction) law.Setup {
	if baseline == nil {
		baseline = new(law.Prediction)
	}
	v = withDefaults(v)
	atoi := func(key string, unknown int) int {
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
		LateClose: v.Backend.CloseDelay, FinTimeout: time.Duration(atoi("net.ipv4.tcp_fin_timeout", 0)) * time.Second,
		Keepalive: v.Proxy.Keepalive, RequestsPerConn: requestsPerConn(v.Backend),
		Workers:      min(v.Proxy.Workers, cpus),
		TwReuse:      atoi("net.ipv4.tcp_tw_reuse", 2),
		ReuseDelay:   time.Duration(atoi("net.ipv4.tcp_tw_reuse_delay", 0)) * time.Millisecond,
		NoTimestamps: atoi("net.ipv4.tcp_timestamps", 1) == 0,
		MaxTwBuckets: atoi("net.ipv4.tcp_max_tw_buckets", 0),
		Poisson:      random(v), Race: race(v),
		Baseline: baseline,
	}
	b := burstOf(v)
	// Of a burst no more are under way at once than the load has connections; the rest
	// waits, and finds those of the first.
	atOnce := min(b.size, v.Load.Connections)
	if !race(v) { // else in which burst it ends is as much an outcome as f
		s.Burst, s.BurstSize = b.every, float64(atOnce)
	}
	pool := law.Pool{Keepalive: s.Keepalive, Workers: s.Workers, RequestsPerConn: s.RequestsPerConn, Concurrency: s.InFlight}
	switch {
	case b.size > 0 && s.Keepalive == 0:
		s.Churn = 1
	case b.size > 0 && v.Proxy.KeepaliveTimeout < b.every && v.Proxy.KeepaliveTimeout < v.Backend.KeepAliveTimeout:
		s.Churn = float64(atOnce) / float64(b.size) // nginx has closed what the last burst left
	case b.size > 0:
		pool.Concurrency = float64(atOnce)
		s.Churn = pool.Churn() * float64(atOnce) / float64(b.size)
	default: // evenly spaced requests end one by one
		s.Churn = pool.LeastChurn()
	}
	return s
}

// Layout is what a variant asks of a driver.
func Layout(v scenarios.Variant) driver.Layout {
	return driver.Layout{
		Addresses: v.Backend.Addresses, Ports: v.Backend.Ports, Sources: v.Proxy.Addresses,
		Shared:   v.Backend.Place == scenarios.PlaceProxy || v.Backend.Place == scenarios.PlaceLoopback || v.Backend.Place == scenarios.PlaceBoth,
		Loopback: v.Backend.Place == scenarios.PlaceLoopback || v.Backend.Place == scenarios.PlaceBoth,
	}
}

// race says whether who closes an upstream connection first is not settled by
// the configuration: with HTTP/1.0, or a backend that keeps nothing, both ends
// close after the response. A backend that takes its time loses the race.
func race(v scenarios.Variant) bool {
	if v.OwnConfig() || v.Backend.Place == scenarios.PlaceUnix || v.Backend.CloseDelay > 0 {
		return false
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

// retries says whether one request may cost several attempts to connect, or
// none because the peer is taken for dead.
func retries(v scenarios.Variant) bool {
	return v.Backend.Peers() > 1 && (v.Proxy.MaxFails > 0 || v.Proxy.NextUpstream != "off")
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
