package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// side makes a side of so many runs, each with a p99 of its own: a tenth above
// that of the run before.
func side(label string, n int, p99 float64, change func(i int, r *results.Run)) Side {
	s := Side{Label: label}
	for i := range n {
		run := charttest.Run(fmt.Sprintf("20261123-1300%02d-port-exhaustion-tiny", i), "tiny",
			charttest.Case{Name: "baseline", Verdict: "reproduced", Tuples: 50, RatePerS: 50, Duration: 2, Churn: 1},
			charttest.Case{Name: "keepalive", Verdict: "mitigated", Tuples: 50, RatePerS: 50, Duration: 2})
		for j := range run.Summary.Variants {
			run.Summary.Variants[j].LatencyOK.P99 = p99 + float64(i)/10
		}
		if change != nil {
			change(i, run)
		}
		s.Runs = append(s.Runs, run)
	}
	return s
}

func compare(t *testing.T, sides ...Side) *Result {
	t.Helper()
	r, err := Compare(sides)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Compare(t, b); err != nil {
		t.Errorf("the JSON does not fit its schema: %v", err)
	}
	return r
}

func value(t *testing.T, r *Result, variant, metric string, side int) Value {
	t.Helper()
	for _, v := range r.Variants {
		for _, m := range v.Metrics {
			if v.Name == variant && m.Name == metric {
				return m.Sides[side]
			}
		}
	}
	t.Fatalf("no %s of %s", metric, variant)
	return Value{}
}

// TestDifferencesAreShownOnlyWhereTheyAre: sides that lie apart differ, the same
// side twice does not, and a figure that is one number throughout does not.
func TestDifferencesAreShownOnlyWhereTheyAre(t *testing.T) {
	a, b := side("before", 6, 2, nil), side("after", 6, 4, nil)
	r := compare(t, a, b)
	if !r.AllValid() || r.VerdictsDiffer() {
		t.Fatalf("valid %v, verdicts differ %v: %v", r.AllValid(), r.VerdictsDiffer(), r.Invalid)
	}
	p99 := value(t, r, "keepalive", "latency p99", 1)
	if !*p99.Differs || *p99.P > 0.05 || *p99.Change < 0.88 || *p99.Change > 0.90 { // 4.25 over 2.25
		t.Errorf("p99 %+v, want a difference of 89 %%", p99)
	}
	if *p99.Median != 4.25 || *p99.Low != 4.0 || *p99.High != 4.5 {
		t.Errorf("median %v [%v, %v], want 4.25 [4, 4.5]: all of six values", *p99.Median, *p99.Low, *p99.High)
	}
	if ok := value(t, r, "baseline", "ok", 1); *ok.Differs || *ok.P != 1 || ok.Change != nil {
		t.Errorf("ok %+v, want none shown: it is the same in all runs", ok)
	}
	same := compare(t, a, side("again", 6, 2, nil))
	if p := value(t, same, "keepalive", "latency p99", 1); *p.Differs {
		t.Errorf("a side differs from itself: %+v", p)
	}
}

// TestConstantsThatAreApartDiffer: ties within each side are no excuse.
func TestConstantsThatAreApartDiffer(t *testing.T) {
	set := func(ok int64) func(int, *results.Run) {
		return func(_ int, r *results.Run) { r.Summary.Variants[0].OK = &ok }
	}
	r := compare(t, side("a", 5, 2, set(500)), side("b", 5, 2, set(250)))
	if ok := value(t, r, "baseline", "ok", 1); !*ok.Differs || *ok.Change != -0.5 {
		t.Errorf("ok %+v, want a difference of -50 %%", ok)
	}
}

// TestTooFewRunsShowNothing: however far apart they are, and it says so.
func TestTooFewRunsShowNothing(t *testing.T) {
	for n := 1; n < runsForDifference; n++ {
		r := compare(t, side("a", n, 1, nil), side("b", n, 1000, nil))
		v := value(t, r, "keepalive", "latency p99", 1)
		if *v.Differs || v.Low != nil || v.High != nil {
			t.Errorf("%d runs: %+v, want neither a difference nor an interval", n, v)
		}
		notes := strings.Join(r.Notes, " ")
		tooFew := strings.Contains(notes, "figures of b and of a: that takes 4 on each side")
		if !tooFew || strings.Contains(notes, "by chance") {
			t.Errorf("%d runs: the notes are %q", n, r.Notes)
		}
	}
	r := compare(t, side("a", runsForDifference, 1, nil), side("b", runsForDifference, 1000, nil))
	if v := value(t, r, "keepalive", "latency p99", 1); !*v.Differs {
		t.Errorf("%d runs: %+v, want a difference", runsForDifference, v)
	}
	for n := runsForInterval - 1; n <= runsForInterval; n++ {
		r := compare(t, side("a", n, 1, nil))
		if v := value(t, r, "keepalive", "latency p99", 0); (v.Low != nil) != (n == runsForInterval) {
			t.Errorf("%d runs: %+v", n, v)
		}
	}
}

