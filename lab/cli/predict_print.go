package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/law"
)

// print writes the answer for people: the limits, the lower one first; what
// happens at the rate asked for; the rule of thumb; and every mitigation.
func (a answer) print(w io.Writer) error {
	if a.setup.NAT {
		return a.printNAT(w)
	}
	paragraphs := []string{a.limits(), a.course(), a.classic()}
	if a.by.policy != nil {
		paragraphs = slices.Insert(paragraphs, 0, a.by.conduct(a.setup))
	}
	if a.over.ending != nil {
		paragraphs = slices.Insert(paragraphs, 0, a.over.says(a.setup))
	}
	if a.setup.Held() {
		paragraphs = slices.Insert(paragraphs, 0, a.held.describe(a.setup, a.over.of.Upstream.Protocol))
	}
	if a.kernel != nil {
		paragraphs = slices.Insert(paragraphs, 0, a.forKernel())
	}
	for _, paragraph := range paragraphs {
		fmt.Fprintln(w, inUnits(a.setup, paragraph))
		fmt.Fprintln(w)
	}
	tw := table.New(w)
	fmt.Fprintln(tw, "mitigation\ttuples\tfirst error 99\tsuccesses before\tsteady ok/s\tfailing\t"+
		"safe up to\t50 % full after\t50 % full above\tper worker beyond\tworkers\tverdict")
	row := func(name string, s law.Setup, o law.SteadyState) {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			name, format.Grouped(o.Tuples), whenFirst(o), okBefore(o), floor(o.SteadyOKPerS),
			format.Percent(o.SteadyFailedShare), orAny(o.SafeRatePerS), orNever(o.CliffS), orAny(o.CliffRatePerS),
			atMost(o.AfterCliffPerWorker), format.Grouped(s.WorkersNeeded()), outcomeOf(o))
	}
	row("none", a.setup, a.SteadyState)
	for _, m := range a.mitigations {
		row(m.Name, m.Setup, m.SteadyState)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, m := range a.mitigations {
		fmt.Fprintf(w, "%s: %s\n", m.Name, m.Change)
	}
	fmt.Fprintln(w, inUnits(a.setup, "50 % full after, above: when half of the tuples are taken, "+
		"and the requests/s that it takes; every connect() is slow from then on."))
	fmt.Fprintln(w, inUnits(a.setup, "per worker beyond: the requests/s that one worker manages then."))
	fmt.Fprintln(w, "workers: cores needed for connect() at this rate, one per worker; the other "+
		"columns "+takenForGranted(a.workers)+".")
	fmt.Fprintln(w, "A Unix-domain upstream uses no port at all, where the backend can listen on one; Apache cannot.")
	if a.setup.Ports < fewPorts {
		fmt.Fprintln(w, "So few ports are rather a NAT's than a host's: with --nat the answer is about those.")
	}
	a.printKernel(w)
	return nil
}

// fewPorts is less than anybody leaves a host.
const fewPorts = 1024

// limits is the sentence of the two rates, the lower one first.
func (a answer) limits() string {
	s := a.setup
	if a.CliffRatePerS == nil || a.SafeRatePerS == nil {
		why := "the backend closes every connection first (f = 0) and"
		if a.by.policy != nil {
			why = "only requests under way hold a port (f = 0) and the backend"
		}
		return "No rate is too high for the ports, as long as " + why + " answers at once: nothing stays behind " +
			"on the proxy."
	}
	if a.isAmple() {
		return fmt.Sprintf("No rate up to %s requests/s takes half of the %s: something else than ports is the limit.",
			format.Grouped(ample), format.Plural(a.Tuples, "tuple"))
	}
	all := fmt.Sprintf("above %s requests/s all of them are, and connect() fails with error 99", floor(*a.SafeRatePerS))
	if a.target > 0 {
		all = fmt.Sprintf("above %s requests/s more than %s of them, if they arrive at random, "+
			"find no tuple left and fail with error 99 (Erlang's B formula); evenly spaced ones get by up to %s/s",
			floor(*a.SafeRatePerS), strings.Replace(fmt.Sprint(a.target), "e-0", "e-", 1), floor(*s.SafeRate()))
	}
	if s.ConnectCostAfter() < 2*law.ConnectCost { // no step worth a word
		return strings.Replace(upper(all), "all of them are",
			allTaken(a.Tuples), 1) + "."
	}
	half := fmt.Sprintf("above %s requests/s more than half of the %s tuples are taken, "+
		"and every connect() costs %s instead of %s",
		floor(*a.CliffRatePerS), format.Grouped(a.Tuples), brief(s.ConnectCostAfter()), brief(law.ConnectCost))
	if s.ConnectCostAfter() >= time.Millisecond {
		half += fmt.Sprintf(", which leaves a worker %s/s", floor(a.AfterCliffPerWorker))
	} else {
		half += fmt.Sprintf(" (a worker can still make %s)", atMost(a.AfterCliffPerWorker))
	}
	if *a.SafeRatePerS < *a.CliffRatePerS {
		return upper(all) + "; " + half + "."
	}
	return upper(half) + "; " + all + "."
}

