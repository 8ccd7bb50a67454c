package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// Options say what to conclude.
type Options struct {
	Horizon time.Duration // an error 99 that is due within it is an alarm
	Before  *Snapshot     // an earlier look, which tells whether live connections become more; nil: there is none
	Top     int           // pairs of source and destination to report, the fullest; 0: all
	Trace   *Tracing      // of connect(), meanwhile; nil: there is none
}

// Conclude makes a report of what was seen.
func Conclude(s *Snapshot, o Options) *Report {
	r := &Report{
		Schema:     Schema,
		Kernel:     s.Kernel,
		HorizonS:   o.Horizon.Seconds(),
		Abilities:  s.Abilities,
		Namespaces: []NamespaceReport{},
		Findings:   []Finding{},
		Unseen:     append([]string{}, s.Unseen...),
		seen:       s,
		options:    o,
	}
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		r.Namespaces = append(r.Namespaces, namespaceOf(s, n, o.Before.of(n)))
	}
	o.Trace.note(r)
	r.leave(o.Top)
	for i := range r.Namespaces {
		v := view{NamespaceReport: &r.Namespaces[i], seen: &s.Namespaces[i], snapshot: s, report: r, horizon: o.Horizon}
		r.Findings = append(r.Findings, v.findings()...)
		if text := v.seen.unseenTranslation(); text != "" {
			r.Unseen = append(r.Unseen, text)
		}
	}
	o.Trace.conclude(r, s, o.Top)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(level(a), level(b)) })
	return r
}

func level(f Finding) int { return slices.Index([]string{Critical, Warning, Note}, f.Level) }

func namespaceOf(s *Snapshot, n, before *Namespace) NamespaceReport {
	r := NamespaceReport{
		Inode: n.Inode, Name: n.Name, Member: !n.Outside, Ports: n.Ports, Quiet: n.Quiet,
		Processes: []string{}, Tuples: []Tuple{}, Sysctls: map[string]string{}, countable: n.countable(),
	}
	if len(n.Processes) > 0 && !n.Host {
		r.enter = fmt.Sprintf("nsenter -t %d -n ", n.Processes[0].PID)
	}
	for _, p := range n.Processes {
		r.Processes = append(r.Processes, p.Name+" "+strconv.Itoa(p.PID))
	}
	maps.Copy(r.Sysctls, n.Sysctls)
	for _, g := range slices.Concat(n.Outgoing, n.Incoming) {
		r.TimeWait += g.States[results.StateTimeWait]
	}
	if entries, ok := n.Counters["conntrack_entries"]; ok && n.Counters["conntrack_max"] > 0 {
		r.Conntrack = &Table{entries, n.Counters["conntrack_max"]}
	}
	looks, all := betweenLooks(before, n), n.rivals()
	r.RequestsPerS, r.Churn = n.requests()
	r.Tuples = slices.Grow(r.Tuples, len(all))
	for i := range all {
		p := &all[i]
		other := otherEnd{nil, &Group{}}
		if !p.bindsFirst {
			other = otherEndOf(s, n, &p.Group)
		}
		r.Tuples = append(r.Tuples, tupleOf(n, p, other, looks.since(p), r.TimeWait, s))
	}
	return r
}

// timer is how long the kernel's timer of a TIME_WAIT runs: TCP_TIMEWAIT_LEN, or what
// tcp_tw_timeout says where a vendor's kernel has it.
func (n *Namespace) timer() time.Duration {
	if s, err := strconv.Atoi(n.Sysctls["net.ipv4.tcp_tw_timeout"]); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	least, _ := law.TimeWaitRange(0)
	return least
}

// everyCore stands for as many workers as connect() may ask for.
const everyCore = 1 << 20

