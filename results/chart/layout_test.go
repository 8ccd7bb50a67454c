package chart

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/results/chart/charttest"
)

// written is a piece of text where it was drawn.
type written struct {
	text           string
	x0, x1, y0, y1 vg.Length
}

// texts draws a figure on a recorder.
func texts(f *Figure, wide vg.Length) (all []written, high vg.Length) {
	high = f.height(sheet{wide: wide})
	var rec recorder.Canvas
	c := draw.NewCanvas(&rec, wide, high)
	f.draw(&sheet{c: &c, wide: wide, high: high})
	for _, a := range rec.Actions {
		if s, ok := a.(*recorder.FillString); ok && strings.TrimSpace(s.String) != "" {
			w := ink.write(s.Font.Size, s.Font.Weight == font.WeightBold).Width(s.String)
			all = append(all, written{
				text: s.String,
				x0:   s.Point.X,
				x1:   s.Point.X + w,
				y0:   s.Point.Y - 0.2*s.Font.Size,
				y1:   s.Point.Y + 0.72*s.Font.Size,
			})
		}
	}
	return all, high
}

// TestNoTextCollidesOrIsCut looks at every word of every figure, by its place.
func TestNoTextCollidesOrIsCut(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		for _, f := range figures(t, run) {
			for _, wide := range []vg.Length{pageWidth, phoneWidth} {
				f := f
				if wide == phoneWidth {
					f = *f.stacked()
				}
				all, high := texts(&f, wide)
				if len(all) < 10 {
					t.Fatalf("%s %s: only %d texts recorded", name, f.ID, len(all))
				}
				for i, a := range all {
					if a.x0 < 0 || a.x1 > wide || a.y0 < 0 || a.y1 > high {
						t.Errorf("%s %s: %q leaves the page (%.0f to %.0f of %.0f)",
							name, f.ID, a.text, a.x0, a.x1, wide)
					}
					for _, b := range all[:i] {
						if a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 {
							t.Errorf("%s %s: %q and %q collide", name, f.ID, a.text, b.text)
						}
					}
				}
			}
		}
	}
}

// TestLabelsOfMarksNeverCollide throws marks anywhere.
func TestLabelsOfMarksNeverCollide(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := 1 + rng.IntN(4)
		var xs, ws []vg.Length
		for range n {
			xs = append(xs, vg.Length(50+800*rng.Float64()))
			ws = append(ws, vg.Length(40+120*rng.Float64()))
		}
		slices.Sort(xs)
		labels, lanes := arrange(xs, ws, 50, 850)
		for i, a := range labels {
			if a.x < 50-0.01 || a.x+ws[i] > 850.01 || a.lane >= lanes {
				t.Fatalf("marks at %v, %v wide: label %d out of bounds: %+v", xs, ws, i, a)
			}
			for j, b := range labels[:i] {
				if a.lane == b.lane && a.x < b.x+ws[j] && b.x < a.x+ws[i] {
					t.Fatalf("marks at %v, %v wide: labels %d and %d collide: %v", xs, ws, i, j, labels)
				}
			}
		}
	}
}

// TestTheFaultIsShadedFromFirstToLastError99 follows the band from the data to
// the canvas.
func TestTheFaultIsShadedFromFirstToLastError99(t *testing.T) {
	run := charttest.Quick()
	f := figures(t, run)[1]
	first := *run.Summary.Variants[0].FirstError
	for _, r := range f.Rows {
		b := r.Panels[0].Bands
		if len(b) != 1 || b[0].From != first || b[0].To < 7.4 || b[0].To > 7.6 {
			t.Errorf("%s: bands %v, want one from %g to 7.5", r.Title, b, first)
		}
	}
	var rec recorder.Canvas
	high := f.height(sheet{wide: pageWidth})
	c := draw.NewCanvas(&rec, pageWidth, high)
	f.draw(&sheet{c: &c, wide: pageWidth, high: high})
	left, end := margin+f.gutter(), f.Rows[0].Panels[0].X.Max
	x := func(s float64) vg.Length { return left + (pageWidth-margin-f.ends(pageWidth)-left)*vg.Length(s/end) }
	bands := 0
	for _, a := range rec.Actions {
		if p, ok := a.(*recorder.Fill); ok && len(p.Path) > 3 {
			if d := p.Path[0].Pos.X - x(first); d > -0.01 && d < 0.01 && p.Path[2].Pos.X > x(7.3) {
				bands++
			}
		}
	}
	if bands < len(f.Rows) {
		t.Errorf("%d bands drawn at %.1f, want one in each of %d panels", bands, x(first), len(f.Rows))
	}
}

