package openmetrics

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

func text(t testing.TB, run *results.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func example(t testing.TB) *results.Run {
	t.Helper()
	run, err := results.Open("../example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// small is half a second of a run, by hand, with a name that must be escaped.
func small() *results.Run {
	usable := int64(50)
	net := func(t float64, host string, sockets ...results.Sockets) results.Sample {
		if sockets == nil {
			sockets = []results.Sockets{}
		}
		return results.Sample{Host: host, T: t, Net: &results.Net{
			Sockets:    sockets,
			TimeWait:   7,
			CPUSeconds: t / 2,
			Counters: map[string]int64{
				"active_opens":      int64(10 * t),
				"curr_estab":        3,
				"conntrack_entries": 9,
				"conntrack_max":     99,
			},
		}}
	}
	dst := `a"b\c:80`
	return &results.Run{
		Summary: results.Summary{Variants: []results.Variant{{
			Name:      "v",
			Predicted: law.Prediction{Tuples: 50},
			Ports:     results.Ports{Usable: &usable},
		}}},
		Plan: results.Plan{Variants: []results.VariantPlan{{Name: "v"}, {Name: "no-clock"}}},
		Variants: []results.VariantData{
			{Name: "v", Events: []results.Event{{Time: "2026-11-23T10:00:00.250Z", T: new(0.0)}}, Samples: []results.Sample{
				net(0.1, results.HostProxy, results.Sockets{Dst: dst, State: "established", N: 2}),
				{
					Host: results.HostLoad,
					T:    0.1,
					Load: &results.Load{Counts: results.Counts{OK: 3, Scheduled: 5, Sent: 4}, InFlight: 1, P99ms: new(2.5)},
				},
				net(0.3, results.HostProxy, results.Sockets{Dst: dst, State: "time-wait", N: 3}),
				// Out of turn.
				{Host: results.HostLoad, T: 0.05, Load: &results.Load{Counts: results.Counts{OK: 2, Scheduled: 2, Sent: 2}}},
				{Host: results.HostLoad, T: 0.2, Load: &results.Load{Counts: results.Counts{
					OK:        1,
					Failed:    2,
					Scheduled: 2,
					Sent:      2,
				}, Errors: results.Errors{Error99: 2}}},
				{Host: results.HostLoad, T: 0.25, Neighbour: &results.Neighbour{Ms: 0.5, Status: 200}},
				{Host: results.HostLoad, T: 0.35, Neighbour: &results.Neighbour{Ms: 1.5}}, // no answer
				{Host: results.HostLoad, T: 0.45, Neighbour: &results.Neighbour{Ms: 0.7, Status: 502}},
				{Host: results.HostLoad, T: 0.26, Bystander: &results.Bystander{Kind: "backend", Errno: "EADDRNOTAVAIL"}},
				net(0.5, results.HostProxy),
			}},
			{Name: "no-clock", Samples: []results.Sample{net(0.1, results.HostProxy)}},
		},
	}
}

func TestGolden(t *testing.T) {
	got := text(t, small())
	golden.Compare(t, "testdata/small.txt", got)
}

var line = regexp.MustCompile(`^([a-z0-9_]+)(\{[^}]*\}) (\S+) ([0-9]+\.[0-9]{3})$`)

// parsed holds the text to the rules of OpenMetrics that a parser would not
// notice: families and series in one piece, times that rise, counters that do
// not fall. It returns the last value of every series.
func parsed(t *testing.T, text string) map[string]float64 {
	t.Helper()
	body, ok := strings.CutSuffix(text, "# EOF\n")
	if !ok || strings.Contains(body, "# EOF") {
		t.Fatal("the text does not end in the one # EOF")
	}
	last, ended := map[string]float64{}, map[string]bool{}
	var current, series string
	var at float64
	for l := range strings.Lines(body) {
		l = strings.TrimSuffix(l, "\n")
		if name, ok := strings.CutPrefix(l, "# TYPE "); ok {
			current, series = name, ""
			if ended[name] {
				t.Errorf("%s begins twice", name)
			}
			ended[name] = true
			continue
		}
		if strings.HasPrefix(l, "# ") {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("%q is no sample", l)
		}
		name, kind, _ := strings.Cut(current, " ")
		if counts := strings.HasSuffix(m[1], "_total"); strings.TrimSuffix(m[1], "_total") != name ||
			counts != (kind == Counter) {
			t.Errorf("%s stands under %s", m[1], current)
		}
		value, _ := strconv.ParseFloat(m[3], 64)
		when, _ := strconv.ParseFloat(m[4], 64)
		if key := m[1] + m[2]; key != series {
			if _, again := last[key]; again {
				t.Errorf("%s begins twice", key)
			}
			series = key
		} else if when <= at || kind == Counter && value < last[key] {
			t.Errorf("%q: time or counter falls", l)
		}
		at, last[series] = when, value
	}
	return last
}

// TestCountersEndInTheTotals: what is thinned out is points, never counts.
func TestCountersEndInTheTotals(t *testing.T) {
	run := example(t)
	last := parsed(t, text(t, run))
	for i, v := range run.Summary.Variants {
		logged := int64(0) // as sampled: the last lines are read after the last sample
		for _, s := range run.Variants[i].Samples {
			if s.Net != nil && s.Net.Log != nil {
				logged = s.Net.Log.Error99
			}
		}
		for name, want := range map[string]int64{
			`lab99_requests_total{variant="` + v.Name + `",host="load",outcome="ok"}`:             *v.OK,
			`lab99_requests_total{variant="` + v.Name + `",host="load",outcome="error_99"}`:       v.Errors.Error99,
			`lab99_requests_scheduled_total{variant="` + v.Name + `",host="load"}`:                *v.Scheduled,
			`lab99_nginx_log_lines_total{variant="` + v.Name + `",host="proxy",cause="error_99"}`: logged,
			`lab99_tuples{variant="` + v.Name + `"}`:                                              int64(v.Predicted.Tuples),
		} {
			if got, there := last[name]; !there || int64(got) != want {
				t.Errorf("%s ends at %v (%v), want %d", name, got, there, want)
			}
		}
	}
	// The peak is a sample's, and the sample is there.
	peak := 0.0
	waiting := regexp.MustCompile(`(?m)^lab99_sockets\{variant="baseline",host="proxy",state="time-wait",[^}]*\} (\d+)`)
	for _, l := range waiting.FindAllStringSubmatch(text(t, run), -1) {
		n, _ := strconv.ParseFloat(l[1], 64)
		peak = math.Max(peak, n)
	}
	if want := float64(*run.Summary.Variants[0].TimeWait.ProxyPeak); peak != want {
		t.Errorf("TIME_WAIT peaks at %v, want %v", peak, want)
	}
}

// TestLongVariantsHaveAPointPerSecond: and the counters end where they end.
func TestLongVariantsHaveAPointPerSecond(t *testing.T) {
	run := long(90, 1)
	last := parsed(t, text(t, run))
	if got := last[`lab99_requests_total{variant="v0",host="load",outcome="ok"}`]; got != 900 {
		t.Errorf("%v requests, want 900", got)
	}
	n := strings.Count(text(t, run), "lab99_requests_sent_total{")
	if n < 90 || n > 92 {
		t.Errorf("%d points in 90 s, want one per second", n)
	}
}

// TestShortVariantsHaveAPointAtLeastEverySecond: a level that stays is not one
// that is gone.
func TestShortVariantsHaveAPointAtLeastEverySecond(t *testing.T) {
	run := long(20, 1)
	if n := strings.Count(text(t, run), `lab99_tcp_level{variant="v0",host="proxy",level="curr_estab"}`); n != 20 {
		t.Errorf("%d points of a constant in 20 s at 10 samples a second, want 20", n)
	}
}

// TestThin: nothing that was counted is lost, of each kind and host one sample
// is left, and they are in order.
func TestThin(t *testing.T) {
	load := func(at, most float64) results.Sample {
		return results.Sample{
			Host: results.HostLoad,
			T:    at,
			Load: &results.Load{
				IntervalS: 0.1,
				Counts:    results.Counts{Scheduled: 1, Sent: 2, OK: 3, Failed: 4, Late: 5, Queued: 6, Dropped: 7},
				Errors:    results.Errors{Error99: 8, NoLiveUpstreams: 9, Other: 10},
				InFlight:  int64(10 * at),
				P50ms:     new(at),
				MaxMs:     new(most),
			},
		}
	}
	net := func(at float64, host string, sockets []results.Sockets) results.Sample {
		return results.Sample{Host: host, T: at, Net: &results.Net{Sockets: sockets, TimeWait: int64(10 * at)}}
	}
	some := []results.Sockets{{N: 1}}
	got := thin([]results.Sample{
		load(0.1, 9), net(0.1, "proxy", some), net(0.15, "proxy", nil), net(0.2, "backend", some),
		{Host: "load", T: 0.3, Neighbour: &results.Neighbour{Ms: 1}},
		{Host: "load", T: 0.4, Neighbour: &results.Neighbour{Ms: 2}}, net(0.6, "proxy", some), load(0.9, 4), load(1.1, 1),
	})
	var kinds []string
	for i, s := range got {
		kinds = append(kinds, fmt.Sprintf("%s %g", s.Host, s.T))
		if i > 0 && s.T < got[i-1].T {
			t.Errorf("%g comes after %g", s.T, got[i-1].T)
		}
	}
	if diff := cmp.Diff([]string{
		"proxy 0.15", "backend 0.2", "load 0.3", "load 0.4", "proxy 0.6", "load 0.9", "load 1.1",
	}, kinds); diff != "" {
		t.Error(diff)
	}
	want := &results.Load{
		IntervalS: 0.2,
		Counts:    results.Counts{Scheduled: 2, Sent: 4, OK: 6, Failed: 8, Late: 10, Queued: 12, Dropped: 14},
		Errors:    results.Errors{Error99: 16, NoLiveUpstreams: 18, Other: 20},
		InFlight:  9,
		P50ms:     new(0.9),
		MaxMs:     new(9.0),
	}
	if diff := cmp.Diff(want, got[5].Load); diff != "" {
		t.Error(diff)
	}
}

// TestPromtoolReadsIt: Prometheus's own parser of OpenMetrics takes the real
// run, every sample of it, and its linter has nothing against the names.
func TestPromtoolReadsIt(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool on the PATH: the package prometheus has it")
	}
	for name, run := range map[string]*results.Run{"example": example(t), "small": small(), "empty": {}} {
		body := text(t, run)
		dir := t.TempDir()
		file := filepath.Join(dir, File)
		filetest.Write(t, file, body)
		out, err := exec.Command(tool, "tsdb", "create-blocks-from",
			"openmetrics", file, filepath.Join(dir, "data")).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		samples := strings.Count(body, "\n") - strings.Count(body, "\n#") - 1
		if name == "example" && !strings.Contains(string(out), strconv.Itoa(samples)) {
			t.Errorf("%s: not all of %d samples were taken: %s", name, samples, out)
		}
		// The linter reads the older text format: no timestamps of seconds, one
		// value per series, and help under the sample's name.
		seen := map[string]bool{}
		var old strings.Builder
		for l := range strings.Lines(body) {
			if m := line.FindStringSubmatch(strings.TrimSuffix(l, "\n")); m != nil && !seen[m[1]+m[2]] {
				seen[m[1]+m[2]] = true
				old.WriteString(m[1] + m[2] + " " + m[3] + "\n")
			} else if f := strings.Fields(l); m == nil && len(f) > 3 && f[1] != "UNIT" {
				if strings.Contains(body, "# TYPE "+f[2]+" counter") {
					f[2] += "_total"
				}
				old.WriteString(strings.Join(f, " ") + "\n")
			}
		}
		lint := exec.Command(tool, "check", "metrics")
		lint.Stdin = strings.NewReader(old.String())
		if out, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// long is a run of so many seconds at ten samples per second and host.
func long(seconds, variants int) *results.Run {
	run := &results.Run{}
	for v := range variants {
		name := "v" + strconv.Itoa(v)
		zero := 0.0
		d := results.VariantData{
			Name:   name,
			Events: []results.Event{{Time: time.Date(2026, 11, 23, 10, v*20, 0, 0, time.UTC).Format(time.RFC3339), T: &zero}},
		}
		for i := range 10 * seconds {
			at := float64(i) / 10
			d.Samples = append(d.Samples, results.Sample{Host: results.HostLoad, T: at, Load: &results.Load{
				Counts: results.Counts{OK: 1, Sent: 1, Scheduled: 1},
				P50ms:  &at,
				P99ms:  &at,
				MaxMs:  &at,
			}},
				results.Sample{Host: results.HostLoad, T: at, Neighbour: &results.Neighbour{Ms: at, Status: 200}})
			for _, host := range []string{results.HostProxy, results.HostBackend} {
				var sockets []results.Sockets
				for _, dst := range []string{"198.18.0.3:8080", "198.18.0.4:8080", "198.18.0.5:8080"} {
					for _, state := range []string{"established", "time-wait", "syn-sent"} {
						sockets = append(sockets, results.Sockets{Dst: dst, State: state, N: int64(i)})
					}
				}
				d.Samples = append(d.Samples, results.Sample{Host: host, T: at, Net: &results.Net{
					Sockets:    sockets,
					TimeWait:   int64(i),
					CPUSeconds: at,
					Log:        &results.Errors{},
					Counters: map[string]int64{
						"active_opens":      int64(i),
						"passive_opens":     int64(i),
						"time_wait_created": int64(i),
						"curr_estab":        3,
					},
				}})
			}
		}
		run.Plan.Variants = append(run.Plan.Variants, results.VariantPlan{Name: name})
		run.Variants = append(run.Variants, d)
	}
	return run
}

// BenchmarkTenMinutes is the text of five variants of ten minutes each.
func BenchmarkTenMinutes(b *testing.B) {
	run := long(600, 5)
	b.ReportAllocs()
	for b.Loop() {
		text(b, run)
	}
}

// TestASecondTimeIsTheSame: no order of a map shows.
func TestASecondTimeIsTheSame(t *testing.T) {
	run := charttest.Quick()
	if first, second := text(t, run), text(t, run); first != second {
		t.Error("it differs")
	}
}
