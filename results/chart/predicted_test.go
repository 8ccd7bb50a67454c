package chart

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// compared is a comparison of the judge's; it broke if a reason is given.
func compared(quantity, unit string, law, seen, tolerance float64, broken string) results.Comparison {
	c := results.Comparison{
		ID:        strings.ReplaceAll(quantity, " ", "_"),
		Quantity:  quantity,
		Unit:      unit,
		Predicted: &law,
		Measured:  &seen,
		Tolerance: tolerance,
		OK:        broken == "",
	}
	if law != 0 {
		c.RelativeError = new(seen/law - 1)
	}
	if broken != "" {
		c.Broken = &broken
	}
	return c
}

// inside is a comparison with an interval that the measurement lies in.
func inside(from, to, seen float64) results.Comparison {
	c := compared("first error 99", "s", from, seen, 0.03, "")
	c.PredictedMost, c.RelativeError = &to, new(0.0)
	return c
}

func variantOf(name string, cs ...results.Comparison) variant {
	return variant{results.View{Variant: results.Variant{Name: name, Comparisons: cs}}}
}

// TestTheTitleIsOfAllForecasts: one of three seconds does not speak for the
// rest, and what a race was told afterwards is none.
func TestTheTitleIsOfAllForecasts(t *testing.T) {
	good := compared("first error 99", "s", 2.5, 2.5002, 0.05, "")
	bad := compared("ok in all", "requests", 91.7, 100, 5.5, "unexplained")
	told := variantOf("race", compared("load factor ρ", "", 292, 241, 29, "f below 1"))
	told.Predicted.GivenShare = new(0.9)
	older := told
	older.Predicted.GivenShare, older.Plan.Race, older.Plan.Predicted.FirstError99S = nil, true, new(1.0)
	for name, c := range map[string]struct {
		vs   []variant
		want string
	}{
		"held": {[]variant{variantOf("a", good, good)}, "All 2 predictions were within tolerance; the largest error is 0.1 %"},
		"exact": {
			vs:   []variant{variantOf("a", compared("tuples in use at the most", "tuples", 300, 300, 3, ""))},
			want: "The one prediction was exact",
		},
		"one broke": {
			vs:   []variant{variantOf("a", good), variantOf("b", good, bad)},
			want: "The run left the law in 1 of 3 predictions: ok in all of b (+9.05 %, unexplained)",
		},
		"many broke": {
			vs: []variant{variantOf("a", bad, bad, bad, bad, good)},
			want: "The run left the law in 4 of 5 predictions, among them ok in all of a (+9.05 %, unexplained), " +
				"ok in all of a (+9.05 %, unexplained) and ok in all of a (+9.05 %, unexplained)",
		},
		"no race":      {[]variant{variantOf("a", good), told}, "The one prediction was within tolerance, off by 0.1 %"},
		"nor an older": {[]variant{variantOf("a", good), older}, "The one prediction was within tolerance, off by 0.1 %"},
		"only a race":  {[]variant{told}, "A race decides who closes first: the law with the measured f, no forecast"},
		"did not come": {
			vs:   []variant{variantOf("a", results.Comparison{Quantity: "recovery", Predicted: new(61.0)})},
			want: "The run left the law in 1 of 1 predictions: recovery of a (it did not come)",
		},
		"came unasked": {
			vs:   []variant{variantOf("a", results.Comparison{Quantity: "first error 99", Measured: new(1.0)})},
			want: "The run left the law in 1 of 1 predictions: first error 99 of a (it came, though not predicted)",
		},
		"in an interval": {[]variant{variantOf("a", inside(0.75, 1.5, 1.402))}, "The one prediction was within tolerance"},
		"all held": {[]variant{variantOf("a", inside(0.75, 1.5, 1.402), inside(120, 240, 172))},
			"All 2 predictions were within tolerance"},
		"nothing at all": {[]variant{variantOf("a")}, "Nothing was both forecast and measured"},
	} {
		if got := predictedTitle(c.vs); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// TestEveryComparisonIsDrawn, whatever its unit, on the scale of its tolerance.
func TestEveryComparisonIsDrawn(t *testing.T) {
	run := charttest.Quick()
	run.Summary.Variants[0].Comparisons = []results.Comparison{
		compared("first error 99", "s", 2.5, 2.525, 0.05, ""),
		compared("lost of random arrivals", "of the requests", 0.20, 0.26, 0.02, "other failures"),
	}
	run.Summary.Variants[1].Comparisons = []results.Comparison{
		compared("ok in all", "requests", 2000, 2000, 120, ""),
		compared(`"no live upstreams"`, "requests", 0, 7, 0, "peer ejection"), // no scale: words alone
	}
	f := predicted(variants(run))
	got := map[string]float64{}
	captions := ""
	for _, r := range f.Rows {
		for _, p := range r.Panels {
			for _, s := range p.Series {
				for _, pt := range s.Points {
					if p.Strips != nil {
						got[p.Head+": "+s.Name] = pt.X
					}
				}
			}
			for _, c := range p.Captions {
				captions += c.Text + "|"
			}
		}
	}
	for name, want := range map[string]float64{
		"first error 99: within its tolerance": 0.5,
		"lost of random arrivals: beyond it":   3,
		"ok in all: within its tolerance":      0,
	} {
		if x, there := got[name]; !there || x != want {
			t.Errorf("%s at %g (%v), want %g; drawn: %v", name, x, there, want, got)
		}
	}
	if want := "7 instead of 0|"; !strings.Contains(captions, want) {
		t.Errorf("no caption %q in %s", want, captions)
	}
	var b bytes.Buffer
	if err := f.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"first error 99 (seconds),baseline,forecast,2.5,\n",
		"first error 99 (deviation in tolerances),baseline,within its tolerance,0.5,\n"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the points lack %q", line)
		}
	}
	for _, r := range f.Table.Rows {
		if r[1] == "first error 99" && r[0] == "baseline" && (r[5] != "+0.50" || r[6] != "yes" || r[7] != "a forecast") {
			t.Errorf("row %q", r)
		}
	}
}