// TestNeverIsLaterThanAny: a side where error 99 came half as often differs from
// one where it always does, and has no median; what was not measured says
// nothing.
func TestNeverIsLaterThanAny(t *testing.T) {
	none := func(from int, measured bool) func(int, *results.Run) {
		return func(i int, r *results.Run) {
			if v := &r.Summary.Variants[0]; i >= from {
				v.FirstError = nil
				if v.Errors = nil; measured {
					v.Errors = &results.Errors{}
				}
			}
		}
	}
	base := side("a", 6, 2, nil)
	for _, c := range []struct {
		from          int
		measured      bool
		text          string
		differs, some bool
	}{
		{6, true, "1.003", false, true},
		{5, true, "1.003, none in 1 of 6", false, true},
		{3, true, "none in 3 of 6, else 1.003 … 1.003", false, false},
		{2, true, "none in 4 of 6, else 1.003 … 1.003", false, false},
		{1, true, "none in 5 of 6, else 1.003 … 1.003", true, false},
		{0, true, "none", true, false},
		{3, false, "1.003, not measured in 3 of 6", false, true},
	} {
		v := value(t, compare(t, base, side("b", 6, 2, none(c.from, c.measured))), "baseline", "first error 99", 1)
		if v.String() != c.text || *v.Differs != c.differs || (v.Median != nil) != c.some || v.Change != nil || v.N != c.from {
			t.Errorf("from %d: %q, differs %v, %+v", c.from, v, *v.Differs, v)
		}
	}
	nothing := compare(t, base, side("b", 6, 2, none(0, false)))
	if v := value(t, nothing, "baseline", "first error 99", 1); v.P != nil || v.String() != "not measured" {
		t.Errorf("nothing measured: %q, %+v", v, v)
	}
}

// TestSharesDifferInPoints: a percentage of a percentage is misread.
func TestSharesDifferInPoints(t *testing.T) {
	b := side("b", 4, 2, func(_ int, r *results.Run) {
		ok, failed := int64(80), int64(20)
		r.Summary.Variants[0].OK, r.Summary.Variants[0].Failed = &ok, &failed
	})
	var text bytes.Buffer
	if err := compare(t, side("a", 4, 2, nil), b).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !regexp.MustCompile(`failed share, % +50 +20 +-30\.0 points +0\.029`).MatchString(got) {
		t.Error(got)
	}
}

// TestChanceHits: the note adds up what each test really does, and says nothing
// where none can.
func TestChanceHits(t *testing.T) {
	notes := func(n int) string {
		return strings.Join(compare(t, side("a", n, 2, nil), side("b", n, 4, nil)).Notes, " ")
	}
	// Two figures that vary, 4 against 4: 2 of 70 arrangements each.
	if got := notes(4); !strings.Contains(got, "Of 21 tests of figures about 0.057 show one by chance") {
		t.Error(got)
	}
}

