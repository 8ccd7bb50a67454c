// Package page shows a watched host in a browser: for each of the fullest pairs of source and
// destination the ports taken, as they rise towards those there are, and when error 99 is due;
// below them what is to be known. It is the page of package live, with the same strips; what
// is on it is what `lab99 diagnose --watch` prints.
package page

import (
	_ "embed"
	"math"
	"time"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/results/live"
	"k8s.io/utils/ptr"
)

//go:embed page.js
var script string

// kept is how many looks a page that is opened late gets: as many seconds as a strip shows.
const kept = 180

// most is how many pairs there is room for.
const most = 24

// Host is a host that is watched. Telling it never waits for a reader.
type Host struct {
	events live.Events
	began  time.Time
	ids    map[pair]int
	last   int
}

type pair struct{ namespace, source, destination string }

// New watches a host from now on.
func New(began time.Time) *Host {
	return &Host{events: live.Events{Keep: kept}, began: began, ids: map[pair]int{}}
}

// Source is what a server shows of it.
func (h *Host) Source(look live.Look) live.Source {
	return live.Source{
		Page: live.Page{
			Title:  "Source ports of this host",
			Footer: "served by lab99 diagnose --watch",
			Script: script,
			About: "Which pairs of source and destination run out of source ports, and when. " +
				"This page looks every second and changes nothing.",
		},
		Look: look, Events: &h.events,
	}
}

// ports are what a strip gets each second.
type ports struct {
	Kind  string          `json:"kind"`
	T     float64         `json:"t_s"` // since the watch began
	Taken map[int]float64 `json:"taken"`
}

// look is the rest, of which only the last counts.
type look struct {
	Kind      string   `json:"kind"`
	At        string   `json:"at"`
	Pairs     []shown  `json:"pairs"`
	Others    int      `json:"others"`
	Findings  []found  `json:"findings"`
	Forecasts []string `json:"forecasts"`
	Unseen    []string `json:"unseen"`
}

// shown is a pair, in words where the page does not draw it.
type shown struct {
	ID     int         `json:"id"`
	Name   string      `json:"name"`
	Where  string      `json:"where"`
	State  string      `json:"state"`
	Says   string      `json:"says"`
	Tuples int         `json:"tuples"` // 0: not known
	DueS   *float64    `json:"due_s"`  // on the watch's clock; null: not due
	Facts  [][2]string `json:"facts"`
}

type found struct {
	Level string `json:"level"`
	Text  string `json:"text"`
	Next  string `json:"next"`
	At    string `json:"at"`
}

// Look tells a report that was made at a moment, and what earlier forecasts came to.
func (h *Host) Look(r *diagnose.Report, at time.Time, forecasts []string) {
	t := math.Round(at.Sub(h.began).Seconds()*10) / 10
	now := ports{"ports", t, map[int]float64{}}
	l := look{
		Kind:      "look",
		At:        at.Format(time.TimeOnly),
		Pairs:     []shown{},
		Findings:  []found{},
		Forecasts: forecasts,
		Unseen:    r.Unseen,
	}
	ids := map[pair]int{}
	for i := range r.Namespaces {
		n := &r.Namespaces[i]
		l.Others += n.Others
		for j := range n.Tuples {
			if len(l.Pairs) == most {
				l.Others++
				continue
			}
			x := &n.Tuples[j]
			key := pair{n.Name, x.Source, x.Destination}
			id, known := h.ids[key]
			if !known {
				h.last++
				id = h.last
			}
			ids[key] = id
			now.Taken[id] = float64(x.Taken - x.Reusable)
			l.Pairs = append(l.Pairs, show(id, n, x, t))
		}
	}
	h.ids = ids // of those that are gone nothing is kept
	for _, f := range r.Findings {
		l.Findings = append(l.Findings, found{f.Level, f.Text, f.Next, f.Place()})
	}
	h.events.Tell(now)
	h.events.Renew(l)
}

func show(id int, n *diagnose.NamespaceReport, x *diagnose.Tuple, t float64) shown {
	s := shown{
		ID:     id,
		Name:   x.Source + " → " + x.Destination,
		Where:  n.Name,
		State:  x.State,
		Says:   x.Forecast(),
		Facts:  x.Facts(),
		Tuples: ptr.Deref(x.Tuples, 0),
	}
	for _, name := range n.Processes[:min(len(n.Processes), 3)] {
		if name != n.Name {
			s.Where += ", " + name
		}
	}
	if x.FirstError99S != nil && x.State == diagnose.RunningOut {
		s.DueS = new(t + *x.FirstError99S)
	}
	return s
}

// End says that the watch has ended.
func (h *Host) End() {
	h.events.Tell(map[string]string{"kind": "done"})
	h.events.End()
}
