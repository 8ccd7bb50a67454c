package diagnose

import (
	"math"
	"testing"

	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
)

// TestWhoClosesFirstBetweenTwoLooks: ten connections are live at both looks, two seconds
// apart. Of those that ended, four are in TIME_WAIT.
func TestWhoClosesFirstBetweenTwoLooks(t *testing.T) {
	look := func(at float64, begun int64, more ...Group) Namespace {
		n := ofTwenty("a", 1, more...)
		n.SeenS, n.Ports = at, &probe.Ports{Low: 20000, High: 20999, Usable: 1000}
		if begun > 0 {
			n.Begun, n.Counters = &begun, probe.Counters{activeOpens: begun}
		}
		return n
	}
	// ten live ones from a port on, and TIME_WAITs of so many seconds on ports from 20000.
	ten := func(from int, ages ...float64) Group {
		g := group("10.0.0.5", "10.0.0.9:8080", 10, nil)
		for i := range 10 {
			g.LivePorts = append(g.LivePorts, uint16(from+2*i))
		}
		for i, age := range ages {
			g.RemainingMs = append(g.RemainingMs, int32(60000-1000*age))
			g.WaitPorts = append(g.WaitPorts, uint16(20000+2*i))
			g.States[results.StateTimeWait]++
		}
		return g
	}
	others := group("10.0.0.5", "10.0.0.9:81", 5, nil)
	others.LivePorts = []uint16{20001, 20003, 20005, 20007, 20009}
	connecting := ten(20000)
	connecting.States["established"], connecting.States["syn-sent"] = 7, 3
	nan := math.NaN()
	for _, c := range []struct {
		name        string
		before, now Namespace
		least, most float64
	}{
		{"as many have begun as are seen", look(10, 100, ten(20000)), look(12, 110, ten(20100, 0.5, 1, 1, 1.5)), 0.4, 0.4},
		{"ten more have come and gone", look(10, 100, ten(20000)), look(12, 120, ten(20100, 0.5, 1, 1, 1.5)), 0.2, 0.4},
		{
			name:   "five of those are of another destination",
			before: look(10, 100, ten(20000)),
			now:    look(12, 120, ten(20100, 0.5, 1, 1, 1.5), others),
			least:  4. / 15,
			most:   0.4,
		},
		{"it is not known how many have begun", look(10, 0, ten(20000)), look(12, 0, ten(20100, 0.5, 1, 1, 1.5)), 0, 0.4},
		{"three may never have been open", look(10, 100, connecting), look(12, 110, ten(20100, 0.5, 1, 1, 1.5)), 0.4, 4. / 7},
		{"old ones do not count", look(10, 100, ten(20000, 40, 41)), look(12, 110, ten(20100, 42, 43)), 0, 0.0},
		{
			name:   "the same ports again",
			before: look(10, 100, ten(20020, 40, 41, 42, 43)),
			now:    look(12, 110, ten(20100, 0.5, 1, 1, 1.5)),
			least:  4. / 14,
			most:   4. / 14,
		},
		{"a pool", look(10, 100, ten(20000)), look(12, 100, ten(20000)), nan, nan},
		{"one look", Namespace{}, look(12, 110, ten(20100, 0.5, 1, 1, 1.5)), nan, nan},
	} {
		o := Options{Horizon: 60e9}
		if c.before.Name != "" {
			o.Before = &Snapshot{Namespaces: []Namespace{c.before}}
		}
		x := Conclude(&Snapshot{Kernel: "6.18", Namespaces: []Namespace{c.now}}, o).Namespaces[0].Tuples[0]
		for what, pair := range map[string][2]float64{
			"least": {value(x.CloseShareMin), c.least},
			"most":  {value(x.CloseShareMax), c.most},
		} {
			if math.IsNaN(pair[0]) != math.IsNaN(pair[1]) || math.Abs(pair[0]-pair[1]) > 0.0001 {
				t.Errorf("%s: f is %v at the %s, want %v", c.name, pair[0], what, pair[1])
			}
		}
	}
}

func TestWordsForBounds(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		want        string
	}{
		{0.4, 1, "this end ≥ 40.0 %"}, {0, 0.4, "this end ≤ 40.0 %"}, {0.2, 0.4, "this end 20.0 % to 40.0 %"},
		{0.4, 0.4, "this end 40.0 %"}, {1, 1, "this end"}, {0, 0, "other end"}, {0, 1, "?"},
	} {
		if got := (&Tuple{CloseShareMin: &c.least, CloseShareMax: &c.most}).closesFirst(); got != c.want {
			t.Errorf("f from %v to %v is %q, want %q", c.least, c.most, got, c.want)
		}
	}
}
