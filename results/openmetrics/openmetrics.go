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
// Now is a run under way as a scrape gets it, and Exposition any other text for one: values of
// now, without a time.
//
// Neighbours: package results reads the run, package report writes the file
// beside the others, package exporter answers scrapes.
package openmetrics

import (
	"bufio"
	"io"
	"math"
	"strconv"

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

// series is one metric of a family.
type series struct {
	labels string
	points []point
}

type point struct{ at, value float64 } // seconds since the epoch

// set holds series by family, both in the order in which they were first seen.
type set struct {
	now      bool // a point has no time, and takes the place of the one before
	families []string
	about    map[string]Family
	keys     map[string][]string
	series   map[string]*series
}

// add adds a value at a time; times of one series never go back.
func (s *set) add(f Family, labels string, at, value float64, fine bool) {
	if s.about == nil {
		s.about, s.keys, s.series = map[string]Family{}, map[string][]string{}, map[string]*series{}
	}
	if _, known := s.about[f.Name]; !known {
		s.about[f.Name] = f
		s.families = append(s.families, f.Name)
	}
	key := f.Name + labels
	x := s.series[key]
	if x == nil {
		x = &series{labels: labels}
		s.series[key] = x
		s.keys[f.Name] = append(s.keys[f.Name], key)
	}
	if s.now {
		x.points = append(x.points[:0], point{value: value})
		return
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
		if len(s.keys[name]) == 0 {
			continue
		}
		w.Write(f.head(nil))
		full := f.sample()
		for _, key := range s.keys[name] {
			x := s.series[key]
			for _, p := range x.points {
				buf = append(buf[:0], full...)
				buf = append(buf, x.labels...)
				buf = append(buf, ' ')
				buf = strconv.AppendFloat(buf, p.value, 'g', -1, 64)
				if !s.now {
					buf = append(buf, ' ')
					buf = strconv.AppendFloat(buf, p.at, 'f', 3, 64)
				}
				buf = append(buf, '\n')
				w.Write(buf)
			}
		}
	}
	w.WriteString(eof)
	return w.Flush()
}
