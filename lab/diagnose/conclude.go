package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
)

// Options say what to conclude.
type Options struct {
	Horizon time.Duration // an error 99 that is due within it is an alarm
	Before  *Snapshot     // an earlier look, which tells whether live connections become more; nil: there is none
	Top     int           // pairs of source and destination to report, the fullest; 0: all
}

// Conclude makes a report of what was seen.
func Conclude(s *Snapshot, o Options) *Report {
	r := &Report{
		Schema: Schema, Kernel: s.Kernel, HorizonS: o.Horizon.Seconds(),
		Abilities: s.Abilities, Namespaces: []NamespaceReport{}, Findings: []Finding{}, Unseen: append([]string{}, s.Unseen...),
	}
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		r.Namespaces = append(r.Namespaces, namespaceOf(s, n, o.Before.of(n)))
	}
	r.leave(o.Top)
	for i := range r.Namespaces {
		n := &r.Namespaces[i]
		for j := range n.Tuples {
			r.Findings = append(r.Findings, n.Tuples[j].findings(n, o.Horizon)...)
		}
		r.Findings = append(r.Findings, n.findings(s)...)
		r.Findings = append(r.Findings, n.configurationFindings(s.Namespaces[i].Nginx)...)
	}
	r.nearest()
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(level(a), level(b)) })
	return r
}

func level(f Finding) int { return slices.Index([]string{Critical, Warning, Note}, f.Level) }

// otherEnd is the accepting side of a group, and what it has of it.
type otherEnd struct {
	*Namespace        // nil: it is not seen
	group      *Group // empty if it has no connection left
}

func otherEndOf(s *Snapshot, n *Namespace, g *Group) otherEnd {
	o := otherEnd{accepting(s, n, g.Remote), &Group{}}
	if o.Namespace == nil {
		return o
	}
	for i := range o.Incoming {
		if x := &o.Incoming[i]; x.Local == g.Remote && x.Remote.Addr() == g.Local.Addr() {
			o.group = x
		}
	}
	return o
}

// withoutTimestamps says whether tcp_tw_reuse can do nothing because of this namespace.
func (n *Namespace) withoutTimestamps() bool {
	return n != nil && n.Sysctls["net.ipv4.tcp_timestamps"] == "0"
}

// accepting is the namespace that a connection from n arrives in: n itself if the
// destination is an address of its own, and otherwise the one that has it and listens
// there. Of several, as private addresses may make them, none is known to be it.
func accepting(s *Snapshot, n *Namespace, to netip.AddrPort) *Namespace {
	if n.accepts(to) {
		return n
	}
	if to.Addr().IsLoopback() {
		return nil
	}
	var side *Namespace
	for i := range s.Namespaces {
		if x := &s.Namespaces[i]; x.accepts(to) {
			if side != nil {
				return nil
			}
			side = x
		}
	}
	return side
}

// accepts says whether an end is the namespace's own, and listened on.
func (n *Namespace) accepts(to netip.AddrPort) bool {
	return (to.Addr().IsLoopback() || slices.Contains(n.Addresses, to.Addr())) &&
		slices.ContainsFunc(n.Listening, func(l netip.AddrPort) bool {
			return l.Port() == to.Port() && (l.Addr() == to.Addr() || l.Addr().IsUnspecified())
		})
}

