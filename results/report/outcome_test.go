package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
	"github.com/lab99/lab99/results/chart/charttest"
)

// pageOf is a page of variants, the first of which the others are told from.
func pageOf(kind string, variants ...variant) *page {
	p := &page{Run: &results.Run{Plan: results.Plan{Kind: kind}}, Variants: variants}
	for i := range p.Variants[1:] {
		p.Variants[i+1].base = &p.Variants[0]
	}
	return p
}

func named(name, verdict string, change ...string) variant {
	v := variant{View: results.View{
		Variant: results.Variant{Name: name, Verdict: verdict}, Plan: results.VariantPlan{Name: name, Change: change},
	}}
	if verdict == "reproduced" || verdict == "postponed" {
		v.FirstError = new(float64)
	}
	return v
}

func names(vs []variant) string {
	var all []string
	for _, v := range vs {
		all = append(all, v.Name)
	}
	return strings.Join(all, " ")
}

// TestWhatAMeetingMayConclude: a change is rolled out if it is one to the servers,
// held under the load that the baseline failed under, and does no harm.
func TestWhatAMeetingMayConclude(t *testing.T) {
	failed := named("baseline", "reproduced")
	for _, c := range []struct {
		name, kind                     string
		rows                           []variant
		fixed, unfixed, hidden, others string
	}{
		{
			name: "the main scenario",
			kind: "failure",
			rows: []variant{
				failed,
				named("keepalive", "mitigated", "proxy.keepalive: 20"),
				named("multi-ip", "postponed", "backend.addresses: 3"),
			},
			fixed:   "keepalive",
			unfixed: "multi-ip",
		},
		{
			name:   "a harm",
			kind:   "harm",
			rows:   []variant{failed, named("buckets", "mitigated", "proxy.sysctls.net.ipv4.tcp_max_tw_buckets: 150")},
			hidden: "buckets",
		},
		{
			name:   "a harm by any name",
			rows:   []variant{failed, named("buckets", "mitigated", "proxy.sysctls.net.ipv4.tcp_max_tw_buckets: 150")},
			hidden: "buckets",
		},
		{"less load", "failure", []variant{failed, named("below", "mitigated", "rate: 240")}, "", "", "", "below"},
		{
			name: "a change and another load",
			kind: "mitigation",
			rows: []variant{failed, named("delay", "mitigated", "proxy.sysctls.net.ipv4.tcp_tw_reuse_delay: 100", "rate: 400")},
		},
		{
			name:  "watched for another time",
			kind:  "mitigation",
			rows:  []variant{failed, named("pool", "mitigated", "proxy.keepalive: 20", "duration: 5s")},
			fixed: "pool",
		},
		{
			name:   "a knob of the test",
			kind:   "failure",
			rows:   []variant{failed, named("faster", "mitigated", "backend.delay: 50ms")},
			others: "faster",
		},
		{
			name: "nothing was broken",
			kind: "mitigation",
			rows: []variant{named("baseline", "mitigated"), named("keepalive", "mitigated", "proxy.keepalive: 20")},
		},
		{
			name: "the kernel's default",
			kind: "failure",
			rows: []variant{
				named("reuse-0", "reproduced", "proxy.sysctls.net.ipv4.tcp_tw_reuse: 0"),
				named("default", "mitigated", "proxy.sysctls.net.ipv4.tcp_tw_reuse: 2"),
			},
			others: "default",
		},
		{
			name: "a baseline that was not run",
			kind: "mitigation",
			rows: []variant{
				func() variant { v := named("baseline", "not-run"); v.NotRun = true; return v }(),
				named("keepalive", "mitigated", "proxy.keepalive: 20"),
			},
		},
		{
			name: "one that proves nothing",
			kind: "mitigation",
			rows: []variant{failed, named("keepalive", "invalid", "proxy.keepalive: 20")},
		},
		{
			name:  "a baseline with changes of its own",
			kind:  "mitigation",
			rows:  []variant{named("off", "reproduced", "proxy.sysctls.net.ipv4.tcp_tw_reuse: 0"), named("below", "mitigated")},
			fixed: "below",
		},
	} {
		p := pageOf(c.kind, c.rows...)
		if f, u, h, o := names(p.Fixed()), names(p.Unfixed()), names(p.Hidden()), names(p.NoChange()); f != c.fixed ||
			u != c.unfixed || h != c.hidden || o != c.others {
			t.Errorf("%s: fixed %q, unfixed %q, hidden %q, no change %q", c.name, f, u, h, o)
		}
	}
}

// TestTheFixIsTheDifference from the first variant, which may have changes itself.
func TestTheFixIsTheDifference(t *testing.T) {
	p := pageOf("", named("ejected", "reproduced", "proxy.max_fails: 1", "proxy.http: 1.0"), named("all", "reproduced"),
		named("same", "reproduced", "proxy.max_fails: 1", "proxy.http: 1.0"), named("more", "reproduced",
			"proxy.max_fails: 1", "proxy.http: 1.1"))
	for i, want := range []string{"the baseline: proxy.max_fails: 1; proxy.http: 1.0",
		"proxy.max_fails: 0; proxy.http: as in the scenario", "nothing changed", "proxy.http: 1.1"} {
		if got := p.Variants[i].Fix(); got != want {
			t.Errorf("%s is %q, want %q", p.Variants[i].Name, got, want)
		}
	}
}

