package chart

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// OverviewID is that of the smallest figure of a whole run.
const OverviewID = "overview"

// overview is the run at a glance: a lane per variant, in which the share of the
// ports that are taken rises towards all of them, and the share of the requests
// that are lost follows. Both are in percent, so that one scale serves variants
// with different numbers of ports. It is low enough for the first screen of a phone.
func overview(vs []variant) *Figure {
	loads := loadsOf(vs)
	f := &Figure{ID: OverviewID, Title: comparison(vs),
		Subtitle: "Percent of the ports taken and of the " + loads + " lost, over time. " +
			"Dotted: the predicted error 99.",
		Table: Table{Header: []string{"variant", "most ports taken (%)", loads + " lost (%)", "first error 99"}}}
	end := 1.0
	for i := range vs {
		end = max(end, vs[i].span())
	}
	width := binWidth(end)
	if width > 0.1 {
		f.Subtitle += fmt.Sprintf(" Thinned to %s s.", si(width))
	}
	var words []string
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.glance(), X: Axis{Clock: true, Max: end},
			Series: []Series{v.shareTaken(width), v.shareLost(loads+" lost", width)}}
		if due := v.Predicted.FirstError99S; due != nil && *due <= end && !v.Plan.Random {
			p.Marks = []Mark{{X: *due}}
		}
		if len(p.Series[0].Points)+len(p.Series[1].Points) == 0 {
			p.Empty = "nothing measured"
		}
		r := Row{
			Height: max(16, min(60, 172/float64(len(vs)))),
			Y:      Axis{Max: 100, Whole: true},
			Panels: []Panel{p},
			Heads:  true,
			Close:  true,
			key:    p.Series,
		}
		if i == 0 {
			r.Title = "Percent"
		}
		if i == len(vs)-1 {
			r.Panels[0].X.Label = seconds
		}
		f.Rows = append(f.Rows, r)
		taken, lost := format.NotMeasured, format.NotMeasured
		if len(p.Series[0].Points) > 0 {
			taken = fmt.Sprintf("%.3g", top(p.Series[0]))
		}
		if v.Scheduled != nil && *v.Scheduled > 0 && v.Failed != nil {
			lost = fmt.Sprintf("%.3g", 100*float64(v.Lost())/float64(*v.Scheduled))
		}
		f.Table.Rows = append(f.Table.Rows, []string{v.Name, taken, lost, v.FirstError99()})
		words = append(words, v.Name+" "+v.story())
	}
	f.AriaText = fmt.Sprintf("A lane per variant over %s seconds: the share of the ports taken, "+
		"and of the %s lost. %s.",
		si(end), loads, strings.Join(words, ". "))
	return f
}

// glance is what became of a variant, in so few words that they stand beside its name.
func (v *variant) glance() string {
	switch {
	case v.FirstError != nil && !v.Collapsed:
		return "error 99 from " + format.Seconds(*v.FirstError)
	case v.Verdict == law.Mitigated:
		return "nothing failed"
	}
	return v.sub()
}

// shareTaken is the share of the tuples in use, in percent. A variant that needs
// no ports takes none.
func (v *variant) shareTaken(width float64) Series {
	k := float64(v.Predicted.Tuples)
	return level("ports taken", timeWait, Level, width, v.sockets(width), func(s *results.Sample) *float64 {
		share := 0.0
		if k > 0 {
			share = min(100, 100*float64(s.Net.Count(""))/k)
		}
		return &share
	})
}

// loadsOf is what the loads of all variants are of: requests, connections that are held, or
// both.
func loadsOf(vs []variant) string {
	words := ""
	for i := range vs {
		switch is := vs[i].Loads(); {
		case vs[i].NotRun || is == words:
		case words == "":
			words = is
		default:
			return "requests and connections"
		}
	}
	return cmp.Or(words, "requests")
}

// shareLost is the share of the requests, or connections, that failed or were never sent, of those
// that were decided in the same time, in percent. Where none was, there is no point.
func (v *variant) shareLost(name string, width float64) Series {
	good := bins{width: width, one: 1}
	bad := good
	for _, s := range v.Data.Samples {
		if l := s.Load; l != nil && l.IntervalS > 0 {
			good.add(s.T-l.IntervalS, s.T, float64(l.OK))
			bad.add(s.T-l.IntervalS, s.T, float64(l.Failed+l.Dropped))
		}
	}
	series := Series{Name: name, Meaning: lostShare, Kind: Rate, Hold: width * 1.01}
	for i := range good.sum {
		if all := good.sum[i] + bad.sum[i]; all > 0.5 {
			series.Points = append(series.Points, Point{round(float64(i) * width), round(100 * bad.sum[i] / all)})
		}
	}
	return series
}