func namespaceOf(s *Snapshot, n, before *Namespace) NamespaceReport {
	r := NamespaceReport{
		Inode: n.Inode, Name: n.Name, Member: !n.Outside, Ports: n.Ports,
		Processes: []string{}, Tuples: []Tuple{}, Sysctls: map[string]string{},
	}
	if len(n.Processes) > 0 && !n.Host {
		r.enter = fmt.Sprintf("nsenter -t %d -n ", n.Processes[0].PID)
	}
	for _, p := range n.Processes {
		r.Processes = append(r.Processes, p.Name+" "+strconv.Itoa(p.PID))
	}
	for name, value := range n.Sysctls {
		r.Sysctls[name] = value
	}
	for _, g := range slices.Concat(n.Outgoing, n.Incoming) {
		r.TimeWait += g.States[timeWait]
	}
	if entries, ok := n.Counters["conntrack_entries"]; ok && n.Counters["conntrack_max"] > 0 {
		r.Conntrack = &Table{entries, n.Counters["conntrack_max"]}
	}
	then := before.groups()
	for i := range n.Outgoing {
		g := &n.Outgoing[i]
		r.Tuples = append(r.Tuples, tupleOf(n, g, otherEndOf(s, n, g), then.livePerS(g, n), r.TimeWait, s.Abilities))
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

// setup is what the namespace's settings say of connections between two ends.
func (n *Namespace) setup(local, remote netip.Addr, can ability.Found) law.Setup {
	number := func(name string) int {
		v, _ := strconv.Atoi(n.Sysctls[name])
		return v
	}
	s := law.Setup{
		Workers: 1 << 20, Duration: law.ForEver, CloseShare: 1,
		TwReuse: number("net.ipv4.tcp_tw_reuse"), MaxTwBuckets: number("net.ipv4.tcp_max_tw_buckets"),
		Loopback:   local.IsLoopback() || remote.IsLoopback(),
		ReuseDelay: time.Duration(number("net.ipv4.tcp_tw_reuse_delay")) * time.Millisecond,
		FinTimeout: time.Duration(number("net.ipv4.tcp_fin_timeout")) * time.Second,
		StepWidth:  number("net.ipv4.ip_local_port_step_width"),
	}
	if n.Ports != nil {
		s.Ports = n.Ports.Usable
	}
	s = can.Apply(s.Complete())
	if least, _ := law.TimeWaitRange(s.HZ); n.timer() != least {
		s.Hold = n.timer() + s.Hold - least // the wheel's rounding stays
	}
	return s
}

// tupleOf concludes what follows for one pair of ends. livePerS is how many more live connections there are each
// second; nil: there was one look.
func tupleOf(n *Namespace, g *Group, other otherEnd, livePerS *float64, timeWaits int, can ability.Found) Tuple {
	t := Tuple{
		Source: g.Local.Addr().String(), Destination: g.Remote.String(), States: g.States,
		Taken: g.taken(), live: g.live(), State: Unknown, setup: n.setup(g.Local.Addr(), g.Remote.Addr(), can),
	}
	t.setup.NoTimestamps = n.withoutTimestamps() || other.withoutTimestamps()
	hold := t.setup.HoldTime()
	t.HoldS = hold.Seconds()
	timer := n.timer().Seconds()
	span := min(timer-0.1, t.HoldS) // of a timer that is due, the age is not known

	here := ages(g, timer)
	a := arrivalsOf(here, span)
	t.TimeWaitsPerS, t.TrendPerS2, t.HistoryS = a.PerS, a.PerSPerS, a.SeenForS
	t.now = law.State{
		Live: float64(t.live), TimeWaitsPerS: a.PerS, ByPerS: a.PerSPerS, ForS: a.SeenForS,
		Elsewhere: timeWaits - g.States[timeWait],
	}
	if livePerS != nil {
		t.LivePerS, t.now.LivePerS = livePerS, *livePerS
	}
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
			per := a.PerS + there
			t.CloseShare, t.NewPerS = &f, &per
		}
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
	to(1000, t.HalfRangeS, t.FirstError99S, t.FreesS, t.HealsS, &t.HistoryS, &t.HoldS, &t.TrendPerS2)
	to(100, t.LivePerS, t.NewPerS, &t.TimeWaitsPerS, t.SafePerS, t.SteadyTaken)
	to(10000, t.Share, t.CloseShare)
}

// of is the same namespace in an earlier snapshot.
func (s *Snapshot) of(n *Namespace) *Namespace {
	if s == nil {
		return nil
	}
	for i := range s.Namespaces {
		if x := &s.Namespaces[i]; x.Inode == n.Inode && x.Name == n.Name {
			return x
		}
	}
	return nil
}

// earlier is the groups of an earlier look, by their ends; nil if there was none.
type earlier struct {
	seenS  float64
	groups map[pair]*Group
}

func (n *Namespace) groups() *earlier {
	if n == nil {
		return nil
	}
	e := &earlier{n.SeenS, map[pair]*Group{}}
	for i := range n.Outgoing {
		g := &n.Outgoing[i]
		e.groups[pair{g.Local, g.Remote}] = g
	}
	return e
}

// livePerS is how many more live connections there are each second since then; nil if
// there was no earlier look.
func (e *earlier) livePerS(g *Group, n *Namespace) *float64 {
	if e == nil || n.SeenS <= e.seenS {
		return nil
	}
	before := e.groups[pair{g.Local, g.Remote}]
	if before == nil {
		before = &Group{}
	}
	per := more(before, g) / (n.SeenS - e.seenS)
	return &per
}

// more is how many more live connections there are than before. Where as many come as
// go, the difference is chance: of a that came and b that went it has the deviation
// √(a+b), and three of those count as more.
func more(before, now *Group) float64 {
	was := map[uint16]bool{}
	for _, port := range before.LivePorts {
		was[port] = true
	}
	came := 0
	for _, port := range now.LivePorts {
		if was[port] {
			delete(was, port)
		} else {
			came++
		}
	}
	went := len(was)
	if came+went < leastEvents || float64(came-went) < 3*math.Sqrt(float64(came+went)) {
		return 0
	}
	return float64(came - went)
}

// ages are those of a group's TIME_WAITs, in seconds.
func ages(g *Group, timer float64) []float64 {
	all := make([]float64, 0, len(g.RemainingMs))
	for _, ms := range g.RemainingMs {
		all = append(all, max(0, timer-float64(ms)/1000))
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
	t.HalfRangeS, t.FirstError99S = s.CliffFrom(now), s.FirstError99From(now)
	t.FreesS, t.HealsS = s.FreesFrom(now), s.HealsFrom(now)
	t.ConnectUs = float64(s.ConnectCostAfter()) / float64(time.Microsecond)
	switch {
	case int(now.Taken()) >= k-law.Overlooked(s.Ports, k):
		t.State = Exhausted
		t.FirstError99S = new(float64)
	case t.FirstError99S != nil:
		t.State = RunningOut
	case t.tooLittle():
		t.State = Unknown
	case share >= 0.5:
		t.State = Slow
	default:
		t.State = OK
	}
	if t.State == Exhausted || t.State == RunningOut {
		t.mitigate()
	}
}

// tooLittle says that the tuples are taken by connections that are live, with no history
// of how they came: a slow backend that fills the table, or a pool that stays as it is.
func (t *Tuple) tooLittle() bool {
	return t.LivePerS == nil && len(t.now.LeavesS) < leastEvents && t.now.Live > 0.25*float64(*t.Tuples)
}

// mitigate is the table that predict makes, with the figures of here.
func (t *Tuple) mitigate() {
	baseline := law.Predict(t.setup)
	t.Mitigations = map[string]law.SteadyState{}
	for _, m := range law.Mitigations(t.setup) {
		m.Setup.Baseline = &baseline
		t.Mitigations[m.Name] = law.SteadyStateOf(m.Setup, 0)
	}
}

// leave keeps the fullest tuples of all namespaces, and counts those that it leaves out.
func (r *Report) leave(top int) {
	type place struct{ namespace, tuple int }
	var all []place
	for i, n := range r.Namespaces {
		for j := range n.Tuples {
			all = append(all, place{i, j})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int {
		x, y := &r.Namespaces[a.namespace].Tuples[a.tuple], &r.Namespaces[b.namespace].Tuples[b.tuple]
		return cmp.Or(cmp.Compare(y.urgency(), x.urgency()), cmp.Compare(y.share(), x.share()), cmp.Compare(y.Taken, x.Taken))
	})
	kept := make([][]Tuple, len(r.Namespaces))
	for i, p := range all {
		if top > 0 && i >= top {
			r.Namespaces[p.namespace].Others++
			continue
		}
		kept[p.namespace] = append(kept[p.namespace], r.Namespaces[p.namespace].Tuples[p.tuple])
	}
	for i := range r.Namespaces {
		r.Namespaces[i].Tuples = append([]Tuple{}, kept[i]...)
	}
}

func (t *Tuple) urgency() int {
	return slices.Index([]string{OK, Unknown, Slow, RunningOut, Exhausted}, t.State)
}

func (t *Tuple) share() float64 {
	if t.Share == nil {
		return 0
	}
	return *t.Share
}
