package diagnose

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
)

// every are the timers of TIME_WAITs that begin so many seconds apart, the last one
// half of that ago.
func every(seconds float64, n int) (remaining []int32) {
	for i := range n {
		remaining = append(remaining, int32(60000-1000*seconds*(float64(i)+0.5)))
	}
	return remaining
}

func group(local, remote string, live int, remaining []int32) Group {
	g := Group{Local: endOf(local), Remote: endOf(remote), States: map[string]int{}, RemainingMs: remaining}
	if live > 0 {
		g.States["established"] = live
	}
	if len(remaining) > 0 {
		g.States[results.StateTimeWait] = len(remaining)
	}
	return g
}

func endOf(s string) netip.AddrPort {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0)
	}
	return netip.MustParseAddrPort(s)
}

// namespace of 20 usable ports.
func ofTwenty(name string, inode uint64, out ...Group) Namespace {
	return Namespace{
		Inode: inode, Name: name, Outgoing: out,
		Ports: &probe.Ports{Low: 40000, High: 40019, Usable: 20},
		Sysctls: map[string]string{
			"net.ipv4.tcp_tw_reuse": "2", "net.ipv4.tcp_timestamps": "1", "net.ipv4.tcp_tw_reuse_delay": "1000",
			"net.ipv4.tcp_max_tw_buckets": "8192", "net.ipv4.tcp_fin_timeout": "60",
		},
	}
}

func conclude(t *testing.T, all ...Namespace) *Report {
	t.Helper()
	r := Conclude(&Snapshot{Kernel: "6.18", Namespaces: all}, Options{Horizon: 10 * time.Minute})
	doc, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Diagnose(t, doc); err != nil {
		t.Errorf("the report is no %s: %v\n%s", Schema, err, doc)
	}
	return r
}

