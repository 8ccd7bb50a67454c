package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// along are requests, or bins, evenly over a reach of the share taken, with
// these values in turn.
func along(from, to float64, n int, ys ...float64) []Point {
	var ps []Point
	for i := range n {
		ps = append(ps, Point{from + (to-from)*float64(i)/float64(n), ys[i%len(ys)]})
	}
	return ps
}

// TestTheCliffIsToldWhereItWasFelt, and only there: what comes before half, in
// the search, and with everything taken are three things.
func TestTheCliffIsToldWhereItWasFelt(t *testing.T) {
	steady := func(y float64) []Point { return along(0, 101, 101, y) }
	join := func(parts ...[]Point) (all []Point) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	const none = "No effect shows beyond half the ports, neither on requests that need no port nor " +
		"on nginx's processor use"
	for name, c := range map[string]struct {
		ms, use []Point
		want    string
	}{
		"nothing": {steady(0.5), steady(0.02), none},
		"the search is dear, failing is quick and lasts": {
			join(along(0, 50, 16, 0.7, 2.7), along(50, 97, 14, 0.7, 7.1), along(99, 100.5, 90, 0.9)), steady(0.02),
			"Beyond half the ports, one in four of the requests that need no port takes 7.1 ms or more " +
				"instead of 2.7 ms with v"},
		"only at the end": {
			join(along(0, 97, 30, 0.5), along(99, 100.5, 30, 40)), steady(0.02),
			"With all ports taken, one in four of the requests that need no port takes 40 ms " +
				"or more instead of 0.5 ms with v"},
		"the processor alone": {
			steady(0.9), join(along(0, 50, 8, 0.11), along(50, 101, 20, 0.48)),
			"Beyond half the ports, nginx uses 0.48 cores instead of 0.11 with v"},
		"both": {
			join(along(0, 50, 16, 0.6), along(50, 97, 90, 49)), join(along(0, 50, 8, 0.27), along(50, 97, 8, 0.98)),
			"Beyond half the ports, one in four of the requests that need no port takes 49 ms " +
				"or more instead of 0.6 ms with v; nginx uses 0.98 cores instead of 0.27 with v"},
		"double, but within the machine's noise": {
			join(along(0, 50, 16, 0.4), along(50, 101, 30, 0.9)), join(along(0, 50, 4, 0.02), along(50, 101, 4, 0.05)), none},
		"one slow request": {join(along(0, 50, 16, 0.5), along(50, 97, 12, 0.5), []Point{{70, 80}}), steady(0.02), none},
		"too few to compare": {join(along(0, 50, 2, 0.5), along(50, 97, 2, 80)), along(60, 70, 1, 1),
			"The ports went too fast to tell what the search for one costs"},
	} {
		f := findings{proxy: "nginx"}
		f.add("v", c.ms, c.use)
		if got := f.title(); got != c.want || !f.crossed {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// TestTheCliffOfARun: from the samples to the title and the table.
func TestTheCliffOfARun(t *testing.T) {
	cliffOf := func(run *results.Run) *Figure {
		for _, f := range figures(t, run) {
			if f.ID == "cliff" {
				return &f
			}
		}
		return nil
	}
	f := cliffOf(charttest.Full())
	if !strings.HasPrefix(f.Title,
		"Beyond half the ports, one in four of the requests that need no port takes ") ||
		!strings.HasSuffix(f.Title, " with baseline") {
		t.Errorf("with a collapse: %s", f.Title)
	}
	if r := f.Table.Rows[0]; len(r) != 7 || r[1] == "–" || r[2] == "–" || r[6] == format.NotMeasured {
		t.Errorf("row %q", r)
	}
	if got := cliffOf(charttest.Quick()).Title; !strings.HasPrefix(got, "No effect shows beyond half the ports") {
		t.Errorf("without: %s", got)
	}
	idle := charttest.Case{Name: "keepalive", Verdict: "mitigated", Tuples: 500, RatePerS: 200, Duration: 3}
	if f := cliffOf(charttest.Run("20261123-150000-idle", "quick", idle)); f != nil {
		t.Errorf("with 12 of 500 ports in use there is a figure: %s", f.Title)
	}
}

// TestADrawnMedianIsOfARealRequest: of two requests, one that met a connect()
// and one that did not, both are drawn.
func TestADrawnMedianIsOfARealRequest(t *testing.T) {
	s := thinned([]Point{{60.1, 7.1}, {60.2, 0.7}})
	if got := [2]float64{s[0].Points[0].Y, s[1].Points[0].Y}; got != [2]float64{7.1, 0.7} {
		t.Errorf("worst and median %v, want [7.1 0.7]", got)
	}
}

// TestFiguresNameTheProxy: those of a run of Caddy do not speak of nginx.
func TestFiguresNameTheProxy(t *testing.T) {
	run := charttest.Full()
	for i := range run.Plan.Variants {
		run.Plan.Variants[i].Proxy = "Caddy"
	}
	for i := range run.Summary.Variants {
		run.Summary.Variants[i].Proxy = "Caddy"
	}
	named := 0
	for _, f := range figures(t, run) {
		said := fmt.Sprint(f.Title, f.Subtitle, f.AriaText, f.Table, f.Rows)
		if strings.Contains(said, "nginx") {
			t.Errorf("figure %s speaks of nginx: %s", f.ID, f.Title)
		}
		if strings.Contains(said, "Caddy") {
			named++
		}
	}
	if named < 2 {
		t.Errorf("%d figures name Caddy", named)
	}
}
