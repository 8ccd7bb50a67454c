package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen"
)

func mergeCommand(t *terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge FILE FILE...",
		Short: "Add up the results of several load generators",
		Args:  between(2, anyNumber, "name at least two files, each written by `lab99 load --json`"),
		RunE:  func(_ *cobra.Command, files []string) error { return mergeLoads(t, files, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one object, lab99/load/v1, instead of the summary")
	return cmd
}

// mergeLoads adds the results of several generators as if they had been one.
func mergeLoads(t *terminal, files []string, asJSON bool) error {
	var docs []*loadDocument
	for _, file := range files {
		d, err := readLoad(file)
		if err != nil {
			return orNotExist(err, "Name files written by `lab99 load --json`.")
		}
		docs = append(docs, d)
	}
	d, err := mergeDocuments(docs)
	if err != nil {
		return &usageError{err.Error()}
	}
	if gap := apart(docs); gap > 0 {
		fmt.Fprintf(t.stderr, "Note: these loads did not run at one time: for %.1f s none did. "+
			"Rates are over all of the time.\n", gap)
	}
	if err := d.print(t.stdout, asJSON); err != nil {
		return err
	}
	if d.OwnLimit != "" {
		return exitError(verdict.ExitUndecided)
	}
	return nil
}

// readLoad reads one document of --json.
func readLoad(file string) (*loadDocument, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	bad := func(err error) error { return &usageError{file + ": " + err.Error()} }
	report, err := loadgen.ReadReport(bytes.NewReader(b))
	if err != nil {
		return nil, bad(err)
	}
	var d loadDocument
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, bad(err)
	}
	if d.Search != nil {
		return nil, bad(fmt.Errorf("it is of a search, of which only one trial is whole"))
	}
	if d.result, err = report.Result(); err != nil {
		return nil, bad(err)
	}
	return &d, nil
}

// mergeDocuments adds documents. What was requested is averaged over the time
// that any of them ran, as what was achieved is.
func mergeDocuments(docs []*loadDocument) (*loadDocument, error) {
	m := &loadDocument{Asked: fmt.Sprintf("%d loads added up", len(docs)), Tool: tool()}
	var results []*loadgen.Result
	var requested float64
	known := true
	for _, d := range docs {
		results = append(results, d.result)
		m.ConnectionsIdeal += d.ConnectionsIdeal
		if known = known && d.RequestedPerS != nil; known {
			requested += *d.RequestedPerS * d.result.Elapsed().Seconds()
		}
		if m.URL == "" {
			m.URL = d.URL
		} else if m.URL != d.URL {
			m.URL = "several targets"
		}
	}
	var err error
	if m.result, err = loadgen.Merge(results...); err != nil {
		return nil, err
	}
	if m.Report, err = m.result.Report(); err != nil {
		return nil, fmt.Errorf("wording the sum: %w", err)
	}
	if s := m.result.Elapsed().Seconds(); known && s > 0 {
		requested /= s
		m.RequestedPerS = &requested
	}
	if m.result.Mode == loadgen.Closed {
		m.Little = new(m.result.Little())
	}
	return m, nil
}

// apart is for how many seconds between the first start and the last end no
// load ran.
func apart(docs []*loadDocument) (gap float64) {
	byStart := slices.SortedFunc(slices.Values(docs), func(a, b *loadDocument) int {
		return a.StartUTC.Compare(b.StartUTC)
	})
	end := byStart[0].StartUTC
	for _, d := range byStart {
		gap += max(0, d.StartUTC.Sub(end).Seconds())
		if e := d.StartUTC.Add(d.result.Elapsed()); e.After(end) {
			end = e
		}
	}
	return gap
}
