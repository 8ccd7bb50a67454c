package lab

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/schedule"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

func resolve(t *testing.T, size string, set ...string) *scenarios.Resolved {
	t.Helper()
	return resolved(t, "port-exhaustion", size, set...)
}

func resolved(t *testing.T, scenario, size string, set ...string) *scenarios.Resolved {
	t.Helper()
	s, err := scenarios.Load(scenario)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(size, set)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func planOf(t *testing.T, size string, set ...string) *results.Plan {
	t.Helper()
	p, err := Plan(resolve(t, size, set...), "docker", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPredictions holds the plan of the main scenario against the table of
// what its runs must show.
func TestPredictions(t *testing.T) {
	for _, tc := range []struct {
		size     string
		variant  int
		tuples   int
		first    float64 // 0: never
		verdict  string
		collapse float64 // 0: none
	}{
		{"quick", 0, 500, 2.5, "reproduced", 0},
		{"quick", 1, 500, 0, "mitigated", 0},
		{"quick", 2, 500, 0, "mitigated", 0},
		{"quick", 3, 1500, 7.5, "postponed", 0},
		{"standard", 0, 4096, 4.096, "reproduced", 0},
		{"standard", 3, 12288, 12.288, "postponed", 0},
		{"full", 0, 28232, -1, "reproduced", 7.058},
	} {
		v := planOf(t, tc.size).Variants[tc.variant]
		p := v.Predicted
		if p.Tuples != tc.tuples || p.Verdict != tc.verdict {
			t.Errorf("%s %s: %d tuples, %s; want %d, %s", tc.size, v.Name, p.Tuples, p.Verdict, tc.tuples, tc.verdict)
		}
		switch {
		case tc.first == 0 && p.FirstError99S != nil:
			t.Errorf("%s %s: error 99 predicted at %v s, want never", tc.size, v.Name, *p.FirstError99S)
		case tc.first > 0 && (p.FirstError99S == nil || *p.FirstError99S != tc.first):
			t.Errorf("%s %s: first error 99 %v, want %v s", tc.size, v.Name, p.FirstError99S, tc.first)
		case tc.first > 0 && *p.OKBeforeError99 != tc.tuples:
			t.Errorf("%s %s: %d ok before it, want %d", tc.size, v.Name, *p.OKBeforeError99, tc.tuples)
		}
		if tc.collapse > 0 && (p.CollapseS == nil || *p.CollapseS != tc.collapse) {
			t.Errorf("%s %s: collapse %v, want %v s", tc.size, v.Name, p.CollapseS, tc.collapse)
		}
	}
}

func TestSetMovesThePrediction(t *testing.T) {
	p := planOf(t, "quick", "size.ports=737", "size.rate=91", "size.duration=15s")
	for i, tuples := range []int{737, 0, 0, 3 * 737} { // 0: never
		got := p.Variants[i].Predicted
		switch {
		case tuples == 0 && got.FirstError99S != nil:
			t.Errorf("%s: first error 99 at %v s, want never", p.Variants[i].Name, *got.FirstError99S)
		case tuples == 0:
		case got.FirstError99S == nil || *got.FirstError99S != float64(tuples)/91 || *got.OKBeforeError99 != tuples:
			t.Errorf("%s: %+v, want the first error 99 at %v s, after %d successes",
				p.Variants[i].Name, got, float64(tuples)/91, tuples)
		}
	}
	if p.Hash == planOf(t, "quick").Hash {
		t.Error("two different plans have one hash")
	}
	first, again := planOf(t, "quick"), planOf(t, "quick")
	if first.Hash != again.Hash {
		t.Error("one plan has two hashes")
	}
}

// TestTheBackendEndsThePool: MaxKeepAliveRequests 0 is no end of requests, and
// KeepAlive Off one request a connection, whatever nginx would keep.
func TestTheBackendEndsThePool(t *testing.T) {
	for set, want := range map[string]string{
		"backend.keepalive_requests=600": "mitigated",
		"backend.keepalive_requests=0":   "mitigated",
		"backend.keepalive=off":          "reproduced",
	} {
		if v := planOf(t, "quick", set).Variants[1]; v.Predicted.Verdict != want {
			t.Errorf("%s: %s is predicted to be %s, want %s", set, v.Name, v.Predicted.Verdict, want)
		}
	}
}

func TestRecorderPutsSamplesOnTheLoadsClock(t *testing.T) {
	store := &results.Store{Dir: t.TempDir()}
	file, err := store.AppendLines("v/" + results.SamplesFile)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	r := newRecorder(file, func(results.Sample) { seen++ })
	r.take("proxy", agent.Record{Seq: 1, Mono: 900e6, Net: &results.Net{}}) // before t = 0 is known
	r.take("load", agent.Record{Seq: 1, Mono: 950e6, Started: &agent.Started{StartNs: 1000e6}})
	r.take("load", agent.Record{Seq: 2, Mono: 1100e6, Load: &results.Load{Counts: results.Counts{OK: 7}}})
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	got := r.samples()
	if len(got) != 2 || seen != 2 || got[0].T != -0.1 || got[1].T != 0.1 || got[1].Load.OK != 7 {
		t.Errorf("samples %+v, seen %d", got, seen)
	}
	select {
	case <-r.started:
	default:
		t.Error("the start is not announced")
	}
}

// TestFullTablesAreFaults: a kernel table that is full before the ports are
// would hide the exhaustion, so the run is invalid before it begins.
func TestFullTablesAreFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		key, value string
		set        []string
		fault      bool
	}{
		"room in both":     {"net.ipv4.tcp_max_tw_buckets", "131072", nil, false},
		"few buckets":      {"net.ipv4.tcp_max_tw_buckets", "300", nil, true},
		"a full conntrack": {"net.netfilter.nf_conntrack_max", "300", nil, true},
		"no such table":    {"net.netfilter.nf_conntrack_max", "", nil, false},
		"the scenario is about buckets": {
			key:   "net.ipv4.tcp_max_tw_buckets",
			value: "300",
			set:   []string{"proxy.sysctls.net.ipv4.tcp_max_tw_buckets=300"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := resolve(t, "quick", tc.set...)
			p, err := Plan(r, "docker", 2, "")
			if err != nil {
				t.Fatal(err)
			}
			x := &variantRun{o: &Options{Driver: &fakeDriver{}}, v: r.Variants[0], plan: p.Variants[0]}
			faults := x.fullTables(results.HostEnv{UsablePorts: 500, Sysctls: map[string]string{tc.key: tc.value}})
			if got := len(faults) > 0; got != tc.fault {
				t.Errorf("faults %v, want any: %v", faults, tc.fault)
			}
		})
	}
}

func TestEstimateCountsTheStopCondition(t *testing.T) {
	// 2.5+5, 10, 10, and 7.5+5 cut at 10 seconds of load, and 2 around each.
	p := planOf(t, "quick")
	if got, want := schedule.New(2, 1, false, "").Makespan(jobs(p)).Seconds(), 7.5+10+10+10+4*2.0; got != want {
		t.Errorf("one after the other: estimate %v s, want %v", got, want)
	}
	if got := Estimate(p, driver.Machine{CPUs: 2}).Seconds(); got != 12 {
		t.Errorf("all at once: estimate %v s, want 12", got)
	}
}

func TestLogTextCountsBeforeItQuotes(t *testing.T) {
	o := &agent.Observed{ByText: map[string]int64{"b": 2, "a": 2, "c": 5}, Excerpt: []string{"line"}}
	if got, want := logText(o), "# 5 × c\n# 2 × a\n# 2 × b\nline\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRunNamesFitContainers(t *testing.T) {
	dir := filepath.Join("x", "20261123-053015-port-exhaustion-quick")
	if got := runName(dir); strings.ContainsAny(got, `/\ `) || !strings.HasPrefix(got, filepath.Base(dir)) {
		t.Error(got)
	}
}

func TestExitCodes(t *testing.T) {
	yes, no := true, false
	for _, tc := range []struct {
		s    results.Summary
		want int
	}{
		{results.Summary{AsExpected: &yes}, 0},
		{results.Summary{AsExpected: &no, Variants: []results.Variant{{Verdict: "error"}}}, 1},
		{results.Summary{Variants: []results.Variant{{Verdict: "invalid"}}}, 2},
		{results.Summary{Variants: []results.Variant{{Verdict: "inconclusive"}}}, 2},
		{results.Summary{Variants: []results.Variant{{Verdict: "error"}}}, 70},
	} {
		if got := ExitCode(tc.s); got != tc.want {
			t.Errorf("as expected %v, %v: exit code %d, want %d", tc.s.AsExpected, tc.s.Variants, got, tc.want)
		}
	}
}