// setup is what the namespace's settings say of the connections of rivals. What connect()
// costs here is known where a trial has measured it: then no more of them can be made than
// all cores of the machine make.
func (n *Namespace) setup(p *rivals, host *Snapshot) law.Setup {
	number := func(name string) int {
		v, _ := strconv.Atoi(n.Sysctls[name])
		return v
	}
	s := law.Setup{
		Workers: everyCore, Duration: law.ForEver, CloseShare: 1,
		TwReuse: number("net.ipv4.tcp_tw_reuse"), MaxTwBuckets: number("net.ipv4.tcp_max_tw_buckets"),
		Loopback:   p.Local.Addr().IsLoopback() || p.Remote.Addr().IsLoopback(),
		ReuseDelay: time.Duration(number("net.ipv4.tcp_tw_reuse_delay")) * time.Millisecond,
		FinTimeout: time.Duration(number("net.ipv4.tcp_fin_timeout")) * time.Second,
		StepWidth:  number("net.ipv4.ip_local_port_step_width"),
	}
	if n.Ports != nil {
		s.Ports = p.ports
	}
	if p.bindsFirst {
		s.TwReuse = 0 // it is for connect()
	}
	if host.Cores > 0 && host.Abilities.ScanTimeWaitNs != nil {
		s.Workers = host.Cores
	}
	s = host.Abilities.Apply(s.Complete())
	if least, _ := law.TimeWaitRange(s.HZ); n.timer() != least {
		s.Hold = n.timer() + s.Hold - least // the wheel's rounding stays
	}
	return s
}

// tupleOf concludes what follows for rivals. since is what became of them since an earlier
// look; nil: there was none.
func tupleOf(n *Namespace, p *rivals, other otherEnd, since *changes, timeWaits int, host *Snapshot) Tuple {
	g := &p.Group
	t := Tuple{
		Source: g.Local.Addr().String(), Destination: p.destination(), States: g.States, BindsFirst: p.bindsFirst,
		Taken: g.taken(), live: g.live(), State: Unknown, setup: n.setup(p, host), destinations: len(p.parts),
		cores: host.Cores,
	}
	t.setup.NoTimestamps = n.withoutTimestamps() || other.withoutTimestamps()
	hold := t.setup.HoldTime()
	t.HoldS = hold.Seconds()
	timer := n.timer().Seconds()
	span := min(timer-0.1, t.HoldS) // of a timer that is due, the age is not known

	here := ages(g, timer)
	a := arrivalsOf(here, span)
	t.TimeWaitsPerS, t.TrendPerS2, t.HistoryS, t.was = a.PerS, a.PerSPerS, a.SeenForS, a.WasPerS
	t.now = law.State{
		Live: float64(t.live), TimeWaitsPerS: a.PerS, ByPerS: a.PerSPerS, ForS: a.SeenForS,
		Elsewhere: timeWaits - g.States[results.StateTimeWait],
	}
	if t.LivePerS = since.livePerS(); t.LivePerS != nil {
		t.now.LivePerS = *t.LivePerS
	}
	t.now.LeavesS = make([]float64, 0, len(here))
	for _, age := range here {
		if left := t.HoldS - age; left > 0 {
			t.now.LeavesS = append(t.now.LeavesS, left)
		} else if t.HoldS < timer {
			t.Reusable++
		} else {
			t.now.LeavesS = append(t.now.LeavesS, 0) // due, at the wheel's next turn
		}
	}
	if other.Namespace != nil && len(here) > 0 {
		there := arrivalsOf(ages(other.group, timer), span).PerS
		if a.PerS+there > 0 {
			f := a.PerS / (a.PerS + there)
			t.CloseShare, t.NewPerS = &f, new(a.PerS+there)
		}
	}
	if t.CloseShare == nil {
		t.CloseShareMin, t.CloseShareMax = since.closeShare()
	}
	t.setup.RatePerS, t.setup.Churn = max(a.PerS, a.WasPerS), 1 // a table that is full takes no more
	if t.NewPerS != nil {
		t.setup.RatePerS, t.setup.CloseShare = *t.NewPerS, *t.CloseShare
	}
	t.setup.InFlight = float64(t.live)
	if n.Ports != nil {
		t.forecast()
	}
	t.round()
	return t
}