// TestCardsGoByTheDirection: a smaller pool is another change than a larger one,
// and the baseline has no card.
func TestCardsGoByTheDirection(t *testing.T) {
	large, small := named("large", "not-reproduced"), named("small", "mitigated", "proxy.keepalive: 4")
	large.Plan.Keepalive, small.Plan.Keepalive = 64, 4
	all := pageOf("", large, small).Rollouts()
	if len(all) != 1 || len(all[0].Cards) != 1 || all[0].Cards[0].Name != smallerPool.Name {
		t.Errorf("cards %+v", all)
	}
	large, small = named("small", "reproduced", "proxy.keepalive: 4"), named("large", "mitigated", "proxy.keepalive: 64")
	large.Plan.Keepalive, small.Plan.Keepalive = 4, 64
	if all = pageOf("", large, small).Rollouts(); len(all) != 1 || all[0].Cards[0].Name == smallerPool.Name {
		t.Errorf("cards of a larger pool %+v", all)
	}
}

// TestCauseNamesWhatHeldTheTuples: TIME_WAIT, FIN_WAIT2 or requests under way, and
// where ports played no part, what nginx logged.
func TestCauseNamesWhatHeldTheTuples(t *testing.T) {
	at := 1.7
	failing := func(state string) variant {
		v := named("baseline", "reproduced")
		v.FirstError, v.Predicted.Tuples, v.Predicted.HoldS = &at, 100, 61
		v.Data = results.VariantData{Samples: []results.Sample{{
			T:    2,
			Host: results.HostProxy,
			Net:  &results.Net{Sockets: []results.Sockets{{Dst: "198.18.99.20:8080", State: state, N: 100}}},
		}}}
		return v
	}
	n, peak := int64(59), int64(20)
	other := named("race", "not-reproduced")
	other.Failed, other.Ports.PeakUsed, other.Predicted.Tuples = &n, &peak, 28232
	other.Data = results.VariantData{LogExcerpt: []string{"# 59 × [error] upstream prematurely closed connection",
		"2026/01/01 [error] …"}}
	silent := other
	silent.Data = results.VariantData{}
	ejected := failing(results.StateTimeWait)
	ejected.Errors = &results.Errors{Error99: 1, NoLiveUpstreams: 500}
	heldDown := ejected
	heldDown.Proxy = "Varnish"
	for _, c := range []struct {
		name      string
		v         variant
		says, not string
	}{
		{"TIME_WAIT", failing(results.StateTimeWait), "stays in TIME_WAIT for about 61 s", "under way"},
		{"FIN_WAIT2", failing(results.StateFinWait2), "in FIN_WAIT2", "stays in TIME_WAIT"},
		{"requests under way", failing(results.StateEstablished), "hold R·t", "stays in TIME_WAIT"},
		{
			name: "another failure",
			v:    other,
			says: "at most 20 of 28,232 tuples were taken. nginx's most frequent error, logged 59 times: " +
				"“[error] upstream prematurely closed connection”.",
			not: "TIME_WAIT",
		},
		{"a failure nobody logged", silent, "nginx logged nothing: 59 requests", "TIME_WAIT"},
		{"peers marked down", ejected, `500 requests were then answered "no live upstreams"`, "hold R·t"},
		{"a backend held down", heldDown, "Varnish then held its backend down: 500 requests failed without a try.", "nginx"},
	} {
		got := c.v.Cause()
		if !strings.Contains(got, c.says) || strings.Contains(got, c.not) {
			t.Errorf("%s: %q, want %q in it and not %q", c.name, got, c.says, c.not)
		}
	}
}

// TestTimelineOfFailures: of any kind, at a rate over whole seconds, and with a
// recovery only if it lasts.
func TestTimelineOfFailures(t *testing.T) {
	var samples []results.Sample
	load := func(from, to float64, ok, failed int64) {
		for s := from; s < to-1e-9; s += 0.1 {
			samples = append(samples, results.Sample{
				T:    s + 0.1,
				Host: results.HostLoad,
				Load: &results.Load{
					IntervalS: 0.1,
					Counts:    results.Counts{OK: ok, Failed: failed},
					Errors:    results.Errors{Other: failed},
				},
			})
		}
	}
	load(0, 1.5, 20, 0)
	load(1.5, 60, 0, 20)
	load(60, 63, 20, 0)
	back, end := 60.0, 63.0
	v := named("x", "not-reproduced")
	v.OfferedPerS, v.RecoveredS, v.LoadEndS = 200, &back, &end
	says := func() string {
		v.Data = results.VariantData{Samples: samples}
		var all []string
		for _, m := range timeline(&v) {
			all = append(all, m.T()+" "+m.What)
		}
		return strings.Join(all, "\n")
	}
	got := says()
	for _, want := range []string{"1.60 s first failure, of another kind", "failures peak at 200 per second",
		"60.00 s last failure", "60.00 s recovery: requests succeed again"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	load(63, 70, 0, 20)
	if got := says(); !strings.Contains(got, "60.00 s ports come back for a while") ||
		!strings.Contains(got, "70.00 s last failure") {
		t.Errorf("of a recovery that did not last:\n%s", got)
	}
}

// TestNoFigureOfAnEarlierReportStays: one that says nothing any more is removed,
// and a file of somebody else's is not.
func TestNoFigureOfAnEarlierReportStays(t *testing.T) {
	t.Parallel()
	dir := charttest.Save(t, t.TempDir(), charttest.Quick())
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	charts := filepath.Join(dir, ChartsDir)
	if err := os.WriteFile(filepath.Join(charts, "mine.svg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := dropFigures(dir, []chart.Figure{{ID: "comparison"}, {ID: "cliff"}}); err != nil {
		t.Fatal(err)
	}
	for name, stays := range map[string]bool{
		"comparison.svg":         true,
		"cliff.png":              true,
		"mine.svg":               true,
		"stack-baseline.csv":     true,
		"predicted-measured.svg": false,
		"time-wait-sides.json":   false,
	} {
		if _, err := os.Stat(filepath.Join(charts, name)); (err == nil) != stays {
			t.Errorf("%s stays: %v, want %v", name, err == nil, stays)
		}
	}
}
