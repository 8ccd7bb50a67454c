package serve

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/results/compare"
	"github.com/lab99/lab99/results/strip"
)

// picture has the ports that a variant took in each run, on the same axes.
type picture struct {
	Variant string
	Width   int
	Height  int
	Floor   int // y of no port
	Full    int // y of all ports
	Tuples  int
	EndS    float64
	Lines   []curve
}

type curve struct {
	Label string
	Path  string // an SVG path
	N     int    // which colour and dash
}

// pictures are those of all variants, in the order of the first run that has them.
func pictures(sides []compare.Side) (all []picture) {
	of := map[string][]strip.Track{}
	labels := map[string][]int{}
	var names []string
	for i, side := range sides {
		for _, t := range strip.Stored(side.Runs[0]) {
			if of[t.Name] == nil {
				names = append(names, t.Name)
			}
			of[t.Name] = append(of[t.Name], t)
			labels[t.Name] = append(labels[t.Name], i)
		}
	}
	for _, name := range names {
		p := picture{Variant: name, Width: 720, Height: 170, Floor: 148}
		peak := int64(1)
		for _, t := range of[name] {
			p.EndS, p.Tuples = max(p.EndS, t.DurationS), max(p.Tuples, t.Tuples)
			for _, at := range t.Points {
				p.EndS = max(p.EndS, at.T)
				if at.Ports != nil {
					peak = max(peak, *at.Ports)
				}
			}
		}
		peak = max(peak, int64(p.Tuples))
		y := func(ports int64) float64 { return float64(p.Floor) - float64(p.Floor-18)*float64(ports)/float64(peak) }
		p.Full = int(y(int64(p.Tuples)))
		for i, t := range of[name] {
			var d strings.Builder
			for _, at := range t.Points {
				if at.Ports == nil {
					continue
				}
				step := "L"
				if d.Len() == 0 {
					step = "M"
				}
				fmt.Fprintf(&d, "%s%.1f %.1f", step, 8+float64(p.Width-16)*at.T/p.EndS, y(*at.Ports))
			}
			p.Lines = append(p.Lines, curve{sides[labels[name][i]].Label, d.String(), labels[name][i] % 6})
		}
		all = append(all, p)
	}
	return all
}
