package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/loadgen"
)

func TestSpansHaveThreeDigits(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0ns", 999: "999ns", 1000: "1.00µs", 9994: "9.99µs", 9996: "10.0µs", 99960: "100µs", 999_400: "999µs", 999_600: "1.00ms",
		35_700: "35.7µs", 1_234_567: "1.23ms", 5e9: "5.00s", 61.4e9: "61.4s", 3600e9: "3600s",
	} {
		if got := span(ns); got != want {
			t.Errorf("%v ns: %s, want %s", ns, got, want)
		}
	}
}

// TestLastLineSaysWhoseLimit: a run that its own host cut short must not read
// like a finding about the target.
func TestLastLineSaysWhoseLimit(t *testing.T) {
	for want, d := range map[string]loadgen.Report{
		"Neither the generator nor the target was the limit: all well.": {Bottleneck: loadgen.LimitNone, Why: "all well"},
		"The target was the limit: slow.":                               {Bottleneck: loadgen.LimitTarget, Why: "slow"},
		"The generator was the limit: busy.":                            {Bottleneck: loadgen.LimitGenerator, Why: "busy"},
		"Invalid, says nothing about the target: no ports.": {
			Bottleneck: loadgen.LimitGenerator,
			Why:        "no ports",
			OwnLimit:   "no ports",
		},
		"Interrupted. The target was the limit: slow.": {
			Bottleneck:  loadgen.LimitTarget,
			Why:         "slow",
			Interrupted: true,
		},
		"Stopped by timeout ×3. The target was the limit: slow.": {
			Bottleneck: loadgen.LimitTarget,
			Why:        "slow",
			StoppedBy:  "timeout ×3",
		},
	} {
		if got := ending(&loadDocument{Report: &d}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestLastLineOfNothing: a load that ended before anything came says so.
func TestLastLineOfNothing(t *testing.T) {
	for want, d := range map[string]loadgen.Report{
		"Nothing answered at a:1: no connection was open before the load ended.":                     {Unfinished: 2},
		"Nothing answered at a:1: it takes connections, and no response came before the load ended.": {Unfinished: 2, ConnectionsOpened: 2},
		"No request succeeded.": {Unfinished: 2, ConnectionsOpened: 2, BytesReceived: 9},
		"Nothing answered at a:1: it closed each connection without a response.": {
			Unfinished:        1,
			ConnectionsOpened: 2,
			Causes:            map[string]int64{loadgen.CauseEmptyReply: 1},
		},
	} {
		d.Addresses = []string{"a:1"}
		if got := nothing(&loadDocument{Report: &d}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRedirectsAreHintedAt(t *testing.T) {
	for _, c := range []struct {
		ok     int64
		status map[int]int64
		want   bool
	}{
		{10, map[int]int64{301: 10}, true},
		{10, map[int]int64{301: 4, 308: 6}, true},
		{10, map[int]int64{301: 10, 404: 3}, true},
		{10, map[int]int64{301: 9, 200: 1}, false},
		{10, map[int]int64{304: 10}, false},
		{0, map[int]int64{503: 10}, false},
	} {
		r := &loadgen.Result{Record: loadgen.Record{Counts: loadgen.Counts{OK: c.ok}, Status: c.status}}
		hints := strings.Join((&loadOptions{}).hints(r), " ")
		if strings.Contains(hints, "redirect (30") != c.want {
			t.Errorf("%v: %q", c.status, hints)
		}
	}
}

func TestIdealConnections(t *testing.T) {
	r := &loadgen.Result{Record: loadgen.Record{Counts: loadgen.Counts{Sent: 101}, Connections: 8}}
	for closeAfter, want := range map[int64]int64{0: 8, 1: 101, 10: 11, 1000: 1} {
		if got := idealConnections(r, closeAfter); got != want {
			t.Errorf("close after %d: %d, want %d", closeAfter, got, want)
		}
	}
}

func TestGapsBetweenMergedLoads(t *testing.T) {
	start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	at := func(from, length time.Duration) *loadDocument {
		return &loadDocument{
			Report: &loadgen.Report{StartUTC: start.Add(from)},
			result: &loadgen.Result{Record: loadgen.Record{EndNs: int64(length)}},
		}
	}
	for name, c := range map[string]struct {
		docs []*loadDocument
		want float64
	}{
		"together":    {[]*loadDocument{at(0, 10*time.Second), at(0, 10*time.Second)}, 0},
		"overlapping": {[]*loadDocument{at(5*time.Second, 10*time.Second), at(0, 10*time.Second)}, 0},
		"one within another": {
			[]*loadDocument{at(0, 10*time.Second), at(time.Second, time.Second), at(9*time.Second, time.Second)},
			0,
		},
		"apart": {[]*loadDocument{at(0, 10*time.Second), at(12*time.Second, time.Second)}, 2},
		"two gaps, unordered": {
			[]*loadDocument{at(30*time.Second, time.Second), at(0, 10*time.Second), at(12*time.Second, 8*time.Second)},
			12,
		},
	} {
		if got := apart(c.docs); got != c.want {
			t.Errorf("%s: %v s, want %v", name, got, c.want)
		}
	}
}

func TestLiveLineIsSilentElsewhere(t *testing.T) {
	var b strings.Builder
	l := newLiveLine(&b)
	l.show(&loadgen.Snapshot{MonoNs: 1e9, Interval: time.Second}, time.Minute)
	l.clear()
	if b.Len() > 0 {
		t.Errorf("%q on what is no terminal", b.String())
	}
	l.say("said")
	if b.String() != "said\n" {
		t.Errorf("%q", b.String())
	}
}