// TestAGivenLawIsNoForecast: it is drawn apart and not said to be older than
// the run.
func TestAGivenLawIsNoForecast(t *testing.T) {
	run := charttest.Quick()
	for i := range run.Summary.Variants {
		run.Summary.Variants[i].Predicted.GivenShare = new(0.95)
	}
	f := predicted(variants(run))
	if strings.Contains(f.Subtitle, "before the run") ||
		!strings.Contains(f.Subtitle, "Grey square: the law with the measured f") {
		t.Error(f.Subtitle)
	}
	for _, s := range f.Rows[0].Panels[0].Series {
		if s.Meaning == lawSays && len(s.Points) > 0 || s.Meaning == lawTold && len(s.Points) == 0 {
			t.Errorf("%s has %d points", s.Name, len(s.Points))
		}
	}
}

// TestRandomArrivalsHaveNoFluidLaw: the first error 99 of an even stream is not
// that of theirs.
func TestRandomArrivalsHaveNoFluidLaw(t *testing.T) {
	run := charttest.Quick()
	for i := range run.Plan.Variants {
		run.Plan.Variants[i].Random = true
	}
	f := predicted(variants(run))
	for _, s := range f.Rows[0].Panels[0].Series {
		if s.Name != "measured" && len(s.Points) > 0 {
			t.Errorf("%s is drawn", s.Name)
		}
	}
	if r := f.Table.Rows[0]; r[2] != "no law" || r[3] == "none" {
		t.Errorf("row %q", r)
	}
}

// TestNothingForetoldAndNothingSeenIsNoFigure.
func TestNothingForetoldAndNothingSeenIsNoFigure(t *testing.T) {
	held := charttest.Case{Name: "keepalive", Verdict: "mitigated", Tuples: 500, RatePerS: 200, Duration: 3}
	if f := predicted(variants(charttest.Run("20261123-150000-held", "quick", held))); f != nil {
		t.Errorf("there is one: %s", f.Title)
	}
}

// TestAnIntervalIsDrawn with a dot at either end, and a measurement in it lies on the
// law.
func TestAnIntervalIsDrawn(t *testing.T) {
	run := charttest.Quick()
	v := &run.Summary.Variants[0]
	v.Predicted.FirstError99S, v.Predicted.FirstError99LatestS, v.FirstError = new(0.75), new(1.5), new(1.402)
	v.Comparisons = []results.Comparison{inside(0.75, 1.5, 1.402)}
	f := predicted(variants(run))
	var at []float64
	for _, p := range f.Rows[0].Panels {
		for _, s := range p.Series {
			if p.Head == "first error 99" && s.Name == "forecast" {
				for _, pt := range s.Points {
					if pt.Y == 0 {
						at = append(at, pt.X)
					}
				}
			}
		}
	}
	if len(at) != 2 || at[0] != 0.75 || at[1] != 1.5 {
		t.Errorf("the forecast is drawn at %v, want 0.75 and 1.5", at)
	}
	found := false
	for _, r := range f.Table.Rows {
		if r[0] == "baseline" && r[1] == "first error 99" {
			found = true
			if r[2] != "0.75 to 1.50 s" || r[3] != "1.40 s" || r[5] != "+0.00" || r[6] != "yes" {
				t.Errorf("row %q", r)
			}
		}
	}
	if !found {
		t.Error("no row in the table")
	}
	if got := deviation(v.Comparisons[0]); got != "within the interval" {
		t.Error(got)
	}
	if got := variants(run)[0].marks()[0].Label; got != "first error 99 1.40 s (law: 0.75 to 1.50 s)" {
		t.Error(got)
	}
}
