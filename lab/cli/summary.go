package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/results"
)

// PrintSummary prints what a run ends with: the comparison, the reasons and the
// finding.
func PrintSummary(w io.Writer, s results.Summary) {
	w = lint.Printable(w) // names and lines of logs come from files
	for _, n := range s.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	tw := table.New(w)
	fmt.Fprintln(tw, "variant\tverdict\tas expected\tok\tfailed\tfirst error 99\tpredicted\t"+
		"new connections\tρ\tTIME_WAIT proxy/backend\tp99")
	for _, v := range s.Variants {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s/%s\t%s\n",
			v.Name, v.Verdict, yes(v.AsExpected), count(v.OK), count(v.Failed),
			orNone(v.FirstError, v.Failed), foretold(v.Predicted, "%.3f s"),
			count(v.NewConns), orDash(v.RhoSteady, "%.3g"),
			count(v.TimeWait.ProxyPeak), count(v.TimeWait.BackendPeak), p99(cmp.Or(v.Succeeded(), v.Latency)))
	}
	for _, v := range s.Skipped {
		fmt.Fprintf(tw, "%s\t%s\t–\t–\t–\t–\t–\t–\t–\t–/–\t–\n", v.Name, results.Skipped)
	}
	tw.Flush()
	for _, v := range s.Skipped {
		fmt.Fprintf(w, "\n%s is skipped, and counts neither way: %s.\n", v.Name, v.Why)
	}
	for _, v := range s.Variants {
		if v.AsExpected != nil && *v.AsExpected {
			continue
		}
		fmt.Fprintf(w, "\n%s is %s: %s.\n", v.Name, standing(v.Verdict, v.Expected, v.AsExpected), v.Why)
		for _, c := range v.Checks {
			if c.OK != nil && !*c.OK {
				fmt.Fprintf(w, "  %s: %s (law: %s)\n", c.Name, c.Text, c.Law)
			}
		}
	}
	if slices.ContainsFunc(s.Variants, func(v results.Variant) bool { return v.Verdict == law.Invalid }) {
		fmt.Fprintln(w, "\nFigures of an invalid variant prove nothing. Remove the cause, and run it again.")
	}
	for _, v := range s.Variants {
		for _, c := range v.Comparisons {
			if c.Broken != nil {
				fmt.Fprintf(w, "\n%s left the law in %s: %s.\n", v.Name, c.Quantity, c.Text)
			}
		}
	}
	if s.Partial {
		fmt.Fprintln(w, "\nThe run is partial: it ended before its last variant did.")
	}
	fmt.Fprintln(w, "\nFinding: "+s.Finding)
}

func yes(b *bool) string {
	switch {
	case b == nil:
		return "can't tell"
	case *b:
		return "yes"
	}
	return "no"
}

// orNone tells "none came" from "not measured".
func orNone(first *float64, measured *int64) string {
	if first == nil && measured != nil {
		return "none"
	}
	return orDash(first, "%.3f s")
}

func p99(l *results.Latency) string {
	if l == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f ms", l.P99)
}

func count(n *int64) string { return format.Or(n, format.Grouped, "–") }
