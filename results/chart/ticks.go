package chart

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticker labels an axis: 1-2-5 steps with SI suffixes, decades on a log scale
// (with their steps, where there are few), clock-like steps for seconds, or names.
type ticker struct {
	axis  Axis
	about int  // labels wanted
	bare  bool // without words: a neighbour has them
}

// Ticks implements plot.Ticker.
func (t ticker) Ticks(lo, hi float64) []plot.Tick {
	ticks := t.labelled(lo, hi)
	for i := range ticks {
		if t.bare {
			ticks[i].Label = " " // an empty label would make it a minor tick, which has no grid line
		}
	}
	return ticks
}

func (t ticker) labelled(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	if t.axis.Bare {
		return nil
	}
	if t.axis.Names != nil {
		for i, name := range t.axis.Names {
			ticks = append(ticks, plot.Tick{Value: -float64(i), Label: name})
		}
		return ticks
	}
	if t.axis.Quantile {
		ticks = append(ticks, plot.Tick{Value: 2, Label: "50 %"})
		for v, label := 10.0, "90 %"; v <= hi; v *= 10 {
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
			label = map[string]string{"90 %": "99 %", "99 %": "99.9 %"}[label]
			if label == "" {
				label = fmt.Sprintf("%.*f %%", int(math.Round(math.Log10(v)))-1, 100*(1-0.1/v))
			}
		}
		return ticks
	}
	if t.axis.Log {
		steps := []float64{1}
		if hi < 150*lo { // so short a scale has one or two decades
			steps = []float64{1, 2, 5}
		}
		for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi)+1e-9; e++ {
			for _, m := range steps {
				if v := m * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
					ticks = append(ticks, plot.Tick{Value: v, Label: si(v)})
				}
			}
		}
		return ticks
	}
	step := niceStep((hi-lo)/float64(t.about), t.axis.Clock)
	if t.axis.Whole {
		step = max(1, step)
	}
	for i := int(math.Ceil(lo/step - 1e-9)); float64(i)*step <= hi*(1+1e-9); i++ {
		v := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: v, Label: si(v)})
	}
	return ticks
}

// seconds is the label of a time axis, written below the last row that shares it.
const seconds = "seconds since the first scheduled request"

// niceStep is the smallest pleasant step of at least want.
func niceStep(want float64, clock bool) float64 {
	if clock && want > 5 {
		for _, s := range []float64{10, 15, 30, 60, 120, 300, 600, 1800} {
			if s >= want {
				return s
			}
		}
	}
	p := math.Pow(10, math.Floor(math.Log10(want)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= want*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// si is a short number: 1500 is 1.5k.
func si(v float64) string {
	suffix := ""
	switch {
	case math.Abs(v) >= 1e6:
		v, suffix = v/1e6, "M"
	case math.Abs(v) >= 1e3:
		v, suffix = v/1e3, "k"
	}
	return strconv.FormatFloat(math.Round(v*1e3)/1e3, 'f', -1, 64) + suffix
}

// ceiling is the round number an axis ends at, with room for a label above max.
func ceiling(max float64) float64 {
	if max <= 0 {
		return 1
	}
	return max * 1.22
}
