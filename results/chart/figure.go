package chart

import (
	"fmt"
	"math"
	"slices"

	"github.com/lab99/lab99/results"
)

// Figure is one picture with everything needed to trust it when it has been
// torn off its report.
type Figure struct {
	ID       string // names the files: <ID>.svg, .png, .csv
	Title    string // the finding
	Subtitle string // how to read the picture
	AriaText string // the picture in words
	Rows     []Row
	Footer   []string // provenance, one line each
	Table    Table    `json:"-"`
}

// Row is a line of panels on one vertical scale.
type Row struct {
	Title   string // what is drawn, and in what unit
	Height  float64
	Y       Axis
	Panels  []Panel
	Columns int      // room for so many panels; 0: as many as there are
	Heads   bool     // write each panel's Head above it
	Close   bool     // write Head and SubHead on one line, and the next row close below
	Lanes   bool     // write the labels of the first panel's Marks above it
	key     []Series // of panels that stand below; nil: those of Panels
}

// Panel is one set of axes.
type Panel struct {
	Variant  string
	Head     string // the variant's name
	SubHead  string // its verdict, with the number behind it
	X        Axis
	Series   []Series
	Bands    []Span  // fault windows
	Strips   []Span  // tolerances
	Limits   []Limit // capacities
	Marks    []Mark  // moments
	Captions []Caption
	Empty    string // why there is nothing to see
}

// Axis is a scale. With Names it is a list of names from the top down, name i
// at -i.
type Axis struct {
	Label    string `json:",omitempty"`
	Min, Max float64
	Clock    bool     `json:",omitempty"` // seconds: ticks as on a clock
	Log      bool     `json:",omitempty"`
	Whole    bool     `json:",omitempty"` // a count: no ticks between whole numbers
	Quantile bool     `json:",omitempty"` // 1/(1-q), so that 10 is 90 %
	Names    []string `json:",omitempty"`
	Bare     bool     `json:",omitempty"` // neither ticks nor labels
}

// share is where a value lies along the axis: 0 at its Min, 1 at its Max.
func (a Axis) share(v float64) float64 {
	if a.Log {
		return math.Log(v/a.Min) / math.Log(a.Max/a.Min)
	}
	return (v - a.Min) / (a.Max - a.Min)
}

// Kind is how a series is drawn.
type Kind string

// The kinds of series.
const (
	Rate  Kind = "rate"  // a step over the bin that starts at X
	Level Kind = "level" // sampled at X, drawn until the next sample
	Line  Kind = "line"  // quantiles
	Bars  Kind = "bars"  // from 0 to X
	Dots  Kind = "dots"
	Share Kind = "share" // a part of the whole in the bin that starts at X, on top of the series before
)

// Series is a number of points with one meaning.
type Series struct {
	Name    string
	Meaning Meaning
	Kind    Kind
	Hold    float64 // how long a point stands for the data; a wider distance is a gap
	Points  []Point
}

// Point is a plotted point, in the units of its axes.
type Point struct{ X, Y float64 }

// Span is a stretch of the x axis.
type Span struct{ From, To float64 }

// Limit is a horizontal line.
type Limit struct {
	Y     float64
	Label string
}

// Mark is a vertical line.
type Mark struct {
	X     float64
	Label string
}

// Caption is a word beside a point, to its right or to its left.
type Caption struct {
	X, Y float64
	Text string
	Left bool
}

// Table is a figure's content for those who read rather than look.
type Table struct {
	Header []string
	Rows   [][]string
}

// Optional are the IDs of the figures that a run may have nothing to say with.
var Optional = []string{"blackouts", "time-wait-sides", "latency-spectrum", "cliff", "predicted-measured"}

// Figures makes the figures of a run, in the order a reader wants them. One that
// would say nothing, such as bars of no sockets, is not among them.
func Figures(run *results.Run) ([]Figure, error) {
	vs := variants(run)
	if len(vs) == 0 {
		return nil, fmt.Errorf("draw %s: the plan has no variants", run.Dir)
	}
	figs := []Figure{multiples(vs)}
	for i := range vs {
		if len(vs[i].Data.Samples) > 0 {
			figs = append(figs, stack(&vs[i]))
		}
	}
	for _, f := range []*Figure{blackouts(vs), sides(vs), spectrum(vs), cliff(vs), predicted(vs), overview(vs)} {
		if f != nil {
			figs = append(figs, *f)
		}
	}
	for i := range figs {
		figs[i].Footer = provenance(run)
	}
	return figs, nil
}

// variant is one row of the comparison.
type variant struct{ results.View }

// proxyName is how people call the proxy of all variants; "the proxy" where they have several.
func proxyName(vs []variant) string {
	for i := range vs {
		if vs[i].ProxyName() != vs[0].ProxyName() {
			return "the proxy"
		}
	}
	if len(vs) == 0 {
		return "the proxy"
	}
	return vs[0].ProxyName()
}

func variants(run *results.Run) []variant {
	var vs []variant
	for _, v := range run.Views() {
		if v.Errors != nil && v.Errors.Error99 == 0 {
			v.Data.Samples = without99(v.Data.Samples)
		}
		vs = append(vs, variant{v})
	}
	return vs
}

// without99 counts error 99 in the samples as other errors. The generator only
// sees that nginx could not connect. The judge has read nginx's log and found
// another reason, such as a backend that is gone.
func without99(samples []results.Sample) []results.Sample {
	out := slices.Clone(samples)
	for i, s := range out {
		if s.Load != nil && s.Load.Errors.Error99 > 0 {
			l := *s.Load
			l.Errors.Other, l.Errors.Error99 = l.Errors.Other+l.Errors.Error99, 0
			out[i].Load = &l
		}
	}
	return out
}
