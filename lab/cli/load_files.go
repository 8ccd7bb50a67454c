package cli

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/loadgen/figures"
)

// loadRecorder writes the snapshots of a load to files. The first error ends
// the writing, not the load.
type loadRecorder struct {
	csv, hlog *recordFile
	log       *loadgen.Hlog
	base      int64 // CLOCK_MONOTONIC of the beginning
	err       error
}

type recordFile struct {
	f *os.File
	w *bufio.Writer
}

// newLoadRecorder opens the files before the load, so that a wrong path costs
// no run. An empty path is none.
func newLoadRecorder(csvPath, hlogPath string) (*loadRecorder, error) {
	var r loadRecorder
	for _, f := range []struct {
		path string
		to   **recordFile
	}{{csvPath, &r.csv}, {hlogPath, &r.hlog}} {
		if f.path == "" {
			continue
		}
		file, err := os.Create(f.path)
		if err != nil {
			return nil, errors.Join(&lab.StorageError{Err: err}, r.close())
		}
		*f.to = &recordFile{file, bufio.NewWriter(file)}
	}
	if r.csv != nil {
		fmt.Fprintln(r.csv.w, csvHeader())
	}
	return &r, nil
}

func csvHeader() string {
	counts := ""
	for name := range figures.All(loadgen.Counts{}) {
		counts += "," + name.JSON
	}
	return "t_s,interval_s" + counts + ",in_flight,waiting,open,p50_ms,p90_ms,p99_ms,max_ms,causes"
}

func (r *loadRecorder) take(s *loadgen.Snapshot) {
	if r.err != nil || r.csv == nil && r.hlog == nil {
		return
	}
	if r.base == 0 {
		r.base = s.MonoNs - int64(s.Interval)
	}
	if r.csv != nil {
		r.err = r.csv.line(s, r.base)
	}
	if r.hlog != nil {
		r.err = errors.Join(r.err, r.interval(s))
	}
}

// line writes a snapshot as CSV. Quantiles of nothing are left empty.
func (f *recordFile) line(s *loadgen.Snapshot, base int64) error {
	quantiles := ",,,"
	if s.N > 0 {
		quantiles = fmt.Sprintf("%.4f,%.4f,%.4f,%.4f", ms(s.P50), ms(s.P90), ms(s.P99), ms(s.Max))
	}
	var causes []string
	for _, c := range slices.Sorted(maps.Keys(s.Causes)) {
		causes = append(causes, fmt.Sprintf("%s=%d", c, s.Causes[c]))
	}
	counts := ""
	for _, n := range figures.All(s.Counts) {
		counts += fmt.Sprintf(",%d", n)
	}
	_, err := fmt.Fprintf(f.w, "%.3f,%.3f%s,%d,%d,%d,%s,%s\n", float64(s.MonoNs-base)/1e9, s.Interval.Seconds(), counts,
		s.InFlight, s.Waiting, s.Open, quantiles, strings.Join(causes, ";"))
	return err
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// interval writes a snapshot to the histogram log, in wall-clock time.
func (r *loadRecorder) interval(s *loadgen.Snapshot) (err error) {
	now, mono := time.Now(), clock.Mono()
	if r.log == nil {
		if r.log, err = loadgen.NewHlog(r.hlog.w, now.Add(time.Duration(r.base-mono))); err != nil {
			return err
		}
	}
	return r.log.Interval(s, now.Add(time.Duration(s.MonoNs-mono)))
}

func (r *loadRecorder) close() error {
	err := r.err
	for _, f := range []*recordFile{r.csv, r.hlog} {
		if f != nil {
			err = errors.Join(err, f.w.Flush(), f.f.Close())
		}
	}
	if err != nil {
		return &lab.StorageError{Err: err}
	}
	return nil
}

// writeOpenMetrics writes the result for a textfile collector, which may read
// at any moment: by rename.
func writeOpenMetrics(path string, r *loadgen.Result) error {
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return &lab.StorageError{Err: err}
	}
	if err := errors.Join(r.WriteOpenMetrics(f), f.Close()); err != nil {
		return &lab.StorageError{Err: err}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return &lab.StorageError{Err: err}
	}
	return nil
}
