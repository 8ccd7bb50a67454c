package chart

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// runs are the runs whose figures the tests look at.
func runs() map[string]*results.Run {
	return map[string]*results.Run{"quick": charttest.Quick(), "full": charttest.Full(), "cut": charttest.Cut(), "many": charttest.Many(),
		"kinds": charttest.Kinds()}
}

func figures(t testing.TB, run *results.Run) []Figure {
	t.Helper()
	figs, err := Figures(run)
	if err != nil {
		t.Fatal(err)
	}
	return figs
}

// TestFiguresSayWhatTheRunSays compares the model, words and all, with what
// was once read and found right.
func TestFiguresSayWhatTheRunSays(t *testing.T) {
	for name, run := range runs() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, f := range figures(t, run) {
				describe(&b, &f)
			}
			golden.Compare(t, filepath.Join("testdata", name+".model"), b.Bytes())
		})
	}
}

// describe writes a figure so that a difference can be read.
func describe(b *bytes.Buffer, f *Figure) {
	fmt.Fprintf(b, "# %s: %s\n%s\naria: %s\n", f.ID, f.Title, f.Subtitle, f.AriaText)
	for _, r := range f.Rows {
		fmt.Fprintf(b, "row %q y %s height %g\n", r.Title, axis(r.Y), r.Height)
		for _, p := range r.Panels {
			fmt.Fprintf(b, "  panel %q %q %q x %s\n", p.Variant, p.Head, p.SubHead, axis(p.X))
			for _, s := range p.Series {
				lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
				for _, pt := range s.Points {
					lo, hi, sum = min(lo, pt.Y), max(hi, pt.Y), sum+pt.Y
				}
				fmt.Fprintf(b, "    %s %s (%s)", s.Kind, s.Name, s.Meaning)
				if n := len(s.Points); n > 0 {
					fmt.Fprintf(b, " hold %.4g: %d points, %.4g to %.4g, y %.5g to %.5g, sum %.5g",
						s.Hold, n, s.Points[0].X, s.Points[n-1].X, lo, hi, sum)
				}
				b.WriteByte('\n')
			}
			for _, s := range p.Bands {
				fmt.Fprintf(b, "    band %.3f to %.3f\n", s.From, s.To)
			}
			for _, l := range p.Limits {
				fmt.Fprintf(b, "    limit %g %s\n", l.Y, l.Label)
			}
			for _, m := range p.Marks {
				fmt.Fprintf(b, "    mark %.3f %s\n", m.X, m.Label)
			}
			for _, c := range p.Captions {
				fmt.Fprintf(b, "    caption %g,%g %s\n", c.X, c.Y, c.Text)
			}
			if p.Empty != "" {
				fmt.Fprintf(b, "    empty: %s\n", p.Empty)
			}
		}
	}
	fmt.Fprintf(b, "table\n  %s\n", strings.Join(f.Table.Header, " | "))
	for _, r := range f.Table.Rows {
		fmt.Fprintf(b, "  %s\n", strings.Join(r, " | "))
	}
	fmt.Fprintf(b, "footer\n  %s\n\n", strings.Join(f.Footer, "\n  "))
}

func axis(a Axis) string {
	s := fmt.Sprintf("%.4g..%.4g", a.Min, a.Max)
	if a.Log {
		s += " log"
	}
	return strings.TrimSpace(s + " " + a.Label + strings.Join(a.Names, ","))
}

func TestEveryFigureHasProvenanceAndTable(t *testing.T) {
	for name, run := range runs() {
		for _, f := range figures(t, run) {
			foot := strings.Join(f.Footer, " ")
			for _, want := range []string{
				filepath.Base(run.Dir),
				"v0.1.0",
				"4f2c9d1a77",
				run.Plan.Hash[:10],
				"nginx/1.22.1",
				"Apache/2.4.66",
				"Linux 6.18.5",
			} {
				if !strings.Contains(foot, want) {
					t.Errorf("%s %s: the footer lacks %q: %s", name, f.ID, want, foot)
				}
			}
			if len(f.Table.Rows) == 0 || f.AriaText == "" || f.Title == "" {
				t.Errorf("%s %s: no table, words or title", name, f.ID)
			}
			for _, r := range f.Table.Rows {
				if len(r) != len(f.Table.Header) {
					t.Errorf("%s %s: a row of %d cells below %d headings", name, f.ID, len(r), len(f.Table.Header))
				}
			}
		}
	}
}

