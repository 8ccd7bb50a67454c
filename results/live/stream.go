package live

import (
	_ "embed"
	"sync"
	"time"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/openmetrics"
	"github.com/lab99/lab99/results/strip"
)

//go:embed run.js
var runScript string

// Planned is a run that is about to be: its variants are shown before they begin.
type Planned struct {
	Scenario string   `json:"scenario"`
	Size     string   `json:"size"`
	Title    string   `json:"title"`
	Variants []string `json:"variants"`
}

// message is what a page is told; which of the fields are there depends on the kind.
type message struct {
	Kind   string        `json:"kind"`
	Runs   []Planned     `json:"runs,omitempty"`   // planned
	ID     int           `json:"id,omitempty"`     // of a variant, from 1: begin, phase, points, end
	Name   string        `json:"name,omitempty"`   // begin
	Track  *strip.Track  `json:"track,omitempty"`  // begin
	Phase  string        `json:"phase,omitempty"`  // phase
	Points []strip.Point `json:"points,omitempty"` // points
	Line   *strip.Line   `json:"line,omitempty"`   // line
	Text   string        `json:"text,omitempty"`   // say; end: why
	// Verdict ends a variant.
	Verdict    string   `json:"verdict,omitempty"`
	AsExpected *bool    `json:"as_expected,omitempty"`
	CameS      *float64 `json:"came_s,omitempty"` // end: the first error 99, as it was judged
	Report     bool     `json:"report,omitempty"` // done: the page is the report now
}

// together is for how long samples are put into one message.
const together = 200 * time.Millisecond

// Stream is all that a run has told so far. Telling it never waits for a reader.
type Stream struct {
	events  Events
	metrics openmetrics.Now

	mu      sync.Mutex
	report  []byte
	last    int // the number of variants that began
	pending []*Variant
	timer   *time.Timer
}

// NewStream begins with what is planned.
func NewStream(runs []Planned) *Stream {
	s := &Stream{}
	s.tell(message{Kind: "planned", Runs: runs})
	return s
}

// Source is what a server shows of it.
func (s *Stream) Source(look Look) Source {
	return Source{
		Page: Page{
			Title:  "A run under way",
			About:  "This page shows a run as it goes. When the run has ended it becomes the report.",
			Footer: "served by the run itself",
			Script: runScript,
		},
		Look: look, Events: &s.events, Report: s.Report, Metrics: s.metrics.Text,
	}
}

// Say passes on a line of talk.
func (s *Stream) Say(line string) { s.tell(message{Kind: "say", Text: line}) }

// Variant is one variant under way.
type Variant struct {
	s       *Stream
	id      int
	metrics *openmetrics.Variant
	points  []strip.Point // that are not told yet
}

// Begin starts a variant. One of the same name that began before is forgotten by the page:
// it runs again.
func (s *Stream) Begin(name string, plan results.VariantPlan) *Variant {
	s.mu.Lock()
	s.last++
	v := &Variant{s: s, id: s.last, metrics: s.metrics.Begin(name, plan)}
	s.mu.Unlock()
	s.tell(message{Kind: "begin", ID: v.id, Name: name, Track: new(strip.New(plan))})
	return v
}

// Phase says what the variant does now.
func (v *Variant) Phase(phase string) {
	if phase == "up" {
		v.metrics.Again()
	}
	v.s.tell(message{Kind: "phase", ID: v.id, Phase: phase})
}

// Sample takes a sample. It is told with others, a fifth of a second later; the first line
// of error 99 at once.
func (v *Variant) Sample(sample results.Sample) {
	v.metrics.Sample(sample)
	if line := strip.LineOf(sample); line != nil {
		v.s.tell(message{Kind: "line", ID: v.id, Line: line})
	}
	p, ok := strip.Of(sample)
	if !ok {
		return
	}
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.points == nil {
		s.pending = append(s.pending, v)
	}
	v.points = append(v.points, p)
	if s.timer == nil {
		s.timer = time.AfterFunc(together, s.flush)
	}
}

// flush tells the samples that wait.
func (s *Stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushLocked()
}

func (s *Stream) flushLocked() {
	for _, v := range s.pending {
		s.events.Tell(message{Kind: "points", ID: v.id, Points: v.points})
		v.points = nil
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.pending, s.timer = nil, nil
}

// End gives the variant's row.
func (v *Variant) End(row results.Variant) {
	v.metrics.End()
	v.s.tell(message{
		Kind:       "end",
		ID:         v.id,
		Verdict:    row.Verdict,
		Text:       row.Why,
		AsExpected: row.AsExpected,
		CameS:      row.FirstError,
	})
}

// Done ends the stream. With a report the page becomes it; nil is none.
func (s *Stream) Done(report []byte) {
	s.mu.Lock()
	s.report = report
	s.mu.Unlock()
	s.tell(message{Kind: "done", Report: report != nil})
	s.events.End()
}

// Report is the report, nil before the end.
func (s *Stream) Report() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.report
}

// tell tells a message behind the samples that wait: in the order in which it happened.
func (s *Stream) tell(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushLocked()
	s.events.Tell(m)
}
