package verdict

import (
	"math"
	"slices"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// Measured is all that is known of a variant when it is judged. What was not
// measured is nil.
type Measured struct {
	Plan     results.VariantPlan // with the prediction for the ports that were read back
	Laws     law.Setup           // what the prediction is made of; Judge takes it from the plan
	Totals   *results.Totals
	Samples  []results.Sample
	Proxy    *results.Net     // the last look at it
	Log      Logged           // the proxy's
	Latency  *results.Latency // of all that ended; LatencyOK and LatencyFailed are its parts
	Service  *results.Latency
	Usable   *int64   // ports, read back
	CPUs     int      // of the machine the hosts run on
	Faults   []string // why nothing measured can be trusted: a gap, a dead server, a setting that did not take
	Crash    string   // why the harness gave up, if it did
	Baseline *float64 // first error 99 of the baseline, for a mitigation that only postpones

	// TimeWaitAtEnd says that the kernel counts a TIME_WAIT when it ends, so that
	// those of Proxy and Samples are counted by their number (probe.TimeWaits).
	TimeWaitAtEnd bool

	Connect99                *int64 // connect() calls of the proxy that failed with error 99, by the kernel
	LatencyOK, LatencyFailed *results.Latency

	aside bool // it is not about ports: no law of theirs is held against it

	ConntrackMax int64 // of the proxy's namespace; 0: no such table, or not read
}

// net are the samples of one host's sockets and counters.
func (m *Measured) net(host string) []results.Sample {
	var s []results.Sample
	for _, x := range m.Samples {
		if x.Host == host && x.Net != nil {
			s = append(s, x)
		}
	}
	return s
}

func (m *Measured) load() []results.Sample {
	var s []results.Sample
	for _, x := range m.Samples {
		if x.Load != nil {
			s = append(s, x)
		}
	}
	return s
}

// peak is the most sockets a host held at once; an empty state means any.
func (m *Measured) peak(host, state string) *int64 {
	var top *int64
	for _, s := range m.net(host) {
		if s.Net.Sockets == nil {
			continue
		}
		n := s.Net.Count(state)
		if top == nil || n > *top {
			top = &n
		}
	}
	return top
}

// counter is a counter of a host at a moment, by straight lines between the
// samples; before the first sample it is 0, where counting began.
func (m *Measured) counter(host, name string, t float64) float64 {
	var before results.Sample
	var v0 float64
	for i, s := range m.net(host) {
		v := float64(s.Net.Counters[name])
		if s.T >= t {
			if i == 0 || s.T == before.T {
				return v
			}
			return v0 + (v-v0)*(t-before.T)/(s.T-before.T)
		}
		before, v0 = s, v
	}
	return v0
}

// fewClosed is how many closed connections it takes to speak of a share.
const fewClosed = 20

// closeShare is f: of the upstream connections closed, the share that left a
// TIME_WAIT on the proxy. nil when too few were closed to say.
//
// A proxy of another kind than nginx may close its client's connection with the reply
// that says it failed, as Apache does with 503. That leaves a TIME_WAIT as well, which takes
// no port and has the same counter. There the upstream sockets are counted, as long as
// none has ended, and else f is that of before the first failure.
func (m *Measured) closeShare() *float64 {
	if m.Proxy == nil {
		return nil
	}
	// Sockets that were seen hold tuples, whatever a counter says.
	_, alive := m.mostUncounted()
	last, opened, waits := m.Proxy, m.allOpens(), max(timeWaits(m.Proxy), alive)
	const drained = 5 // seconds after the load, at the most
	switch s := m.beforeFailure(); {
	case m.Laws.Held():
		return m.heldShare()
	case s == nil:
	case m.Totals.LoadSeconds()+drained < m.Plan.Predicted.HoldS:
		waits = last.Count(results.StateTimeWait) + last.Count(results.StateFinWait2)
	default:
		last, opened = s.Net, int64(m.opens(s.T))
		waits = max(timeWaits(last), last.TimeWait-m.net(results.HostProxy)[0].Net.TimeWait)
	}
	var open int64
	for _, s := range last.Sockets {
		if s.State == results.StateEstablished {
			open += s.N
		}
	}
	closed := opened - open
	if closed < fewClosed {
		return nil
	}
	// The counter is the namespace's. With the backend in it, it has both ends' TIME_WAITs, and
	// where no look found one on the proxy's side they are all the backend's.
	if m.unseen(results.StateTimeWait) && m.unseen(results.StateFinWait2) {
		waits = 0
	}
	f := math.Min(1, float64(waits)/float64(closed))
	return &f
}

// unseen says that no look at the proxy's sockets found one in a state.
func (m *Measured) unseen(state string) bool {
	most := m.peak(results.HostProxy, state)
	return most != nil && *most == 0
}

// beforeFailure is the last look at the proxy's sockets before the first failure, where f
// is measured by then; nil where it is not.
func (m *Measured) beforeFailure() *results.Sample {
	if m.Laws.Conduct == nil || m.Totals == nil {
		return nil
	}
	first, _ := m.firstError99()
	if first == nil {
		return nil
	}
	var last *results.Sample
	for _, s := range m.net(results.HostProxy) {
		if s.T <= *first && s.Net.Sockets != nil {
			last = &s
		}
	}
	return last
}

// timeWaits is how many mini-sockets a host is known to have made. A FIN_WAIT2 of
// 4 s or less holds its tuple as well, under another counter
// (inet_twsk_schedule, net/ipv4/inet_timewait_sock.c).
func timeWaits(n *results.Net) int64 {
	return n.Counters["time_wait_created"] + n.Counters["time_wait_killed"]
}

// mostUncounted finds the look at the proxy that contradicts its counters most, or
// agrees least: so many mini-sockets more were alive than at first, and so many
// had been counted.
func (m *Measured) mostUncounted() (counted, alive int64) {
	all := m.net(results.HostProxy)
	if len(all) == 0 {
		return 0, 0
	}
	first := all[0].Net.TimeWait
	look := func(n *results.Net) {
		if c, a := timeWaits(n), n.TimeWait-first; a-c > alive-counted || a-c == alive-counted && a > alive {
			counted, alive = c, a
		}
	}
	counted, alive = timeWaits(all[0].Net), 0
	for _, s := range all[1:] {
		look(s.Net)
	}
	if m.Proxy != nil {
		look(m.Proxy)
	}
	return counted, alive
}

// steady is the window in which a rate of new connections can be read: after
// the pools have filled, before the fault.
func (m *Measured) steady(fault float64) (from, to float64) {
	to = math.Min(fault, m.Totals.LoadSeconds())
	return math.Min(1, to/5), to
}

// rho is the measured load factor: new connections per second, times f, times
// the hold time, over the tuples. Those that stay open are not counted: they fill a
// pool once, or are under way. Where too few connections were closed to measure f,
// all are taken to land on the proxy.
func (m *Measured) rho(fault float64) *float64 {
	if m.Proxy == nil || m.Totals == nil || m.Plan.Predicted.Tuples == 0 {
		return nil
	}
	from, to := m.steady(fault)
	if to <= from {
		return nil
	}
	f := ptr.Deref(m.closeShare(), 1)
	// The bystander's, taken off, are known to a sample's time only.
	opened := max(0, m.opens(to)-m.opens(from)-m.stillOpen(from, to))
	rho := opened / (to - from) * f * m.Plan.Predicted.HoldS / float64(m.Plan.Predicted.Tuples)
	if most := float64(m.Laws.MaxTwBuckets); most > 0 { // no more than these are ever held
		rho = min(rho, most/float64(m.Plan.Predicted.Tuples))
	}
	return &rho
}

// stillOpen is by how many the connections have grown that are open, as sampled.
func (m *Measured) stillOpen(from, to float64) float64 {
	var before, after float64
	for _, s := range m.net(results.HostProxy) {
		if s.Net.Sockets == nil || s.T > to {
			continue
		}
		n := float64(s.Net.Count(results.StateEstablished))
		if s.T <= from {
			before = n
		}
		after = n
	}
	return after - before
}

// masked says whether those are too few for the ports ever to run out.
func (m *Measured) masked() bool {
	most := float64(m.Laws.MaxTwBuckets)
	return most > 0 && most/float64(m.Plan.Predicted.Tuples)+m.underWay() < 1
}

// underWay is the share of the tuples that open connections hold on average, those
// of requests under way and those a pool keeps, once it is full.
func (m *Measured) underWay() float64 {
	if m.Totals == nil || m.Plan.Predicted.Tuples == 0 {
		return 0
	}
	from, to := m.steady(m.Totals.LoadSeconds())
	var sum, n float64
	for _, s := range m.net(results.HostProxy) {
		if s.Net.Sockets != nil && s.T >= from && s.T <= to {
			sum, n = sum+float64(s.Net.Count(results.StateEstablished)), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n / float64(m.Plan.Predicted.Tuples)
}

// collapse finds the moment the rate fell while nothing had failed yet: the
// start of the first second in which less than half of what was offered was
// answered, one way or the other, with half the tuples in use and every client
// connection waiting for an answer. (connect() walks all ports of one parity
// before it tries the other: __inet_hash_connect, net/ipv4/inet_hashtables.c.)
// A generator that paused looks alike but for what it did: its connections
// were free and its requests late.
func (m *Measured) collapse(fault float64) *float64 {
	const lasting = 1.0
	half := 0.45 * float64(m.Plan.Predicted.Tuples)
	busy := int64(0.9 * float64(m.Plan.Connections))
	var since *float64
	for _, s := range m.load() {
		if s.T > fault || s.T > m.Totals.LoadSeconds() {
			break
		}
		start := s.T - s.Load.IntervalS
		answered := float64(s.Load.OK + s.Load.Failed)
		slow := answered < 0.5*m.Plan.RatePerS*s.Load.IntervalS
		if !slow || 5*s.Load.Late > s.Load.Sent || s.Load.InFlight < busy {
			since = nil
			continue
		}
		if since == nil {
			since = &start
		}
		if s.T-*since >= lasting-1e-6 && m.inUse(*since) >= half {
			return since
		}
	}
	return nil
}

// inUse is how many tuples were in use at a moment, as last sampled.
func (m *Measured) inUse(t float64) float64 {
	var n float64
	for _, s := range m.net(results.HostProxy) {
		if s.T > t {
			break
		}
		if s.Net.Sockets != nil {
			n = float64(s.Net.Count(""))
		}
	}
	return n
}

// firstInLog is the moment of the first sample in which nginx's log had a
// line of error 99, and of the sample before it.
func (m *Measured) firstInLog() (before, at float64, found bool) {
	for _, s := range m.net(results.HostProxy) {
		if s.Net.Log != nil && s.Net.Log.Error99 > 0 {
			return before, s.T, true
		}
		before = s.T
	}
	return 0, 0, false
}

// logged99 is how many connect() failed with errno 99, by nginx's log.
func (m *Measured) logged99() int64 {
	if m.Proxy == nil || m.Proxy.Log == nil {
		return 0
	}
	return m.Proxy.Log.Error99
}

// logEvery is how often a proxy's error log is read, in seconds.
const logEvery = 0.1

// firstError99 is the moment of the first error 99, in seconds, and how many
// requests had succeeded by then. The generator knows both exactly, but not
// always why a connect failed: where the log has its first line at another
// time, the log is right, to a tenth of a second.
func (m *Measured) firstError99() (first *float64, okBefore *int64) {
	const slack = 2 * logEvery // on a busy box it is read later
	if m.Totals.FirstError != nil {
		t := float64(*m.Totals.FirstError-m.Totals.StartNs) / 1e9
		first = &t
	}
	before, at, logged := m.firstInLog()
	if !logged || first != nil && *first >= before-slack && *first <= at+slack {
		return first, m.Totals.OKBefore
	}
	at = m.sooner(before, at)
	ok := int64(0)
	for _, s := range m.load() {
		if s.T <= at {
			ok += s.Load.OK
		}
	}
	return &at, &ok
}

// sooner is when the first of the lines was written that the log had at a
// moment and did not have before: from the first error 99 on every connect()
// fails, and a request makes so many. Where weights fill the ports towards one
// backend first, only its share of the requests fails there, once each.
func (m *Measured) sooner(before, at float64) float64 {
	var lines float64
	for _, s := range m.net(results.HostProxy) {
		if s.T == at && s.Net.Log != nil {
			lines = float64(s.Net.Log.Error99)
		}
	}
	perS := m.Plan.RatePerS * float64(max(1, m.Laws.LinesPerFailure()))
	if share := m.Laws.HeaviestShare; share > 0 {
		perS = m.Plan.RatePerS * share * float64(max(1, m.Laws.Sources))
	}
	if perS <= 0 {
		return at
	}
	return max(before, at-lines/perS)
}

// recovered finds the first success after a second in which everything failed,
// to the interval of the samples.
func (m *Measured) recovered(fault float64) *float64 {
	const lasting = 1.0
	var failingFrom *float64
	for _, s := range m.load() {
		start := s.T - s.Load.IntervalS
		switch {
		case start < fault:
		case s.Load.OK > 0:
			if failingFrom != nil && start-*failingFrom >= lasting {
				return &start
			}
			failingFrom = nil
		case s.Load.Failed > 0 && failingFrom == nil:
			failingFrom = &start
		}
	}
	return nil
}

// blackout is how long no request succeeded after the first failure, to the interval of
// the samples; nil if none succeeded to the end.
func (m *Measured) blackout(fault float64) *float64 {
	for _, s := range m.load() {
		if start := s.T - s.Load.IntervalS; start >= fault && s.Load.OK > 0 {
			dark := start - fault
			return &dark
		}
	}
	return nil
}

// lateBefore counts the requests before the fault, and those sent late. What
// the fault does to the box is not the generator's fault.
func (m *Measured) lateBefore(fault float64) (late, sent float64) {
	for _, s := range m.load() {
		if s.T > fault {
			break
		}
		late += float64(s.Load.Late)
		sent += float64(s.Load.Sent)
	}
	return late, sent
}

// lateAt is how late the generator was with what it sent about a moment, in seconds: for as long
// as the requests were due that it sent late in the interval of that moment and the one
// before, and the 10 ms from which on a request counts as late.
func (m *Measured) lateAt(moment *float64) float64 {
	if moment == nil || m.Laws.RatePerS == 0 {
		return 0
	}
	var late int64
	for _, s := range m.load() {
		if s.T > *moment-s.Load.IntervalS && s.T-s.Load.IntervalS <= *moment {
			late += s.Load.Late
		}
	}
	if late == 0 {
		return 0
	}
	return float64(late)/m.Laws.RatePerS + 0.010
}

func (m *Measured) neighbour() *results.NeighbourMs {
	var all []float64
	n := new(results.NeighbourMs)
	for _, s := range m.Samples {
		if s.Neighbour == nil {
			continue
		}
		all = append(all, s.Neighbour.Ms)
		if s.Neighbour.Failed() {
			n.Failed++
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	n.P50, n.Max = all[(len(all)-1)/2], all[len(all)-1]
	return n
}

// cores is the processor use of a host's server over the load, in cores.
func (m *Measured) cores(host string) *float64 {
	if m.Totals == nil {
		return nil
	}
	first, last := m.overLoad(host)
	if last == nil {
		return nil
	}
	c := (last.Net.CPUSeconds - first.Net.CPUSeconds) / (last.T - first.T)
	return &c
}

// overLoad are the samples of a host between which the load lay: the last one
// before it began and the last one in it; nil if that is no stretch of time.
func (m *Measured) overLoad(host string) (first, last *results.Sample) {
	for _, s := range m.net(host) {
		if s.T <= 0 || first == nil {
			first = &s
		}
		if s.T <= m.Totals.LoadSeconds() {
			last = &s
		}
	}
	if last == nil || last.T <= first.T {
		return nil, nil
	}
	return first, last
}
