package law

import "time"

// What a Setup means where it says nothing.
const (
	// TimeWait is how long Linux keeps TIME_WAIT, on average, with 250 ticks a
	// second. TimeWaitOf has other kernels.
	TimeWait = 61 * time.Second

	// ReuseDelay is the default of net.ipv4.tcp_tw_reuse_delay: how old a
	// TIME_WAIT must be before tcp_tw_reuse gives its tuple away.
	ReuseDelay = time.Second

	// FinTimeout is the default of net.ipv4.tcp_fin_timeout.
	FinTimeout = 60 * time.Second

	// ConnectCost is what connect() costs while the first port it tries is
	// free: measured 20 to 40 µs over veth and loopback.
	ConnectCost = 30 * time.Microsecond
)

// SteadyRho is the load factor up to which a quiet run counts as a cure. The
// rest is a margin: T varies by 2 to 5 s (TimeWaitLump), and the load is not
// perfectly even.
const SteadyRho = 0.9

// Setup is a run, as numbers. Its JSON is part of plan.json.
type Setup struct {
	Ports        int `json:"ports"`        // P: usable source ports (range, less reserved, less bound)
	Sources      int `json:"sources"`      // S: source addresses of the proxy; 0 means 1
	Destinations int `json:"destinations"` // D: distinct IP:port of the backend; 0 means 1

	// HeaviestShare is the largest share of the requests that one pair of source
	// and destination gets, as weights make it; 0: all get the same.
	HeaviestShare float64 `json:"heaviest_share,omitempty"`

	RatePerS float64       `json:"rate_per_s"`  // R: offered requests per second
	Duration time.Duration `json:"duration_ns"` // of the load
	// f: share of upstream connections that the proxy closes first, 0 to 1 (closeshare.go).
	CloseShare float64 `json:"close_share"`
	// c: requests under way at the backend, on average: R times its response time.
	InFlight float64 `json:"in_flight"`

	// Second at which the load leaves RatePerS; nil: it never does.
	ChangesS *float64 `json:"rate_changes_s,omitempty"`
	Poisson  bool     `json:"poisson,omitempty"` // arrivals are random, as independent clients make them
	// f is an outcome of the run: CloseShare is the worst case, and a later failure is chance.
	Race bool `json:"race,omitempty"`
	// The proxy runs a configuration of the user's own, and its log counts.
	OwnConfig bool          `json:"own_config,omitempty"`
	Unreached bool          `json:"unreached,omitempty"` // the proxy answers the load by itself: no law applies
	Modelled  bool          `json:"modelled,omitempty"`  // what that does is known; otherwise f is an outcome
	Burst     time.Duration `json:"burst_ns,omitempty"`  // between bursts of requests; 0: they are evenly spaced
	// Requests of a burst that are under way at once; 0: all of them.
	BurstSize float64 `json:"burst_in_flight,omitempty"`

	// Churn is new upstream connections per request in the long run. 0 means to
	// work it out: 1 without a pool, Pool.Churn with one.
	Churn float64 `json:"churn"`
	// Churn is the most, and this the least (bursts.go); nil: Churn is exact.
	ChurnLeast *float64 `json:"churn_least,omitempty"`
	// Idle connections kept per worker, to all destinations; 0: no pool; NoCap.
	Keepalive int `json:"keepalive"`
	// Requests after which either end closes a pooled connection; 0: never.
	RequestsPerConn int      `json:"requests_per_conn"`
	Workers         int      `json:"workers"` // nginx workers, no more than there are cores for them; 0 means 1
	Ejection        Ejection `json:"ejection"`

	// Requests are connections that are held (held.go): H, on average, and whether all are
	// held for that. InFlight is then R·H. 0: they are requests.
	HeldFor   time.Duration `json:"held_for_ns,omitempty"`
	HeldFixed bool          `json:"held_fixed,omitempty"`

	// Conduct is that of another kind of proxy; nil: nginx over HTTP.
	Conduct *Conduct `json:"conduct,omitempty"`

	TwReuse    int           `json:"tw_reuse"`       // net.ipv4.tcp_tw_reuse: 0, 1 or 2
	ReuseDelay time.Duration `json:"reuse_delay_ns"` // net.ipv4.tcp_tw_reuse_delay; 0 means the default
	// net.ipv4.tcp_timestamps is 0 at either end: tcp_tw_reuse then does nothing.
	NoTimestamps bool `json:"no_timestamps,omitempty"`
	// Source or destination is in 127.0.0.0/8 or ::1; other addresses of the host do not count.
	Loopback     bool          `json:"loopback,omitempty"`
	MaxTwBuckets int           `json:"max_tw_buckets"`          // net.ipv4.tcp_max_tw_buckets; 0: out of reach
	Hold         time.Duration `json:"time_wait_ns"`            // of a TIME_WAIT; 0 means that of HZ
	LateClose    time.Duration `json:"late_close_ns,omitempty"` // from nginx's FIN to the backend's; 0: at once
	FinTimeout   time.Duration `json:"fin_timeout_ns"`          // net.ipv4.tcp_fin_timeout; 0 means the default

	// ClockBound is how far the moments of two hosts may be apart by their clocks. It is
	// part of the tolerance of every moment; 0: they have one clock.
	ClockBound time.Duration `json:"clock_bound_ns,omitempty"`

	// NamedPorts is how many source ports the proxy names by itself, without SO_REUSEADDR
	// (named.go); 0: the kernel chooses, or as Conduct has it.
	NamedPorts int `json:"named_ports,omitempty"`

	NAT bool `json:"nat,omitempty"` // Ports and Sources are those of a NAT on the way (nat.go)

	// What the kernel can do, and what connect() costs there. The zero values are
	// the kernel that the laws were measured on, Linux 6.18. Complete makes Hold of HZ,
	// so after it HZ is changed by WithHZ.

	// tcp_tw_reuse counts whole seconds (seconds.go).
	ReuseWholeSeconds bool `json:"reuse_whole_seconds,omitempty"`
	// Ticks a second, CONFIG_HZ; 0: 250 (timewait.go).
	HZ int `json:"hz,omitempty"`
	// net.ipv4.ip_local_port_step_width; 0: connect() takes ports in order.
	StepWidth int `json:"port_step_width,omitempty"`
	// Of connect() for each port held by a TIME_WAIT; 0: ScanPerPort.
	ScanTimeWait    time.Duration `json:"scan_time_wait_ns,omitempty"`
	ScanEstablished time.Duration `json:"scan_established_ns,omitempty"` // and by a connection; 0: as for TIME_WAIT
	// Size of the range that the two were measured at.
	ScanPorts int `json:"scan_ports,omitempty"`

	// Baseline is the prediction for the run that this one is compared with;
	// nil where this is that run.
	Baseline *Prediction `json:"-"`
}