func TestANullIsNotMeasuredNeverZero(t *testing.T) {
	run := charttest.Quick()
	v := run.Summary.Variant("tw-reuse")
	*v = results.Variant{Name: v.Name, Verdict: "invalid", Predicted: v.Predicted}
	for _, f := range figures(t, run) {
		if f.ID == "stack-tw-reuse" || f.ID == "latency-spectrum" || f.ID == "cliff" {
			continue // drawn from the samples and histograms, which are there
		}
		for _, r := range f.Table.Rows {
			if r[0] != v.Name {
				continue
			}
			row := strings.Join(r, "|")
			if !strings.Contains(row, format.NotMeasured) || strings.Contains(row, "|0|") || strings.HasSuffix(row, "|0") {
				t.Errorf("%s: %s", f.ID, row)
			}
		}
	}
}

// TestWithoutSamplesThereIsNothingToSpread: nor a number to make up.
func TestWithoutSamplesThereIsNothingToSpread(t *testing.T) {
	run := charttest.Quick()
	run.Variants[1].Samples, run.Variants[1].Latency, run.Variants[1].Service = nil, nil, nil
	for _, f := range figures(t, run) {
		if f.ID != "latency-spectrum" && f.ID != "cliff" {
			continue
		}
		if p := f.Rows[0].Panels[1]; p.Empty != format.NotMeasured {
			t.Errorf("%s: the panel of %s is not marked empty", f.ID, p.Variant)
		}
		for _, r := range f.Table.Rows {
			if r[0] == "keepalive" && (r[len(r)-1] != format.NotMeasured || r[2] != format.NotMeasured) {
				t.Errorf("%s: %q", f.ID, r)
			}
		}
	}
}

// TestPointsAreThinnedToWhatAPixelCanShow: ten minutes of samples draw no more
// than a minute's.
func TestPointsAreThinnedToWhatAPixelCanShow(t *testing.T) {
	c := charttest.Case{
		Name:     "baseline",
		Verdict:  "mitigated",
		Tuples:   500,
		RatePerS: 50,
		Duration: 600,
		HoldS:    1,
		Churn:    1,
	}
	for _, f := range figures(t, charttest.Run("20261123-130000-port-exhaustion-long", "long", c)) {
		for _, r := range f.Rows {
			for _, p := range r.Panels {
				for _, s := range p.Series {
					if len(s.Points) > 205 {
						t.Errorf("%s, %s, %s: %d points on %d", f.ID, r.Title, s.Name, len(s.Points), pageWidth)
					}
				}
			}
		}
		if f.ID != "time-wait-sides" && f.ID != "predicted-measured" && !strings.Contains(f.Subtitle, "Thinned") &&
			!strings.Contains(f.Subtitle, "every") && !strings.Contains(f.Subtitle, "points a decade") &&
			!strings.Contains(f.Subtitle, "Of each percent") {
			t.Errorf("%s does not say how it was thinned: %s", f.ID, f.Subtitle)
		}
	}
}

func TestFiguresNeedVariants(t *testing.T) {
	if _, err := Figures(&results.Run{Dir: "runs/x"}); err == nil || !strings.Contains(err.Error(), "runs/x") {
		t.Errorf("error %v, want one that names the run", err)
	}
}

// TestRefusedIsNotError99 takes a run whose generator saw failed connects that
// nginx's log explains otherwise.
func TestRefusedIsNotError99(t *testing.T) {
	run := charttest.Quick()
	v := run.Summary.Variant("baseline")
	v.Errors = &results.Errors{Other: 1000}
	v.FirstError = nil
	f := figures(t, run)[0]
	if len(f.Rows[0].Panels[0].Bands) > 0 {
		t.Error("a fault window is shaded without an error 99")
	}
	for _, s := range f.Rows[1].Panels[0].Series {
		if s.Meaning == error99 {
			t.Error("error 99 is plotted")
		}
		if s.Meaning == otherError && top(s) != 200 {
			t.Errorf("other errors reach %g a second, want 200", top(s))
		}
	}
	if run.Variants[0].Samples[0].Load != nil && total99(run.Variants[0].Samples) != 1000 {
		t.Error("the run itself was changed")
	}
}

func total99(samples []results.Sample) (n int64) {
	for _, s := range samples {
		if s.Load != nil {
			n += s.Load.Errors.Error99
		}
	}
	return n
}

