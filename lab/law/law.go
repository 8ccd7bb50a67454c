package law

import (
	"cmp"
	"fmt"
	"strings"
)

// Law is one of the laws as a value: what it predicts of a run and when, which
// measurement it is held against, how far they may be apart, and its words. Plan,
// judge, chart and report ask the same one. Laws has them all.
type Law struct {
	ID     string    // of its checks and comparisons in summary.json; it never changes
	Name   string    // of what is compared
	Held   string    // name of the check; "": Name
	Words  string    // the same for a reader who does not know the context; "": those of the figure
	Unit   string    // Seconds, "requests", …, Share, or "" for a ratio
	Figure string    // the measurement, by its name among Figures or one that only the judge has
	More   Direction // what it means if there is more of it, or it comes later

	// Forecast is the quantity in a prediction; nil where a prediction does not
	// have it by itself.
	Forecast func(Prediction) *float64

	// ForecastMost is its far end where the law gives an interval from Forecast on;
	// nil, and a nil value, where it gives none.
	ForecastMost func(Prediction) *float64

	// Compare sets the prediction beside the measurement; nil where the law does
	// not apply to the run. Neither came: Outcome is left out.
	Compare func(Run) *Compared

	// Check decides whether the run is as the law says; nil where the law does not
	// apply, and the whole function where the law decides nothing.
	Check func(Run) *Checked
}

// Units of a quantity that are written in a way of their own.
const (
	Seconds      = "s"
	Milliseconds = "ms"
	Share        = "of the requests" // kept as 0 to 1
)

// Direction is how a difference from the law changes a run.
type Direction int

// The directions.
const (
	Either     Direction = iota
	LessSevere           // later errors, or none; more successes
	MoreSevere           // earlier errors; fewer successes
)

// Run is what a law is held against: what was set up, what was predicted of it, and
// what was measured.
type Run struct {
	Setup     Setup      // completed
	Predicted Prediction // before the run, for the ports that were read back
	Restated  Prediction // the same with the measured f, where f is an outcome
	EndS      float64    // when the load ended

	// LateS is how late the generator was with what it sent about the time of the first error
	// 99, in seconds: that moment is later by as much, whatever the law.
	LateS float64

	// Measured is a figure of the result by its name; nil: it was not measured, or it
	// did not come.
	Measured func(figure string) *float64
}

// Compared is a prediction beside a measurement, for a reader.
type Compared struct {
	Predicted, Measured *float64 // nil: it was not to come, it did not come
	Tolerance           float64  // in the unit
	Most                *float64 // the far end where the law gives an interval from Predicted on; nil: there is none
}

// Nearest is the predicted value that is nearest to the measured one: in an interval
// the measured one itself. nil where one of the two is missing.
func (c Compared) Nearest() *float64 {
	if c.Predicted == nil || c.Measured == nil {
		return nil
	}
	near := *c.Predicted
	if c.Most != nil {
		near = min(max(*c.Measured, near), *c.Most)
	}
	return &near
}

// Off is how far the measurement lies from that, with its sign.
func (c Compared) Off() *float64 {
	near := c.Nearest()
	if near == nil {
		return nil
	}
	return new(*c.Measured - *near)
}

// Checked is a prediction held against a measurement.
type Checked struct {
	OK                  bool
	Law                 string // the formula, and how far the two may be apart
	Predicted, Measured *float64
	Text                string
}

// Laws are those that a run is held against, in the order in which a reader meets
// them.
var Laws = []*Law{
	&FirstError99, &OKBefore, &NamedOK, &Opened, &Collapse, &TuplesInUse, &LoadFactor, &OKInAll,
	&Recovery, &LostShare, &Overflow, &LogLines, &NoLiveUpstreams, &TriesPerFailure, &Blackout,
	&HeldAlive, &HeldCloser, &HeldBroken,
}