// round leaves the digits that a look has.
func (t *Tuple) round() {
	to := func(unit float64, all ...*float64) {
		for _, x := range all {
			if x != nil {
				*x = math.Round(*x*unit) / unit
			}
		}
	}
	to(1000, t.HalfRangeS, t.FirstError99S, t.FirstError99LatestS, t.FreesS, t.HealsS,
		&t.HistoryS, &t.HoldS, &t.TrendPerS2)
	to(100, t.LivePerS, t.NewPerS, &t.TimeWaitsPerS, t.SafePerS, t.SteadyTaken)
	to(10000, t.Share, t.CloseShare, t.CloseShareMin, t.CloseShareMax)
}

// ages are those of a group's TIME_WAITs, in seconds, the oldest first.
func ages(g *Group, timer float64) []float64 {
	remaining := slices.Clone(g.RemainingMs)
	slices.Sort(remaining) // whole numbers, which takes half as long
	all := make([]float64, len(remaining))
	for i, ms := range remaining {
		all[i] = max(0, timer-float64(ms)/1000)
	}
	return all
}

func (t *Tuple) forecast() {
	s, now := t.setup, t.now
	k := s.Tuples()
	t.Tuples = &k
	if k == 0 {
		t.State = Exhausted
		return
	}
	share := now.Taken() / float64(k)
	steady, safe := s.SteadyFrom(now), s.SafeTimeWaitsFrom(now)
	t.Share, t.SteadyTaken, t.SafePerS = &share, &steady, &safe
	t.HalfRangeS = s.CliffFrom(now)
	t.due()
	t.FreesS, t.HealsS = s.FreesFrom(now), s.HealsFrom(now)
	t.ConnectUs = float64(s.ConnectCostAfter()) / float64(time.Microsecond)
	switch {
	case int(now.Taken()) >= k-law.Overlooked(s.Ports, k):
		t.State = Exhausted
		t.FirstError99S, t.FirstError99LatestS, t.InDoubt = new(float64), nil, false
	case t.FirstError99S != nil:
		t.State = RunningOut
	case t.tooLittle():
		t.State = Unknown
	case share >= 0.5, t.outruns():
		t.State = Slow
	default:
		t.State = OK
	}
	if t.State == Exhausted || t.State == RunningOut {
		t.mitigate()
	}
}

// due is when connect() fails: at the soonest where the proxy gets every core that connect()
// asks for past half of the range, and at the latest where it gets one. In between is
// what others leave it, and how many workers it has. Where tcp_tw_reuse counts whole
// seconds, either is an interval.
func (t *Tuple) due() {
	t.FirstError99S = t.setup.FirstError99From(t.now)
	if t.FirstError99S == nil {
		return
	}
	one := t.setup
	if t.cores > 0 {
		one.Workers = 1
	}
	last := one.FirstError99From(t.now)
	if last == nil {
		t.InDoubt = true
		return
	}
	if latest := one.LatestError99From(t.now, *last); latest > *t.FirstError99S {
		t.FirstError99LatestS = &latest
	}
}

// outruns says that the machine cannot make the connections of the load once half the
// range is taken: that comes first then, and may come in place of error 99.
func (t *Tuple) outruns() bool {
	return t.HalfRangeS != nil && t.coresAfterHalf() > float64(t.setup.Workers)
}

// tooLittle says that the tuples are taken by connections that are live, with no history
// of how they came: a slow backend that fills the table, or a pool that stays as it is.
func (t *Tuple) tooLittle() bool {
	return t.LivePerS == nil && len(t.now.LeavesS) < leastEvents && t.now.Live > 0.25*float64(*t.Tuples)
}

// forBinding are the mitigations that change something for a program that binds first: it
// has the same ports for all destinations, and tcp_tw_reuse is not for bind().
var forBinding = []string{"keepalive", "wider-range", "multi-source"}

// mitigate is the table that predict makes, with the figures of here.
func (t *Tuple) mitigate() {
	baseline := law.Predict(t.setup)
	t.Mitigations = map[string]law.SteadyState{}
	for _, m := range law.Mitigations(t.setup) {
		if t.BindsFirst && !slices.Contains(forBinding, m.Name) {
			continue
		}
		m.Setup.Baseline = &baseline
		t.Mitigations[m.Name] = law.SteadyStateOf(m.Setup, 0)
	}
}