func value(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// TestForecastOfATable has figures that were worked out by hand, for 20 ports.
func TestForecastOfATable(t *testing.T) {
	const src, dst = "10.0.0.5", "10.0.0.9:8080"
	nan := math.NaN()
	reuse := func(n Namespace, value string) Namespace {
		n.Sysctls["net.ipv4.tcp_tw_reuse"] = value
		return n
	}
	for _, c := range []struct {
		name        string
		n           Namespace
		state       string
		half, first float64
		rate, safe  float64
		heals       float64
		outcome     Outcome
	}{
		// 8 of 20 in TIME_WAIT, 2 live, 1 a second: ten more seconds. The ports bear (20-2)/61 a
		// second. Half is taken; less is so once the first has left, 61 - 7.5 s from now.
		{"fills", ofTwenty("a", 1, group(src, dst, 2, every(1, 8))), RunningOut, 0, 10, 1, 0.3, 53.5, Due},
		// 5 taken, one every 4 s: never more than 61/4 = 15.25.
		{"bears it", ofTwenty("a", 1, group(src, dst, 0, every(4, 5))), OK, 20, nan, 0.25, 0.33, 0, Fine},
		{"past half", ofTwenty("a", 1, group(src, dst, 0, every(4, 14))), Slow, 0, nan, 0.25, 0.33, 61 - 13.5*4 + 4*4, Fine},
		{"exhausted", ofTwenty("a", 1, group(src, dst, 1, every(1, 19))), Exhausted, 0, 0, 1, 0.31, 61 - 18.5 + 10, Due},
		// Nothing has begun for 20 s; gaps were of a second.
		{
			name:    "the load has ended",
			n:       ofTwenty("a", 1, group(src, dst, 0, []int32{40000, 39000, 38000, 37000, 36000, 35000})),
			state:   OK,
			half:    nan,
			first:   nan,
			safe:    0.33,
			outcome: Fine,
		},
		{
			name:    "a pool, or a backend that gets slow",
			n:       ofTwenty("a", 1, group(src, dst, 6, nil)),
			state:   Unknown,
			half:    nan,
			first:   nan,
			safe:    0.23,
			outcome: Fine,
		},
		// tcp_tw_reuse=2 is for loopback: after a second a TIME_WAIT is no obstacle. 10 a second
		// are 10 at a time, exactly half of the ports, and 20 a second would be borne.
		{"loopback", ofTwenty("a", 1, group("127.0.0.1", "127.0.0.1:80", 0, every(0.1, 40))), Slow, 0, nan, 10, 20, 0, Fine},
		{
			name:    "reuse above its ceiling",
			n:       reuse(ofTwenty("a", 1, group(src, dst, 0, every(0.04, 10))), "1"),
			state:   RunningOut,
			first:   0.4,
			rate:    25,
			safe:    20,
			outcome: Due,
		},
	} {
		r := conclude(t, c.n)
		x := r.Namespaces[0].Tuples[0]
		if x.State != c.state {
			t.Errorf("%s: state %s, want %s", c.name, x.State, c.state)
		}
		for what, pair := range map[string][2]float64{
			"half the range": {value(x.HalfRangeS), c.half}, "error 99": {value(x.FirstError99S), c.first},
			"rate": {x.TimeWaitsPerS, c.rate}, "safe rate": {value(x.SafePerS), c.safe},
		} {
			if got, want := pair[0], pair[1]; math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 0.02 {
				t.Errorf("%s: %s %v, want %v", c.name, what, got, want)
			}
		}
		if c.heals != 0 && math.Abs(value(x.HealsS)-c.heals) > 0.02 {
			t.Errorf("%s: heals after %v s, want %v", c.name, value(x.HealsS), c.heals)
		}
		if got := r.Outcome(); got != c.outcome {
			t.Errorf("%s: outcome %v, want %v", c.name, got, c.outcome)
		}
	}
}

// TestAFullTableIsJudgedByTheRateThatFilledIt: none has begun for 5 s, as connect() fails.
// At 1 a second 20 ports last 20 s, and tcp_fin_timeout changes nothing.
func TestAFullTableIsJudgedByTheRateThatFilledIt(t *testing.T) {
	var remaining []int32
	for _, ms := range every(1, 20) {
		remaining = append(remaining, ms-5000)
	}
	x := conclude(t, ofTwenty("a", 1, group("10.0.0.5", "10.0.0.9:8080", 0, remaining))).Namespaces[0].Tuples[0]
	if x.State != Exhausted || x.TimeWaitsPerS != 0 ||
		math.Abs(value(x.Mitigations["fin-timeout"].FirstError99S)-20) > 0.1 ||
		x.Mitigations["wider-range"].FirstError99S != nil {
		t.Errorf("%+v, want exhausted, none more a second, and error 99 after 20 s with tcp_fin_timeout alone", x)
	}
}

// TestCloseShareNeedsBothEnds: 1 TIME_WAIT a second here and 1 in 2 s there.
func TestCloseShareNeedsBothEnds(t *testing.T) {
	proxy := ofTwenty("proxy", 1, group("10.0.0.5", "10.0.0.9:8080", 0, every(1, 6)))
	proxy.Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.5")}
	backend := func(name string, inode uint64) Namespace {
		n := ofTwenty(name, inode)
		n.Addresses, n.Listening = []netip.Addr{netip.MustParseAddr("10.0.0.9")}, []netip.AddrPort{endOf("0.0.0.0:8080")}
		n.Incoming = []Group{group("10.0.0.9:8080", "10.0.0.5", 0, every(2, 6))}
		return n
	}
	r := conclude(t, proxy, backend("backend", 2))
	x := r.Namespaces[0].Tuples[0]
	if math.Abs(value(x.CloseShare)-2./3) > 0.001 || math.Abs(value(x.NewPerS)-1.5) > 0.01 {
		t.Errorf("f = %v of %v a second, want 2/3 of 1.5", value(x.CloseShare), value(x.NewPerS))
	}
	if x := conclude(t, proxy).Namespaces[0].Tuples[0]; x.CloseShare != nil || x.NewPerS != nil {
		t.Errorf("f = %v and a rate of %v, with one end only", value(x.CloseShare), value(x.NewPerS))
	}
	idle := backend("backend", 2)
	idle.Incoming = nil // it has closed none first
	if x := conclude(t, proxy, idle).Namespaces[0].Tuples[0]; value(x.CloseShare) != 1 || value(x.NewPerS) != 1 {
		t.Errorf("f = %v of %v a second, want 1 of 1: the other end is seen and holds nothing",
			value(x.CloseShare), value(x.NewPerS))
	}
	// tcp_tw_reuse needs timestamps at both ends.
	proxy.Sysctls["net.ipv4.tcp_tw_reuse"] = "1"
	if x := conclude(t, proxy, idle).Namespaces[0].Tuples[0]; x.HoldS != 1 {
		t.Errorf("T = %v s with tcp_tw_reuse, want 1", x.HoldS)
	}
	idle.Sysctls["net.ipv4.tcp_timestamps"] = "0"
	if x := conclude(t, proxy, idle).Namespaces[0].Tuples[0]; x.HoldS != 61 {
		t.Errorf("T = %v s with tcp_tw_reuse and a backend without timestamps, want 61", x.HoldS)
	}
	proxy.Sysctls["net.ipv4.tcp_tw_reuse"] = "2"
	// Loopback is each namespace's own.
	local := func(name string, inode uint64, in ...Group) Namespace {
		n := ofTwenty(name, inode, group("127.0.0.1", "127.0.0.1:8080", 0, every(0.1, 10)))
		n.Listening, n.Incoming = []netip.AddrPort{endOf("127.0.0.1:8080")}, in
		return n
	}
	r = conclude(t, local("one", 1), local("other", 2, group("127.0.0.1:8080", "127.0.0.1", 0, every(0.1, 10))))
	if one, other := r.Namespaces[0].Tuples[0], r.Namespaces[1].Tuples[0]; value(one.CloseShare) != 1 ||
		value(other.CloseShare) != 0.5 {
		t.Errorf("f = %v and %v, want 1 and 0.5", value(one.CloseShare), value(other.CloseShare))
	}
	// Two namespaces with the same address: which is the other end is not known.
	if x := conclude(t, proxy, backend("one", 2), backend("other", 3)).Namespaces[0].Tuples[0]; x.CloseShare != nil {
		t.Errorf("f = %v, though two namespaces may be the other end", *x.CloseShare)
	}
}

// TestASecondLookSettlesLiveConnections: of 400 ports, 150 are live. As many as before is
// a pool; 90 more in two seconds are full in (400-150)/45 s.
func TestASecondLookSettlesLiveConnections(t *testing.T) {
	look := func(at float64, from, to int) Namespace {
		g := group("10.0.0.5", "10.0.0.9:8080", to-from, nil)
		for port := from; port < to; port++ {
			g.LivePorts = append(g.LivePorts, uint16(20000+port))
		}
		n := ofTwenty("a", 1, g)
		n.Ports, n.SeenS = &probe.Ports{Low: 20000, High: 20399, Usable: 400}, at
		return n
	}
	for _, c := range []struct {
		name          string
		before        Namespace
		state         string
		perS, first   float64
		second, later bool
	}{
		{"one look", Namespace{}, Unknown, math.NaN(), math.NaN(), true, false},
		{"a pool", look(100, 100, 250), OK, 0, math.NaN(), false, true},
		{"as many others: short ones", look(100, 250, 400), OK, 0, math.NaN(), false, true},
		{"five more, by chance", look(100, 95, 240), OK, 0, math.NaN(), false, true},
		{"90 more", look(100, 100, 160), RunningOut, 45, 250.0 / 45, false, true},
		{
			name:   "the namespace is another",
			before: func() Namespace { n := look(100, 100, 160); n.Inode = 7; return n }(),
			state:  Unknown,
			perS:   math.NaN(),
			first:  math.NaN(),
			second: true,
			later:  true,
		},
	} {
		o := Options{Horizon: time.Minute}
		if c.later {
			o.Before = &Snapshot{Namespaces: []Namespace{c.before}}
		}
		r := Conclude(&Snapshot{Kernel: "6.18", Namespaces: []Namespace{look(102, 100, 250)}}, o)
		x := r.Namespaces[0].Tuples[0]
		same := func(got *float64, want float64) bool {
			return math.IsNaN(want) && got == nil || got != nil && math.Abs(*got-want) < 0.011
		}
		if x.State != c.state || !same(x.LivePerS, c.perS) || !same(x.FirstError99S, c.first) || r.unsettled() != c.second {
			t.Errorf("%s: %s, %v more a second, error 99 in %v s, look again: %v; want %s, %v, %v, %v", c.name,
				x.State, value(x.LivePerS), value(x.FirstError99S), r.unsettled(), c.state, c.perS, c.first, c.second)
		}
	}
}

// TestTopKeepsTheMostUrgent: a small table that runs out comes before a larger share that
// does not.
func TestTopKeepsTheMostUrgent(t *testing.T) {
	n := ofTwenty("a", 1,
		group("10.0.0.5", "10.0.0.9:1", 0, every(4, 14)),
		group("10.0.0.5", "10.0.0.9:2", 2, every(1, 8)),
		group("10.0.0.5", "10.0.0.9:3", 1, nil))
	r := Conclude(&Snapshot{Kernel: "6.18", Namespaces: []Namespace{n}}, Options{Horizon: time.Minute, Top: 1})
	if x := r.Namespaces[0]; len(x.Tuples) != 1 || x.Tuples[0].Destination != "10.0.0.9:2" || x.Others != 2 {
		t.Errorf("kept %+v, and %d others; want 10.0.0.9:2 and 2 others", x.Tuples, x.Others)
	}
}

// TestRecorded holds the text and the JSON that are made of a snapshot of a real host
// against files.
func TestRecorded(t *testing.T) {
	b := filetest.Read(t, "testdata/recorded.json")
	var s Snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	r := Conclude(&s, Options{Horizon: 10 * time.Minute, Top: 10})
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/recorded.txt", text.String())
	doc, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Diagnose(t, doc); err != nil {
		t.Errorf("the report is no %s: %v", Schema, err)
	}
	golden.Compare(t, "testdata/recorded.report.json", append(doc, '\n'))
	for _, wrong := range []struct{ from, to string }{
		{`diagnose/v1`, `diagnose/v2`}, {`"state": "running-out"`, `"state": "running"`},
		{`"level": "critical"`, `"level": "bad"`}, {`"taken"`, `"token"`},
	} {
		bad := strings.Replace(string(doc), wrong.from, wrong.to, 1)
		if bad == string(doc) || schematest.Diagnose(t, []byte(bad)) == nil {
			t.Errorf("%s for %s fits the schema, or is not there", wrong.to, wrong.from)
		}
	}
}

// TestNamesDoNotCommandTerminals: a process may call itself anything.
func TestNamesDoNotCommandTerminals(t *testing.T) {
	n := ofTwenty("container \x1b]0;x\a", 1, group("10.0.0.5", "10.0.0.9:8080", 2, every(1, 8)))
	n.Processes = []Process{{PID: 7, Name: "\x1b[2J"}}
	var text bytes.Buffer
	if err := conclude(t, n).Write(&text); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\a") {
		t.Errorf("%q", text.String())
	}
}