// ByID is the law of a check or a comparison; nil for one of no law.
func ByID(id string) *Law {
	for _, l := range Laws {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// law is what a comparison holds a run against: in a race the law with the measured
// f, as an f below 1 is no surprise there.
func (r Run) law() Prediction {
	if r.Setup.Race {
		return r.Restated
	}
	return r.Predicted
}

// Exact says whether the laws hold to the second. They do not where f is an outcome
// of the run, and not for random arrivals, or for random times that connections are held.
func (s Setup) Exact() bool {
	return (!s.OwnConfig || s.Modelled) && !s.Chance()
}

// CheckName is the name of the law's check in summary.json.
func (l *Law) CheckName() string { return cmp.Or(l.Held, l.Name) }

// InWords is what is compared, for a reader who does not know the context.
func (l *Law) InWords() string {
	if f := FigureOf(l.Figure); l.Words == "" && f != nil {
		return f.Words
	}
	return l.Words
}

// even says whether the load kept to its rate.
func (r Run) even() bool { return r.Setup.ChangesS == nil || *r.Setup.ChangesS >= r.EndS }

// estimated says whether the laws give an estimate only: when connect() gets too
// expensive, for random arrivals, and once the load has changed its rate.
func (r Run) estimated() bool {
	p := r.law()
	changed := !r.even() && (p.FirstError99S == nil || *p.FirstError99S > *r.Setup.ChangesS)
	return p.Rough() || r.Setup.random() || changed
}

// within is how far a moment may be from the law's.
func (r Run) within(t float64) float64 { return Tolerance(t) + r.Setup.ClockBound.Seconds() }

// clocks words the clocks' part of that.
func (r Run) clocks() string {
	if r.Setup.ClockBound == 0 {
		return ""
	}
	return fmt.Sprintf(", and %.1f ms for the clocks", 1e3*r.Setup.ClockBound.Seconds())
}

// sentLate words the generator's part of how late a moment may be.
func (r Run) sentLate() string {
	if r.LateS == 0 {
		return ""
	}
	return fmt.Sprintf(", and %.0f ms that the generator was late then", 1e3*r.LateS)
}

// due is a moment if the load lasted until then.
func (r Run) due(at *float64) *float64 {
	if at == nil || *at+Tolerance(*at) > r.EndS {
		return nil
	}
	return at
}

// first is the predicted first error 99, if it was due or one came.
func (r Run) first() *float64 {
	p := r.law()
	if r.Measured("first_error_99_s") == nil && (p.OrNever || r.due(p.latest99()) == nil) {
		return nil
	}
	return p.FirstError99S
}

// early is how much earlier than predicted, as a share, random sources may run out, and one
// of several destinations in a race.
func (r Run) early() float64 {
	split := EarlyBySplit(r.Setup.Sources, r.Setup.PerDestination())
	if f := r.Measured("close_share"); f != nil && r.Setup.Race {
		return max(split, EarlyByRace(*f, r.Setup.Destinations, r.Setup.PerDestination()))
	}
	return split
}

// pooled says that a pool serves requests that end at once. The law then knows only
// what it churns at the most.
func (r Run) pooled() bool { return r.Setup.Keepalive > 0 && r.Setup.InFlight == 0 }

// WriteSpan is an interval of values as text; most is nil where it is one value.
func (l *Law) WriteSpan(x, most *float64) string {
	if x == nil || most == nil {
		return l.Write(x)
	}
	from, _, _ := strings.Cut(l.Write(x), " ")
	return from + " to " + l.Write(most)
}

// Write is a value of a unit as text; "none" for nil.
func (l *Law) Write(x *float64) string {
	switch {
	case x == nil:
		return "none"
	case l.Unit == Seconds:
		return fmt.Sprintf("%.2f s", *x)
	case l.Unit == "":
		return fmt.Sprintf("%.3g", *x)
	case l.Unit == Share:
		return fmt.Sprintf("%.2f %%", 100**x)
	}
	return fmt.Sprintf("%.0f", *x)
}

func float[N int | int64 | float64](n N) *float64 { return new(float64(n)) }

func or0(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}