func TestFiguresAreTheSameBytesAgain(t *testing.T) {
	t.Parallel()
	draw := func() []byte {
		var b bytes.Buffer
		for _, f := range figures(t, charttest.Quick()) {
			for _, err := range []error{f.WriteSVG(&b), f.WritePNG(&b), f.WriteCSV(&b)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		return b.Bytes()
	}
	if !bytes.Equal(draw(), draw()) {
		t.Error("drawn twice, two pictures")
	}
}

func TestSVG(t *testing.T) {
	run := charttest.Run("20261123-120000-port-exhaustion-tiny", "tiny",
		charttest.Case{Name: "baseline", Verdict: "reproduced", Tuples: 50, RatePerS: 50, Duration: 2, Stop: 0.5, Churn: 1})
	drawn := 0
	for _, f := range figures(t, run) {
		if f.ID != "comparison" && f.ID != "latency-spectrum" && f.ID != "cliff" {
			continue
		}
		drawn++
		var b bytes.Buffer
		if err := f.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, filepath.Join("testdata", "tiny-"+f.ID+".svg"), b.Bytes())
	}
	if drawn != 3 {
		t.Errorf("%d pictures, want 3", drawn)
	}
}

// TestEveryColourIsKnown guards the page, which exchanges colours one by one:
// vgsvg must not have altered any, and no two meanings may share one.
func TestEveryColourIsKnown(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	pairs := Colours()
	for i := 0; i < len(pairs); i += 2 {
		if known[pairs[i]] {
			t.Errorf("%s has two meanings", pairs[i])
		}
		known[pairs[i]] = true
	}
	for name, run := range runs() {
		for _, f := range figures(t, run) {
			var b bytes.Buffer
			if err := f.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
			for _, c := range regexp.MustCompile(`#[0-9A-Fa-f]{6}\b`).FindAllString(b.String(), -1) {
				if !known[c] {
					t.Errorf("%s %s: %s is no colour of the theme", name, f.ID, c)
					known[c] = true
				}
			}
		}
	}
}

func TestPNGIsTwiceAsLarge(t *testing.T) {
	var b bytes.Buffer
	f := figures(t, charttest.Full())[0]
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	im, err := png.DecodeConfig(&b)
	if err != nil {
		t.Fatal(err)
	}
	if im.Width != 2*pageWidth {
		t.Errorf("%d pixels wide, want %d", im.Width, 2*pageWidth)
	}
}

// TestCSVHoldsThePlottedPoints and nothing else.
func TestCSVHoldsThePlottedPoints(t *testing.T) {
	for _, f := range figures(t, charttest.Quick()) {
		var b bytes.Buffer
		if err := f.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		points := 0
		for _, r := range f.Rows {
			for _, p := range r.Panels {
				for _, s := range p.Series {
					points += len(s.Points)
				}
			}
		}
		if lines := strings.Count(b.String(), "\n") - 1; lines != points || points == 0 {
			t.Errorf("%s: %d lines for %d points", f.ID, lines, points)
		}
		if f.ID == "time-wait-sides" && !strings.Contains(b.String(), "TIME_WAIT by side,multi-ip,proxy,1500,\n") {
			t.Errorf("the peak of multi-ip is not in\n%s", b.String())
		}
	}
}

// TestADotOffThePageIsNotDrawn: numbers that nobody measured must not keep the
// rasterizer busy for hours.
func TestADotOffThePageIsNotDrawn(t *testing.T) {
	p := Panel{X: Axis{Max: 100}, Series: []Series{{
		Name:    "nginx",
		Meaning: cpu,
		Kind:    Dots,
		Points:  []Point{{50, 0.5}, {50, -1e15}, {-1e15, 0.5}, {50, math.NaN()}, {100, 1}},
	}}}
	area := vg.Rectangle{Min: vg.Point{X: 50, Y: 50}, Max: vg.Point{X: 250, Y: 150}}
	dots := func(p Panel) int {
		var rec recorder.Canvas
		p.draw(draw.NewCanvas(&rec, 300, 200), area, Axis{Max: 1}, true)
		return len(rec.Actions)
	}
	q, none := p, p
	q.Series = []Series{p.Series[0]}
	q.Series[0].Points = []Point{{50, 0.5}, {100, 1}}
	none.Series = nil
	if dots(p) != dots(q) || dots(q) <= dots(none) {
		t.Errorf("%d actions with dots off the page, %d without, %d with none at all", dots(p), dots(q), dots(none))
	}
}

// TestAPointBetweenGapsIsADot: one vertex makes no line, and no line is no
// measurement.
func TestAPointBetweenGapsIsADot(t *testing.T) {
	area := vg.Rectangle{Min: vg.Point{X: 50, Y: 50}, Max: vg.Point{X: 250, Y: 150}}
	filled := func(kind Kind, points ...Point) int {
		p := Panel{X: Axis{Max: 10}, Series: []Series{{Meaning: p99, Kind: kind, Hold: 1, Points: points}}}
		var rec recorder.Canvas
		p.draw(draw.NewCanvas(&rec, 300, 200), area, Axis{Max: 4}, true)
		n := 0
		for _, a := range rec.Actions {
			if f, ok := a.(*recorder.Fill); ok && len(f.Path) > 0 && f.Path[1].Type == vg.ArcComp {
				n++
			}
		}
		return n
	}
	for _, kind := range []Kind{Level, Line} {
		if n := filled(kind, Point{1, 2}, Point{2, 3}, Point{5, 1}, Point{8, 1}, Point{9, 1}); n != 1 {
			t.Errorf("%s: %d dots, want one at 5", kind, n)
		}
		if n := filled(kind, Point{4, 2}); n != 1 {
			t.Errorf("%s: %d dots for the only point", kind, n)
		}
	}
	if n := filled(Rate, Point{5, 1}); n != 0 {
		t.Errorf("a rate holds over its bin and is a line, not %d dots", n)
	}
}

// TestNoTickLeavesItsPanel: columns stand close, and the 100 of one must not
// meet the 0 of the next, nor a name of a quantile the end of the page.
func TestNoTickLeavesItsPanel(t *testing.T) {
	area := vg.Rectangle{Min: vg.Point{X: 50, Y: 50}, Max: vg.Point{X: 250, Y: 150}}
	for name, x := range map[string]Axis{
		"share": {Max: 100, Label: "%"}, "clock": {Max: 10, Clock: true, Label: seconds},
		"quantiles": {Min: 1, Max: 1e6, Log: true, Quantile: true, Label: "share"},
		"few":       {Min: 1, Max: 1000, Log: true, Quantile: true, Label: "share"},
	} {
		p := Panel{X: x}
		var rec recorder.Canvas
		p.draw(draw.NewCanvas(&rec, 300, 200), area, Axis{Max: 1}, false)
		end, n := area.Min.X-10, 0
		for _, a := range rec.Actions {
			s, ok := a.(*recorder.FillString)
			if !ok || strings.TrimSpace(s.String) == "" {
				continue
			}
			w := ink.write(sizeText, false).Width(s.String)
			if s.Point.X < area.Min.X-0.01 || s.Point.X+w > area.Max.X+0.01 || s.Point.X < end+3 {
				t.Errorf("%s: %q from %.1f to %.1f, the one before ends at %.1f",
					name, s.String, s.Point.X, s.Point.X+w, end)
			}
			end, n = s.Point.X+w, n+1
		}
		if n < 3 {
			t.Errorf("%s: only %d labels", name, n)
		}
	}
}

// TestALimitsLabelKeepsOffTheGrid: it stands above its line, or below where the
// grid runs above.
func TestALimitsLabelKeepsOffTheGrid(t *testing.T) {
	area := vg.Rectangle{Min: vg.Point{X: 50, Y: 50}, Max: vg.Point{X: 250, Y: 150}}
	// The grid is at 200, 400 and 600.
	for k, above := range map[float64]bool{500: true, 370: false, 385: false, 400: true} {
		p := Panel{X: Axis{Max: 10}, Limits: []Limit{{k, "K"}}}
		var rec recorder.Canvas
		p.draw(draw.NewCanvas(&rec, 300, 200), area, Axis{Max: 600}, true)
		at := area.Min.Y + 100*vg.Length(k/600)
		for _, a := range rec.Actions {
			if s, ok := a.(*recorder.FillString); ok && s.String == "K" && (s.Point.Y > at) != above {
				t.Errorf("K = %g: its label stands at %.1f, the line at %.1f", k, s.Point.Y, at)
			}
		}
	}
}

func TestCountsHaveWholeTicks(t *testing.T) {
	for _, tick := range (ticker{axis: Axis{Max: 1.22, Whole: true}, about: 4}).Ticks(0, 1.22) {
		if tick.Value != math.Round(tick.Value) {
			t.Errorf("a tick at %g", tick.Value)
		}
	}
}
