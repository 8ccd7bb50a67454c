package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// verdictWords are what a row may say.
var verdictWords = slices.Concat(law.Verdicts, []string{results.NotRun, results.NotJudged, results.Skipped})

// wanted says which past runs to list; an empty field is any.
type wanted struct{ scenario, size, verdict, note string }

func (w wanted) any() bool { return w != wanted{} }

func (w wanted) is(r results.Listed) bool {
	judgedSo := func(v results.ListedVariant) bool { return v.Verdict == w.verdict }
	return (w.scenario == "" || r.Scenario == w.scenario) && (w.size == "" || r.Size == w.size) &&
		strings.Contains(strings.ToLower(r.Note), strings.ToLower(w.note)) &&
		(w.verdict == "" || slices.ContainsFunc(r.Variants, judgedSo))
}

// listRuns lists past runs, newest first.
func listRuns(t *terminal, root string, w wanted, asJSON bool) error {
	if w.verdict != "" && !slices.Contains(verdictWords, w.verdict) {
		return &usageError{fmt.Sprintf("--verdict: no verdict is called %q; there are %s",
			w.verdict, strings.Join(verdictWords, ", "))}
	}
	all, others, err := results.List(root)
	if errors.Is(err, fs.ErrNotExist) {
		return &usageError{err.Error() + "\n  Runs are written under ./results/runs, or where --out says; " +
			"`lab99 reproduce` makes the first."}
	}
	if err != nil {
		return &usageError{err.Error()}
	}
	for _, o := range others {
		fmt.Fprintln(t.stderr, "passed over: "+o)
	}
	runs := []results.Listed{}
	for _, r := range all {
		if w.is(r) {
			runs = append(runs, r)
		}
	}
	if asJSON {
		return printEscaped(t.stdout, runs)
	}
	if len(runs) == 0 {
		fmt.Fprintf(t.stderr, "none of the %d runs under %s matches; `lab99 list --runs` lists all of them\n",
			len(all), root)
		return nil
	}
	tw := table.New(t.stdout)
	fmt.Fprintln(tw, "started (UTC)\tscenario\tsize\tas expected\tverdicts\tnote\trun")
	for _, r := range runs {
		var verdicts []string
		for _, v := range r.Variants {
			verdicts = append(verdicts, v.Name+" "+v.Verdict)
		}
		as := yes(r.AsExpected)
		if r.Partial {
			as += ", partial"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			r.StartedUTC, r.Scenario, r.Size, as, strings.Join(verdicts, ", "), format.OneLine(r.Note), shown(r.Dir))
	}
	return tw.Flush()
}
