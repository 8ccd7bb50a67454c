// Package report puts a run on a page: report.html to read, report.md to paste
// into a postmortem, the figures of both as files, and what monitoring takes.
//
// A report is a pure function of the run's directory: made again, it is the
// same bytes. It knows no clock and looks at nothing but the files, so an old
// run can be reported by a newer lab99.
//
// A number nobody measured is written "not measured", never 0.
//
// Neighbours: package results reads the run, package chart draws it; packages
// openmetrics and monitoring write it for other programs.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
	"github.com/lab99/lab99/results/monitoring"
	"github.com/lab99/lab99/results/openmetrics"
)

// Files of a report, in the run's directory.
const (
	HTMLFile     = "report.html"
	MarkdownFile = "report.md"
	ChartsDir    = "charts"
)

// Write makes the report of the run in dir. Every file appears whole or not
// at all; those already written stay when a later one fails.
func Write(dir string) error {
	run, err := results.Open(dir)
	if err != nil {
		return err
	}
	figs, err := chart.Figures(run)
	if err != nil {
		return err
	}
	for i := range figs {
		f := &figs[i]
		name := filepath.Join(ChartsDir, f.ID)
		err := errors.Join(write(run.Dir, name+".svg", f.WriteSVG), write(run.Dir, name+".png", f.WritePNG),
			write(run.Dir, name+".csv", f.WriteCSV), write(run.Dir, name+".json", f.WriteJSON))
		if err != nil {
			return err
		}
	}
	if err := dropFigures(run.Dir, figs); err != nil {
		return err
	}
	if err := forMonitoring(run); err != nil {
		return err
	}
	page := newPage(run, figs)
	if err := write(run.Dir, MarkdownFile, page.markdown); err != nil {
		return err
	}
	return write(run.Dir, HTMLFile, page.html)
}

// dropFigures removes those of an earlier report that this one has nothing to say
// with: beside figures of today they would be taken for some.
func dropFigures(dir string, figs []chart.Figure) error {
	for _, id := range chart.Optional {
		if slices.ContainsFunc(figs, func(f chart.Figure) bool { return f.ID == id }) {
			continue
		}
		for _, ext := range []string{".svg", ".png", ".csv", ".json"} {
			err := os.Remove(filepath.Join(dir, ChartsDir, id+ext))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a figure of an earlier report: %w", err)
			}
		}
	}
	return nil
}

// forMonitoring writes what other programs take: the time series, alert rules
// and a dashboard.
func forMonitoring(run *results.Run) error {
	files, err := monitoring.Files(run)
	if err != nil {
		return fmt.Errorf("make %s: %w", monitoring.Dir, err)
	}
	for _, f := range files {
		if err := (&results.Store{Dir: run.Dir}).WriteFile(f.Name, f.Text); err != nil {
			return err
		}
	}
	return write(run.Dir, openmetrics.File, func(w io.Writer) error { return openmetrics.Write(w, run) })
}

func write(dir, name string, encode func(io.Writer) error) error {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return (&results.Store{Dir: dir}).WriteFile(name, b.Bytes())
}
