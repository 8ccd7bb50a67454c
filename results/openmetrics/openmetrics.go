// Package openmetrics writes the time series of a run as OpenMetrics text with
// timestamps, so that they can be looked at beside those of production:
//
//	promtool tsdb create-blocks-from openmetrics metrics.txt DATA
//
// puts them into a Prometheus.
//
// Every series has the label variant; host is load, proxy or backend. A series
// gets a point when its value changes and at least once a second; in a variant
// that ran for longer than a minute once a second only, the last value of each
// second, by which a counter loses nothing. A variant that recorded no wall
// clock is left out, rather than put at a guess.
//
// Neighbours: package results reads the run, package report writes the file
// beside the others.
package openmetrics

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/lab99/lab99/results"
)

// File is what the text is called in a run's directory.
const File = "metrics.txt"

// fineFor is how many seconds a variant may last to be written at the full
// resolution.
const fineFor = 60

// Write writes the text of a run.
func Write(w io.Writer, run *results.Run) error {
	var s set
	for i := range run.Variants {
		d := &run.Variants[i]
		start, known := d.Start()
		if !known || len(d.Samples) == 0 {
			continue
		}
		v := collector{set: &s, variant: d.Name, start: float64(start.UnixMilli()) / 1e3}
		v.collect(d, run.Row(planned(run, d.Name)))
	}
	return s.write(w)
}

func planned(run *results.Run, name string) results.VariantPlan {
	for _, p := range run.Plan.Variants {
		if p.Name == name {
			return p
		}
	}
	return results.VariantPlan{Name: name}
}

// family is a metric by its name, less the suffix _total of a counter.
type family struct {
	name, kind, unit, help string
}

// series is one metric of a family.
type series struct {
	labels string
	points []point
}

type point struct{ at, value float64 } // seconds since the epoch

// set holds series by family, both in the order in which they were first seen.
type set struct {
	families []string
	about    map[string]family
	keys     map[string][]string
	series   map[string]*series
}

// add adds a value at a time; times of one series never go back.
func (s *set) add(f family, labels string, at, value float64, fine bool) {
	if s.about == nil {
		s.about, s.keys, s.series = map[string]family{}, map[string][]string{}, map[string]*series{}
	}
	if _, known := s.about[f.name]; !known {
		s.about[f.name] = f
		s.families = append(s.families, f.name)
	}
	key := f.name + labels
	x := s.series[key]
	if x == nil {
		x = &series{labels: labels}
		s.series[key] = x
		s.keys[f.name] = append(s.keys[f.name], key)
	}
	x.keep(point{math.Round(at*1e3) / 1e3, value}, fine)
}

func (x *series) keep(p point, fine bool) {
	if n := len(x.points); n > 0 {
		last := &x.points[n-1]
		switch {
		case p.at <= last.at, !fine && math.Floor(p.at) == math.Floor(last.at):
			last.value, last.at = p.value, max(p.at, last.at) // the later of one millisecond, or second
			return
		case fine && p.value == last.value && p.at-last.at < 1:
			return
		}
	}
	x.points = append(x.points, p)
}

func (s *set) write(to io.Writer) error {
	w := bufio.NewWriter(to)
	var buf []byte
	for _, name := range s.families {
		f := s.about[name]
		w.WriteString("# TYPE " + f.name + " " + f.kind + "\n")
		if f.unit != "" {
			w.WriteString("# UNIT " + f.name + " " + f.unit + "\n")
		}
		w.WriteString("# HELP " + f.name + " " + escape(f.help) + "\n")
		full := f.name
		if f.kind == counter {
			full += "_total"
		}
		for _, key := range s.keys[name] {
			x := s.series[key]
			for _, p := range x.points {
				buf = append(buf[:0], full...)
				buf = append(buf, x.labels...)
				buf = append(buf, ' ')
				buf = strconv.AppendFloat(buf, p.value, 'g', -1, 64)
				buf = append(buf, ' ')
				buf = strconv.AppendFloat(buf, p.at, 'f', 3, 64)
				buf = append(buf, '\n')
				w.Write(buf)
			}
		}
	}
	w.WriteString("# EOF\n")
	return w.Flush()
}

// escape is that of label values and help.
func escape(s string) string { return escaper.Replace(strings.ToValidUTF8(s, "\uFFFD")) }

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labels makes {a="b",c="d"} of pairs.
func labels(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + pairs[i] + `="` + escape(pairs[i+1]) + `"`)
	}
	return b.String() + "}"
}
