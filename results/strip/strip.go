// Package strip is the moving picture of a variant: the ports taken, as they rise towards
// those there are, and the requests lost. A run under way and a stored one are drawn by the
// same script from the same points, so that a replay shows what was to be seen live.
package strip

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"math"

	"github.com/lab99/lab99/results"
)

// Script defines strip(node, track), which draws a track into an element.
//
//go:embed strip.js
var Script string

// Hash is that of a page's script, by which its Content-Security-Policy admits it and nothing else.
func Hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Track is what the picture of a variant is made of.
type Track struct {
	Name      string   `json:"name"`
	Tuples    int      `json:"tuples"` // K: pairs of a source port and a destination; 0: not known
	DurationS float64  `json:"duration_s"`
	DueS      *float64 `json:"due_s"`        // the predicted first error 99; null: none is due
	LatestS   *float64 `json:"latest_due_s"` // its end, where the law gives a span
	Earliest  bool     `json:"earliest,omitempty"`
	CameS     *float64 `json:"came_s,omitempty"` // the first error 99, as it was judged
	Line      *Line    `json:"line,omitempty"`
	Own       bool     `json:"own,omitempty"` // of the causes of failures the log alone tells
	Points    []Point  `json:"points"`
}

// Line is the first line of error 99 in the proxy's log.
type Line struct {
	T    float64 `json:"t_s"` // when it was read, on the load's clock
	Text string  `json:"text"`
}

// New is the track of a variant without points.
func New(plan results.VariantPlan) Track {
	return Track{
		Name:      plan.Name,
		Tuples:    plan.Predicted.Tuples,
		DurationS: plan.DurationS,
		Earliest:  plan.Race,
		Own:       plan.OwnConfig != "",
		DueS:      plan.Predicted.FirstError99S,
		LatestS:   plan.Predicted.FirstError99LatestS,
		Points:    []Point{},
	}
}

// Point is one sample: of the proxy's sockets, or of what the generator counted since the
// last such point.
type Point struct {
	T          float64         // seconds on the load's clock
	Ports      *int64          // taken, TIME_WAIT and live ones; nil: a point of the generator
	Log        *results.Errors // of the proxy so far, with Ports; nil: it has none
	OK, Failed int64
	Error99    int64 // of the failed: a connect() failed
	Refused    int64 // of the failed: none was tried
}

// MarshalJSON writes [t, ports] or [t, ports, error 99, refused, other] of the log, and
// [t, null, ok, failed, error 99, refused] of the generator: there are thousands.
func (p Point) MarshalJSON() ([]byte, error) {
	at := math.Round(p.T*1000) / 1000
	switch {
	case p.Ports == nil:
		return json.Marshal([]any{at, nil, p.OK, p.Failed, p.Error99, p.Refused})
	case p.Log == nil:
		return json.Marshal([]any{at, p.Ports})
	}
	return json.Marshal([]any{at, p.Ports, p.Log.Error99, p.Log.NoLiveUpstreams, p.Log.Other})
}

// Of is the point of a sample; most samples are none.
func Of(s results.Sample) (Point, bool) {
	switch {
	case s.T < 0:
		return Point{}, false // before the load
	case s.Load != nil:
		e := s.Load.Errors
		return Point{T: s.T, OK: s.Load.OK, Failed: s.Load.Failed, Error99: e.Error99, Refused: e.NoLiveUpstreams}, true
	case s.ListsProxySockets():
		return Point{T: s.T, Ports: new(s.Net.Count("")), Log: s.Net.Log}, true
	}
	return Point{}, false
}

// LineOf is the first line of error 99, of the sample that has it.
func LineOf(s results.Sample) *Line {
	if s.Net == nil || s.Net.Error99Line == "" {
		return nil
	}
	return &Line{s.T, s.Net.Error99Line}
}

// most is how many points of each kind a stored track has: more than a screen shows.
const most = 300

// Stored are the tracks of a run's variants that were measured.
func Stored(run *results.Run) (tracks []Track) {
	for _, v := range run.Views() {
		t := New(v.Plan)
		t.CameS = v.FirstError
		for _, s := range v.Data.Samples {
			if line := LineOf(s); line != nil {
				t.Line = line
			}
			if p, ok := Of(s); ok {
				t.Points = append(t.Points, p)
			}
		}
		if t.Points = thin(t.Points, most); len(t.Points) > 0 {
			tracks = append(tracks, t)
		}
	}
	return tracks
}

// thin leaves about n points of each kind. What the generator counted is added up; of the
// sockets the last of several points stays.
func thin(all []Point, n int) (kept []Point) {
	every := (len(all) + 2*n - 1) / (2 * n)
	if every <= 1 {
		return all
	}
	var sum Point
	last := len(all) - 1
	for last >= 0 && all[last].Ports == nil {
		last--
	}
	counted, seen := 0, 0
	for i, p := range all {
		if p.Ports != nil {
			if seen++; seen%every == 0 || i == last { // the last has the whole log
				kept = append(kept, p)
			}
			continue
		}
		sum = Point{
			T:       p.T,
			OK:      sum.OK + p.OK,
			Failed:  sum.Failed + p.Failed,
			Error99: sum.Error99 + p.Error99,
			Refused: sum.Refused + p.Refused,
		}
		if counted++; counted%every == 0 {
			kept, sum = append(kept, sum), Point{}
		}
	}
	if sum != (Point{}) {
		kept = append(kept, sum)
	}
	return kept
}