// Predict applies the laws. Nonsense, such as a rate that is negative or no
// number, counts as none.
func Predict(s Setup) Prediction {
	s = s.Complete()
	k := float64(s.Tuples())
	hold := s.HoldTime().Seconds()
	p := Prediction{Tuples: s.Tuples(), HoldS: hold, Rho: s.Rho()}
	if s.Unreached {
		return Prediction{Tuples: p.Tuples, HoldS: p.HoldS, Verdict: Invalid}
	}
	if s.RatePerS == 0 || k == 0 {
		p.Verdict = s.verdict(p)
		return p
	}
	if s.NamedPorts > 0 {
		return s.predictNamed(p)
	}
	p.FirstError99S = s.firstError99()
	if p.FirstError99S != nil {
		ok := s.okBeforeError99()
		p.OKBeforeError99 = &ok
		p.untilTick(s)
		p.untilLeast(s)
	}
	steady := s.steadyOK()
	if at := s.slowdown(); at != nil {
		p.Estimated = true
		if s.connectionsPerS() > 2*s.connectCeiling() {
			p.CollapseS = at
		}
		steady = min(steady, s.steadyCollapsed(*at))
		p.FirstError99S = s.firstError99Collapsed(*at, p.FirstError99S)
		p.FirstError99LatestS, p.OKBeforeError99Most, p.OrNever = nil, nil, false // an estimate has no ends
		if p.FirstError99S == nil {
			p.OKBeforeError99 = nil
		}
	}
	if s.random() && !p.Estimated {
		lost := s.lost()
		steady = min(steady, s.RatePerS*(1-lost))
		p.firstLoss(s, lost)
	}
	p.SteadyOKPerS = &steady
	p.Verdict = s.verdict(p)
	return p
}

// Complete puts in what a Setup means where it says nothing. The methods of a
// Setup take it for granted.
func (s Setup) Complete() Setup {
	s.Ports = max(s.Ports, 0)
	s.Sources = max(s.Sources, 1)
	s.Destinations = max(s.Destinations, 1)
	s.Workers = max(s.Workers, 1)
	s.NamedPorts = max(s.NamedPorts, 0)
	s.RatePerS = clamp(s.RatePerS)
	s.InFlight = clamp(s.InFlight)
	s.Churn = min(clamp(s.Churn), 1)
	s.CloseShare = min(clamp(s.CloseShare), 1)
	s.HeaviestShare = min(clamp(s.HeaviestShare), 1)
	s.HZ = max(s.HZ, 0)
	s.HeldFor = max(s.HeldFor, 0)
	s.ScanTimeWait, s.ScanEstablished = max(s.ScanTimeWait, 0), max(s.ScanEstablished, 0)
	if s.NAT {
		s = s.behindNAT()
	}
	if s.Hold <= 0 {
		s.Hold = TimeWaitOf(s.HZ)
		if s.NAT {
			s.Hold = NATTimeWait
		}
	}
	if s.FinTimeout <= 0 {
		s.FinTimeout = FinTimeout
	}
	if s.ReuseDelay <= 0 {
		s.ReuseDelay = ReuseDelay
	}
	if s.Churn <= 0 {
		s.Churn = s.Pool().Churn()
	}
	return s
}

// Pool is what the proxy keeps idle connections in.
func (s Setup) Pool() Pool {
	p := Pool{
		Keepalive: s.Keepalive, Workers: s.Workers, RequestsPerConn: s.RequestsPerConn,
		Concurrency: s.InFlight,
	}
	if s.Conduct != nil && s.Conduct.IdleInAll {
		p.Workers = 1
	}
	return p
}

// Most is more than any rate or number of requests can be.
const Most = 1e9

// clamp is a quantity from 0 to Most, and 0 for what is no number.
func clamp(x float64) float64 {
	if !(x > 0) { // NaN too
		return 0
	}
	return min(x, Most)
}