// TestPoorRunsAreDrawn: a report must come out of every run, most of all out
// of a broken one.
func TestPoorRunsAreDrawn(t *testing.T) {
	t.Parallel()
	zero := 0.0
	for name, spoil := range map[string]func(*results.Run){
		"no summary":     func(r *results.Run) { r.Summary = results.Summary{} },
		"no data":        func(r *results.Run) { r.Variants = nil },
		"no environment": func(r *results.Run) { r.Env = results.Env{} },
		"no hash":        func(r *results.Run) { r.Plan.Hash = "" },
		"no capacity":    func(r *results.Run) { r.Summary.Variants[0].Predicted = law.Prediction{} },
		"one sample":     func(r *results.Run) { r.Variants[0].Samples = r.Variants[0].Samples[:1] },
		"before the load": func(r *results.Run) {
			r.Variants[0].Samples = []results.Sample{{Host: "proxy", T: -1, Net: &results.Net{}}}
		},
		"empty samples": func(r *results.Run) { r.Variants[0].Samples = make([]results.Sample, 5) },
		"no interval": func(r *results.Run) {
			r.Variants[0].Samples = []results.Sample{{T: 1, Load: &results.Load{Counts: results.Counts{OK: 3}}}}
		},
		"latency of zero": func(r *results.Run) {
			r.Variants[0].Samples = []results.Sample{{T: 1, Load: &results.Load{
				P50ms: &zero,
				P99ms: &zero,
				MaxMs: &zero,
			}}}
		},
		"failed neighbours": func(r *results.Run) {
			r.Variants[0].Samples = []results.Sample{{T: 1, Neighbour: &results.Neighbour{}}}
		},
		"collapse unmarked": func(r *results.Run) { r.Summary.Variants[0].Collapsed = true },
		"marks at once": func(r *results.Run) {
			v := &r.Summary.Variants[0]
			v.CollapseS, v.FirstError, v.LoadEndS, v.RecoveredS = &zero, &zero, &zero, &zero
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := charttest.Quick()
			spoil(run)
			for _, f := range figures(t, run) {
				var b bytes.Buffer
				if err := f.WriteSVG(&b); err != nil {
					t.Error(err)
				}
				if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
					t.Errorf("%s: a number that is none", f.ID)
				}
			}
		})
	}
}

func TestAFewSocketsDoNotNameASide(t *testing.T) {
	run := charttest.Quick()
	tw := func(p, b int64) results.TimeWait { return results.TimeWait{ProxyPeak: &p, BackendPeak: &b} }
	for i, w := range []results.TimeWait{tw(500, 2), tw(1, 2), tw(40, 300), tw(0, 0)} {
		run.Summary.Variants[i].TimeWait = w
	}
	const want = "TIME_WAIT lies on the proxy with baseline, on the backend with tw-reuse"
	if got := sidesTitle(variants(run)); got != want {
		t.Errorf("title %q, want %q", got, want)
	}
}

// TestAFigureThatSaysNothingIsNotMade: no bars of a socket or two, no axis from
// 0 to 1 request, and no word of shades that are not there.
func TestAFigureThatSaysNothingIsNotMade(t *testing.T) {
	held := charttest.Case{Name: "keepalive", Verdict: "mitigated", Tuples: 500, RatePerS: 200, Duration: 3}
	run := charttest.Run("20261123-150000-held", "quick", held)
	one := int64(1)
	run.Summary.Variants[0].TimeWait = results.TimeWait{ProxyPeak: &one, BackendPeak: &one}
	var ids []string
	for _, f := range figures(t, run) {
		ids = append(ids, f.ID)
		if strings.Contains(f.Subtitle, "Shaded") || strings.Contains(f.Subtitle, "along a row") {
			t.Errorf("%s explains what is not there: %s", f.ID, f.Subtitle)
		}
	}
	if got, want := strings.Join(ids, " "), "comparison stack-keepalive latency-spectrum overview"; got != want {
		t.Errorf("figures %s, want %s", got, want)
	}
	run.Variants[0].Latency, run.Variants[0].Service = nil, nil
	if f := spectrum(variants(run)); f != nil {
		t.Errorf("without a latency there is a spectrum: %s", f.Title)
	}
	if f := figures(t, charttest.Quick())[0]; !strings.Contains(f.Subtitle, "Shaded") {
		t.Errorf("with an error 99: %s", f.Subtitle)
	}
}