// TestOtherQuestionsAreInvalid: no difference is told of them, and the reason
// is. What was asked of one variant is not held against another.
func TestOtherQuestionsAreInvalid(t *testing.T) {
	edited := func(old, new string) func(r *results.Run) {
		return func(r *results.Run) {
			r.Plan.Source, r.Variants[1].ProxyConf = "0123456789abcdef", strings.ReplaceAll(r.Variants[1].ProxyConf, old, new)
		}
	}
	for name, c := range map[string]struct {
		change func(r *results.Run)
		says   string
		whole  bool // nothing can be compared
	}{
		"scenario": {func(r *results.Run) { r.Plan.Scenario = "other" }, "scenario other, not port-exhaustion", true},
		"size":     {func(r *results.Run) { r.Plan.Size = "full" }, "size full, not tiny", true},
		"seed":     {func(r *results.Run) { r.Plan.Seed = 7 }, "seed 7, not 1", true},
		"rate":     {func(r *results.Run) { r.Plan.Variants[1].RatePerS = 60 }, "rate_per_s is 60, not 50", false},
		"ports":    {func(r *results.Run) { r.Plan.Variants[1].PortHigh++ }, "port_high is 20050, not 20049", false},
		"stop": {
			change: func(r *results.Run) { s := 5.0; r.Plan.Variants[1].StopAfterS = &s },
			says:   "stop_after_error_99_s is 5, not nothing",
		},
		"sysctl": {func(r *results.Run) { r.Plan.Variants[1].Sysctls = map[string]string{"net.ipv4.tcp_tw_reuse": "1"} },
			"sysctls.net.ipv4.tcp_tw_reuse is 1, not 0", false},
		"own": {func(r *results.Run) { r.Variants[1].ProxyConf = "events {}\n" }, `nginx.conf has "events {}"`, false},
		"everything": {func(r *results.Run) {
			v := &r.Plan.Variants[1]
			v.RatePerS, v.Connections, v.TimeoutS, v.Workers, v.DurationS, v.Method = 1, 2, 3, 4, 5, "POST"
		}, "connections is 2, not 64, duration_s is 5, not 2, method is POST, not nothing, rate_per_s is 1, " +
			"not 50, and 2 more", false},
		"setting": {func(r *results.Run) {
			r.Plan.Variants[1].Settings = map[string]string{"proxy.brand_new": "7", "proxy.image": "x"}
		},
			"proxy.brand_new is 7, not nothing", false},
		"configuration": {edited("keepalive 20", "keepalive 2"), `nginx.conf has "keepalive 2;", not "keepalive 20;"`, false},
		"--set": {func(r *results.Run) {
			r.Plan.Set, r.Variants[1].BackendConf = []string{"backend.keepalive=off"}, "KeepAlive Off\n"
		}, `httpd.conf has "KeepAlive Off", not "KeepAlive On"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(_ int, r *results.Run) {
				r.Variants[1].BackendConf = "KeepAlive On\n"
				if name == "setting" {
					r.Plan.Variants[1].Settings = map[string]string{"expect.verdict": "mitigated"}
				}
				if name == "own" {
					r.Plan.Variants[1].OwnConfig = "nginx.conf"
				}
			}
			b := side("b", 6, 4, func(i int, r *results.Run) { on(i, r); c.change(r) })
			r := compare(t, side("a", 6, 2, on), b)
			reasons := strings.Join(r.Invalid, "\n")
			if v := r.Variants[1]; !c.whole && v.Invalid != nil {
				reasons = *v.Invalid
			}
			if r.Valid == c.whole || r.AllValid() || !strings.Contains(reasons, c.says) {
				t.Errorf("valid %v, reasons %q, want %q", r.Valid, reasons, c.says)
			}
			if v := value(t, r, "keepalive", "latency p99", 1); v.P != nil || v.Change != nil || v.Median == nil {
				t.Errorf("p99 %+v, want its median and no test", v)
			}
			if v := value(t, r, "baseline", "latency p99", 1); (v.P == nil) != c.whole {
				t.Errorf("p99 of the other variant: %+v", v)
			}
		})
	}
	// What is written beside it, where it runs and what the laws say there is no
	// question.
	for name, change := range map[string]func(p *results.Run){
		"driver": func(r *results.Run) { r.Plan.Driver, r.Env.Driver = "netns", "netns" },
		"image": func(r *results.Run) { // whose version is written to in another way
			r.Plan.Variants[1].ProxyImage, r.Plan.Set = "nginx:1.31", []string{"proxy.image=nginx:1.31"}
			r.Variants[1].ProxyConf += "keepalive 0;\n"
		},
		"words": func(r *results.Run) {
			r.Plan.Note, r.Plan.Hash, r.Plan.Title, r.Plan.Variants[1].Title = "after", "of an older lab99", "t", "t"
		},
		"expectation": func(r *results.Run) { r.Plan.Variants[1].Expect, r.Plan.Variants[1].Predicted.Tuples = "collapsed", 7 },
		"older":       func(r *results.Run) { r.Plan.Variants[1].Ports, r.Plan.Variants[1].Peers = 1, 1 },
		"a comment":   edited("listen 8080;", "listen 8080; # for all\n\n"),
	} {
		b := side("b", 6, 2, func(_ int, r *results.Run) { change(r) })
		if r := compare(t, side("a", 6, 2, nil), b); !r.AllValid() {
			t.Errorf("%s: invalid: %q, %+v", name, r.Invalid, r.Variants)
		}
	}
}

// TestInvalidMeasurementsDoNotCount: a row that is invalid is left out, by
// name; a side with none left is invalid there and nowhere else.
func TestInvalidMeasurementsDoNotCount(t *testing.T) {
	spoil := func(which ...int) func(int, *results.Run) {
		return func(i int, r *results.Run) {
			for _, w := range which {
				if w == i {
					v := &r.Summary.Variants[0]
					v.Verdict, v.Why = "invalid", "the generator was late; and more"
				}
			}
		}
	}
	r := compare(t, side("a", 3, 2, nil), side("b", 3, 2, spoil(1)))
	late := "20261123-130001-port-exhaustion-tiny is invalid: the generator was late"
	if v := r.Variants[0]; !v.Valid || len(v.LeftOut) != 1 || v.LeftOut[0] != late {
		t.Errorf("%+v", r.Variants[0])
	}
	if v := value(t, r, "baseline", "latency p99", 1); v.N != 2 {
		t.Errorf("%d values, want the two that count", v.N)
	}
	r = compare(t, side("a", 3, 2, nil), side("b", 3, 2, spoil(0, 1, 2)))
	if r.Variants[0].Valid || !r.Variants[1].Valid || !r.Valid || r.AllValid() {
		t.Errorf("baseline valid %v, keepalive %v", r.Variants[0].Valid, r.Variants[1].Valid)
	}
	cut := side("b", 1, 2, func(_ int, r *results.Run) { r.Summary.Variants, r.Variants = r.Summary.Variants[:1], r.Variants[:1] })
	r = compare(t, side("a", 1, 2, nil), cut)
	if v := r.Variants[1]; v.Valid || !strings.Contains(v.LeftOut[0], results.NotRun) {
		t.Errorf("a variant that never ran: %+v", v)
	}
	cut = side("b", 1, 2, func(_ int, r *results.Run) {
		r.Summary.Skipped = []results.SkippedVariant{{Name: r.Plan.Variants[1].Name, Why: "the kernel has none"}}
		r.Summary.Variants, r.Variants = r.Summary.Variants[:1], r.Variants[:1]
	})
	r = compare(t, side("a", 1, 2, nil), cut)
	if v := r.Variants[1]; v.Valid || !strings.HasSuffix(v.LeftOut[0], " is skipped: the kernel has none") || !r.Variants[0].Valid {
		t.Errorf("a variant that was skipped: %+v", v)
	}
}

// TestLoadsCutShortDoNotCount: what an interrupted run measured last has fewer
// requests because of the interruption.
func TestLoadsCutShortDoNotCount(t *testing.T) {
	cut := side("b", 3, 2, func(i int, r *results.Run) { r.Summary.Partial = i == 2 })
	r := compare(t, side("a", 3, 2, nil), cut)
	if v := r.Variants[1]; len(v.LeftOut) != 1 || !strings.Contains(v.LeftOut[0], "20261123-130002-port-exhaustion-tiny was ended early") {
		t.Errorf("left out: %q", v.LeftOut)
	}
	if a, b := value(t, r, "baseline", "ok", 1).N, value(t, r, "keepalive", "ok", 1).N; a != 3 || b != 2 {
		t.Errorf("%d values of the first variant and %d of the last, want 3 and 2", a, b)
	}
}

// TestEnvironments: each difference once, whatever it is in, and what is alike
// not at all.
func TestEnvironments(t *testing.T) {
	b := side("b", 2, 2, func(i int, r *results.Run) {
		r.Env.Kernel, r.Plan.Source = "6.19.0", "0123456789abcdef"
		r.Env.Images[0].Version = fmt.Sprintf("nginx/1.30.%d", i)
		for _, v := range r.Env.Variants {
			h := v.Hosts["proxy"]
			h.Sysctls["net.ipv4.tcp_tw_reuse"] = "2"
			h.Sysctls["net.netfilter.nf_conntrack_count"] = "17" // nobody set that
			if v.Name == "keepalive" {
				h.UsablePorts = 49
				v.Hosts["proxy"] = h
			}
		}
	})
	var got []string
	for _, d := range compare(t, side("a", 2, 2, nil), b).Environment {
		got = append(got, d.What+": "+strings.Join(d.Values, " → "))
	}
	want := []string{
		"kernel: 6.18.5 → 6.19.0",
		"image of the proxy, nginx:1.30: " +
			"lab99/nginx:assembled, nginx/1.22.1, assembled, 0f3a5c1e9b → " +
			"lab99/nginx:assembled, nginx/1.30.0, assembled, 0f3a5c1e9b | " +
			"lab99/nginx:assembled, nginx/1.30.1, assembled, 0f3a5c1e9b",
		"scenario's files:  → 0123456789ab",
		"proxy net.ipv4.tcp_tw_reuse: 0 → 2",
		"proxy usable ports (keepalive): 50 → 49",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	partial := side("b", 2, 2, func(_ int, r *results.Run) { r.Env.Variants = r.Env.Variants[:1] })
	if d := compare(t, side("a", 2, 2, nil), partial).Environment; len(d) > 0 {
		t.Errorf("hosts that never came up differ: %v", d)
	}
	lost := side("b", 1, 2, func(_ int, r *results.Run) { r.Env = results.Env{} })
	r := compare(t, side("a", 1, 2, nil), lost)
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	unknown := "The environment of 20261123-130000-port-exhaustion-tiny is not known"
	if got := text.String(); strings.Contains(got, "no difference\n") || !strings.Contains(got, unknown) {
		t.Errorf("an environment that is missing: %s", got)
	}
}

// TestWhatIsKnownOfAnEnvironment: nothing that is read back is passed over.
func TestWhatIsKnownOfAnEnvironment(t *testing.T) {
	host := func(change func(h *results.HostEnv)) func(r *results.Run) {
		return func(r *results.Run) {
			h := r.Env.Variants[0].Hosts["proxy"]
			change(&h)
			r.Env.Variants[0].Hosts["proxy"] = h
		}
	}
	for what, change := range map[string]func(r *results.Run){
		"arch":                        func(r *results.Run) { r.Env.Arch = "other" },
		"CPUs":                        func(r *results.Run) { r.Env.CPUs = 64 },
		"memory":                      func(r *results.Run) { r.Env.MemoryMiB = 1 },
		"driver":                      func(r *results.Run) { r.Env.Driver = "other" },
		"engine":                      func(r *results.Run) { r.Env.Engine = "other" },
		"lab99":                       func(r *results.Run) { r.Env.Revision = "other" },
		"image of the proxy, other":   func(r *results.Run) { r.Env.Images[0].Requested = "other" },
		"proxy open files (baseline)": host(func(h *results.HostEnv) { h.NoFile = 7 }),
		"proxy version (baseline)":    host(func(h *results.HostEnv) { h.Version = "other" }),
		"proxy MPM (baseline)":        host(func(h *results.HostEnv) { h.MPM = "other" }),
		"proxy build (baseline)":      host(func(h *results.HostEnv) { h.Build = "other" }),
	} {
		r := compare(t, side("a", 1, 2, nil), side("b", 1, 2, func(_ int, r *results.Run) { change(r) }))
		if !slices.ContainsFunc(r.Environment, func(d Difference) bool { return d.What == what }) || !r.AllValid() {
			t.Errorf("%s: valid %v, %+v", what, r.AllValid(), r.Environment)
		}
	}
}

// TestWords holds the text and the page against golden files.
func TestWords(t *testing.T) {
	upgraded := side("after", 6, 4, func(i int, r *results.Run) {
		r.Env.Kernel, r.Plan.Note = "6.19.0", "after the <upgrade> | x"
		if i == 2 {
			r.Summary.Variants[1].Verdict, r.Summary.Variants[1].Why = "invalid", "the generator was late"
		}
		if i == 3 {
			r.Summary.Variants[0].FirstError = nil
		}
	})
	cases := map[string]*Result{
		"upgrade": compare(t, side("before", 6, 2, nil), upgraded),
		"repeat":  compare(t, side("3 runs", 3, 2, nil)),
		"invalid": compare(t, side("a", 1, 2, nil), side("b", 1, 2, func(_ int, r *results.Run) { r.Plan.Size = "full" })),
	}
	for name, r := range cases {
		for ext, write := range map[string]func(io.Writer) error{".txt": r.WriteText, ".md": r.WriteMarkdown} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, filepath.Join("testdata", name+ext), b.String())
		}
	}
}
