package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen"
)

// searchRun is what a search tried and found. The document it stands in is that
// of the trial at the highest rate that kept the SLO, or, if none did, of the
// last one.
type searchRun struct {
	RatePerS  float64     `json:"rate_per_s"` // 0: none kept the SLO
	LimitedBy string      `json:"limited_by"`
	Why       string      `json:"why"`
	Curve     []searchTry `json:"curve"` // in the order tried
}

type searchTry struct {
	RatePerS     float64            `json:"rate_per_s"`
	Kept         bool               `json:"kept"`
	Why          string             `json:"why,omitempty"`
	AchievedPerS float64            `json:"achieved_per_s"`
	ErrorShare   float64            `json:"error_share"` // of scheduled requests, those not ok
	LatencyMs    *loadgen.Quantiles `json:"latency_ms"`
	LatenessUs   *loadgen.Quantiles `json:"lateness_us"`
	Bottleneck   string             `json:"bottleneck"`

	few, fewLate bool // too few for a p99
}

// findHighest searches the highest rate that keeps the SLO and prints the curve.
func (o *loadOptions) findHighest(ctx context.Context, t *terminal, live *liveLine) error {
	c := o.config
	c.OnSnapshot = func(s loadgen.Snapshot) { live.show(&s, c.Duration) }
	live.begin("searching  ")
	found, err := loadgen.FindMax(ctx, loadgen.Search{
		Config: c, SLO: o.slo, From: o.firstRate, Hold: c.Duration, Cool: o.cool,
		OnTrial: func(tr loadgen.Trial) {
			live.say(fmt.Sprintf("%10s  %s", perSecond(tr.Rate), tryOutcome(tr.Kept, tr.Why)))
			live.begin("searching  ")
		},
	})
	live.clear()
	interrupted := ctx.Err() != nil
	if found == nil || len(found.Curve) == 0 {
		return loadError(err)
	}
	if err != nil && !interrupted {
		return loadError(err)
	}
	if interrupted {
		found.Why = "the search was interrupted"
	}
	doc, err := o.searchDocument(found)
	if err != nil {
		return err
	}
	if o.json {
		err = doc.print(t.stdout, true)
	} else {
		err = printSearch(t.stdout, doc)
	}
	switch {
	case err != nil:
		return err
	case interrupted:
		return exitError(verdict.ExitInterrupted)
	case found.Rate == 0 && doc.OwnLimit != "":
		return exitError(verdict.ExitUndecided)
	case found.Rate == 0 && found.LimitedBy == loadgen.LimitTarget:
		return exitError(verdict.ExitUnexpected)
	case found.Rate == 0:
		return exitError(verdict.ExitUndecided)
	}
	return nil
}

func (o *loadOptions) searchDocument(found *loadgen.Found) (*loadDocument, error) {
	s := &searchRun{RatePerS: found.Rate, LimitedBy: found.LimitedBy, Why: found.Why}
	best := &found.Curve[len(found.Curve)-1]
	for i := range found.Curve {
		tr := &found.Curve[i]
		if tr.Kept && tr.Rate == found.Rate {
			best = tr
		}
		report, err := tr.Result.Report()
		if err != nil {
			return nil, fmt.Errorf("wording a trial: %w", err)
		}
		s.Curve = append(s.Curve, searchTry{
			RatePerS:     tr.Rate,
			Kept:         tr.Kept,
			Why:          tr.Why,
			AchievedPerS: report.AchievedPerS,
			Bottleneck:   report.Bottleneck,
			ErrorShare:   float64(report.Scheduled-report.OK) / float64(max(report.Scheduled, 1)),
			LatencyMs:    report.LatencyMs,
			LatenessUs:   report.LatenessUs,
			few:          !loadgen.Enough(tr.Result.Latency.TotalCount(), 99),
			fewLate:      !loadgen.Enough(tr.Result.Lateness.TotalCount(), 99),
		})
	}
	trial := *o
	trial.config.Profile = loadgen.Constant(best.Rate)
	doc, err := trial.document(best.Result)
	if err != nil {
		return nil, err
	}
	doc.Search = s
	return doc, nil
}

// printSearch prints the curve by rising rate and the finding.
func printSearch(w io.Writer, d *loadDocument) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s\n  mode %s, %s, %s, trials of %v\n\n", d.Asked, d.URL, d.Mode,
		format.Plural(d.Loops, "loop"), format.Plural(d.Connections, "connection"),
		d.result.Elapsed().Round(time.Millisecond))
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "  rate\tachieved\tnot ok\tp50\tp99\tmax\tlateness p99\t")
	curve := slices.Clone(d.Search.Curve)
	slices.SortStableFunc(curve, func(a, b searchTry) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	for _, c := range curve {
		p50, p99, most, late := "–", "–", "–", "–"
		if q := c.LatencyMs; q != nil {
			p50, most = span(q.P50*1e6), span(q.Max*1e6)
			if !c.few {
				p99 = span(q.P99 * 1e6)
			}
		}
		if q := c.LatenessUs; q != nil && !c.fewLate {
			late = span(q.P99 * 1e3)
		}
		fmt.Fprintf(tw, "  %s\t%.1f/s\t%.3g %%\t%s\t%s\t%s\t%s\t%s\n",
			perSecond(c.RatePerS), c.AchievedPerS, 100*c.ErrorShare,
			p50, p99, most, late, tryOutcome(c.Kept, c.Why))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&b, "\n"+finding(d.Search))
	_, err := io.WriteString(w, b.String())
	return err
}

// finding is the answer of a search in a sentence.
func finding(s *searchRun) string {
	switch {
	case s.RatePerS == 0:
		return "No rate tried kept the SLO: " + s.Why + "."
	case s.LimitedBy == loadgen.LimitTarget:
		return fmt.Sprintf("The target keeps the SLO up to %s: %s.", perSecond(s.RatePerS), s.Why)
	}
	return fmt.Sprintf("The target keeps the SLO at %s at least: %s.", perSecond(s.RatePerS), s.Why)
}

// perSecond words a rate; a search that bisects may end at a fraction.
func perSecond(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.2g/s", rate)
	}
	return fmt.Sprintf("%.0f/s", rate)
}

func tryOutcome(kept bool, why string) string {
	if kept {
		return "kept"
	}
	return "not kept: " + why
}