func allTaken(tuples int) string {
	if tuples == 1 {
		return "the only tuple is taken"
	}
	return fmt.Sprintf("all %s tuples are taken", format.Grouped(tuples))
}

// outcomeOf is the verdict that a run would get. Where nothing is due, no run has anything to reproduce.
func outcomeOf(o law.SteadyState) string {
	if o.Verdict == law.NotReproduced {
		return "no error 99"
	}
	return o.Verdict
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// course is what happens at the rate asked for.
func (a answer) course() string {
	s := a.setup
	rate := fmt.Sprintf("At %s requests/s", plain(s.RatePerS))
	if a.target > 0 {
		return rate + a.random()
	}
	held := format.Percent(s.Occupied()) + " of the tuples are held" + margin(a.Verdict) + "."
	if a.CliffS == nil {
		if a.CliffRatePerS != nil && a.SafeRatePerS != nil && !a.isAmple() {
			rate += " neither happens:"
		}
		return rate + " " + held
	}
	half := fmt.Sprintf("%s half of them are taken after %s", rate, format.About(*a.CliffS))
	var text string
	switch {
	case a.FirstError99S == nil && (a.Verdict == law.Collapsed || a.slowed() != ""):
		return fmt.Sprintf("%s, and the rate falls to %s/s, which is what %s can connect. "+
			"The first half is free again %s after it was taken, before the rest is used up. "+
			"So error 99 does not come, but the slow spell repeats every %[4]s: %s/s succeed on average, "+
			"and %s of the requests are not served in time.",
			half, floor(float64(a.workers)*a.AfterCliffPerWorker), workers(a.workers),
			format.About(s.HoldTime().Seconds()), floor(a.SteadyOKPerS), format.Percent(a.SteadyFailedShare))
	case a.FirstError99S == nil:
		return half + ", but never all: " + held + a.needs()
	default:
		text = fmt.Sprintf("%s, all of them after %s. Then error 99 comes, after %s", half, whenFirst(a.SteadyState),
			format.Plural(*a.OKBeforeError99, "success"))
		if a.OKBeforeError99Most != nil {
			text = fmt.Sprintf("%s, all of them after %s: "+
				"this kernel gives all tuples back at each full second of its clock, "+
				"and the load may begin at any time within one. Then error 99 comes, after %s successes",
				half, whenFirst(a.SteadyState), okBefore(a.SteadyState))
		}
	}
	if w := s.Sawtooth(); w != nil && a.slowed() == "" {
		text += fmt.Sprintf(". From then on %s of success and %s of failure alternate",
			format.About(w.OKS), format.About(w.FailingS))
	}
	return text + fmt.Sprintf(": %s/s succeed on average, %s of the requests fail.", floor(a.SteadyOKPerS),
		format.Percent(a.SteadyFailedShare)) + a.slowed() + a.needs()
}

// random is what happens to random arrivals.
func (a answer) random() string {
	held := format.Percent(a.setup.Occupied())
	if a.SteadyFailedShare <= a.target {
		return fmt.Sprintf(" %s of the tuples are held on average, and %s of random arrivals find none, "+
			"which is within the target.%s",
			held, tiny(a.SteadyFailedShare), a.needs())
	}
	held += " of the tuples"
	if times := a.setup.Occupied(); times >= 2 {
		held = fmt.Sprintf("%.3g times as many tuples as there are", times)
	}
	text := fmt.Sprintf(" %s would be held on average if there were no end of them, "+
		"and %s of random arrivals find none, which is above the target", held, tiny(a.SteadyFailedShare))
	if a.FirstError99S != nil {
		text += fmt.Sprintf(": the first after about %s", format.About(*a.FirstError99S))
	}
	return text + "." + a.slowed() + a.needs()
}

// tiny is a share that may be far below a percent.
func tiny(x float64) string {
	if x == 0 || x >= 0.001 {
		return format.Percent(x)
	}
	return fmt.Sprintf("%.1g", x)
}

// takenForGranted words what the table supposes of the workers.
func takenForGranted(n int) string {
	if n > 0 {
		return "are for " + workers(n)
	}
	return "assume that many (--workers sets another number)"
}

// slowed says that the moment of error 99 is but an estimate.
func (a answer) slowed() string {
	if a.workers > 0 && a.setup.RatePerS > float64(a.workers)*a.AfterCliffPerWorker {
		return fmt.Sprintf(" Between the two the rate falls to what %s can connect, "+
			"so the second moment is an estimate.",
			workers(a.workers))
	}
	return ""
}

// needs says how many workers the answer takes for granted.
func (a answer) needs() string {
	n := a.setup.WorkersNeeded()
	if a.workers > 0 || n <= 1 || a.CliffS == nil {
		return ""
	}
	text := fmt.Sprintf(" That takes %d workers with a core each: with fewer, the rate collapses after %s",
		n, format.About(*a.CliffS))
	if a.FirstError99S != nil {
		text += ", and error 99 comes later or not at all (--workers N says when)"
	}
	return text + "."
}

// classic explains the rule of thumb that everybody quotes.
func (a answer) classic() string {
	s := a.setup
	text := fmt.Sprintf("The usual rule is ports / 60 s = %s / 60 = %s/s. ",
		format.Grouped(s.Ports), floor(float64(s.Ports)/60))
	if s.Hold == law.TimeWaitOf(s.HZ) {
		text += fmt.Sprintf("TIME_WAIT is a timer of 60 s that the kernel rounds up, to %g s on average. ",
			s.Hold.Seconds())
	}
	return text + "The rule also forgets that every destination and source address has a full set of ports, " +
		"that only connections the proxy closes first count, and what connect() costs once half of the ports are taken."
}

// whenFirst is the moment of the first error 99, or the interval that it lies in.
func whenFirst(o law.SteadyState) string {
	if o.FirstError99LatestS == nil {
		return orNever(o.FirstError99S)
	}
	return format.Span(format.About(*o.FirstError99S), format.About(*o.FirstError99LatestS))
}

// okBefore are the successes before it.
func okBefore(o law.SteadyState) string {
	if o.OKBeforeError99Most == nil {
		return orAll(o.OKBeforeError99)
	}
	return format.Span(format.Grouped(*o.OKBeforeError99), format.Grouped(*o.OKBeforeError99Most))
}

// orNever is a moment.
func orNever(s *float64) string { return format.Or(s, format.About, "never") }

func orAll(n *int) string { return format.Or(n, format.Grouped, "all") }

// orAny is a rate that is the limit, if there is one.
func orAny(rate *float64) string { return format.Or(rate, atMost, "any") }

// ample is a rate that something else than ports will limit first.
const ample = 100_000

// isAmple says that no rate which a machine reaches takes half of the tuples.
func (a answer) isAmple() bool {
	return a.CliffRatePerS != nil && *a.CliffRatePerS > ample && a.SafeRatePerS != nil && *a.SafeRatePerS > ample
}

func atMost(rate float64) string {
	if rate > ample {
		return "over " + format.Grouped(ample) + "/s"
	}
	return floor(rate) + "/s"
}

// floor is a rate up to which something holds: rounding up would promise more.
func floor(x float64) string {
	switch {
	case x > 0 && x < 0.1:
		return fmt.Sprintf("%.2g", x)
	case x < 10:
		return fmt.Sprintf("%.1f", math.Floor(10*x)/10)
	}
	return format.Grouped(math.Floor(x))
}

func plain(x float64) string {
	if x == math.Floor(x) {
		return format.Grouped(x)
	}
	return fmt.Sprintf("%g", x)
}

func margin(verdict string) string {
	if verdict == law.Inconclusive {
		return ", which leaves no room for a busier minute"
	}
	return ""
}

func workers(n int) string {
	if n == 1 {
		return "one worker"
	}
	return fmt.Sprintf("%d workers", n)
}

// brief is a duration of two digits: 3.6ms, 98µs.
func brief(d time.Duration) string {
	unit := time.Microsecond
	for _, u := range []time.Duration{10 * time.Millisecond, time.Millisecond} {
		if d >= u {
			unit = u / 10
			break
		}
	}
	s := d.Round(unit).String()
	for _, u := range []string{"ms", "µs"} {
		if n, ok := strings.CutSuffix(s, u); ok {
			return n + " " + u
		}
	}
	return s
}
