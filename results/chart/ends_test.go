package chart

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"github.com/lab99/lab99/results/chart/charttest"
)

// TestLinesAreNamedWhereTheyEnd: beside the panel and at the height of their last
// point, on a page that has room; the key then has none of them.
func TestLinesAreNamedWhereTheyEnd(t *testing.T) {
	f := figures(t, charttest.Quick())[1]
	high := f.height(sheet{wide: pageWidth})
	var rec recorder.Canvas
	c := draw.NewCanvas(&rec, pageWidth, high)
	s := sheet{c: &c, wide: pageWidth, high: high}
	f.draw(&s)
	at := map[string][]vg.Point{}
	for _, a := range rec.Actions {
		if txt, ok := a.(*recorder.FillString); ok {
			at[txt.String] = append(at[txt.String], txt.Point)
		}
	}
	for i, r := range f.Rows {
		if !r.direct() {
			t.Errorf("%s: %d lines are not named at their ends", r.Title, len(r.Panels[0].Series))
			continue
		}
		a := s.areas[i]
		for _, series := range r.Panels[0].Series {
			places := slices.DeleteFunc(slices.Clone(at[series.Name]), func(p vg.Point) bool {
				fromTop := float64(high - p.Y)
				return fromTop < a.Y || fromTop > a.Y+a.H+4
			})
			if len(places) != 1 || float64(places[0].X) < a.X+a.W {
				t.Errorf("%s: %q stands at %v, want one place right of %g", r.Title, series.Name, places, a.X+a.W)
			}
		}
	}
	if f.ends(phoneWidth) != 0 || figures(t, charttest.Quick())[0].ends(pageWidth) != 0 {
		t.Error("a phone, or a figure of several columns, has no room for names")
	}
}

// TestSpreadKeepsApartAndInside, in order and no further than it must.
func TestSpreadKeepsApartAndInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var ys []vg.Length
		for range 1 + rng.IntN(mostEnds) {
			ys = append(ys, vg.Length(60*rng.Float64()))
		}
		slices.Sort(ys)
		out := spread(ys, 11, 4, 56)
		for i, y := range out {
			if y < 4-1e-9 || y > 56+1e-9 || i > 0 && y-out[i-1] < 11-1e-9 {
				t.Fatalf("%v became %v", ys, out)
			}
		}
	}
	if got := spread([]vg.Length{10, 30, 50}, 11, 4, 56); !slices.Equal(got, []vg.Length{10, 30, 50}) {
		t.Errorf("what had room was moved to %v", got)
	}
}
