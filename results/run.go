package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/law"
)

// Run is a stored run, read back.
type Run struct {
	Dir      string
	Plan     Plan
	Env      Env
	Summary  Summary
	Variants []VariantData // in the order of the plan; those that never ran are missing
	// Missing says, one line each, what a whole run has and this one has not:
	// a file that a crash kept from being written, or cut.
	Missing []string
}

// ID names the run: its directory's name, whatever way led there. From inside
// the directory that is ".", which names nothing.
func (r *Run) ID() string {
	dir := r.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// VariantData is what was measured of one variant.
type VariantData struct {
	Name    string
	Samples []Sample
	Events  []Event
	// Microseconds from the intended send: of all requests that ended, of those
	// that succeeded, of those that failed. nil: none was saved.
	Latency, LatencyOK, LatencyFailed *hdr.Histogram

	Service    *hdr.Histogram // microseconds from the actual send; nil likewise
	ProxyFile  string         // name of the proxy's configuration: nginx.conf
	ProxyConf  string         // that file as rendered; "": none was saved
	LogExcerpt []string

	BackendFile, BackendConf string // those of the backend likewise: httpd.conf
}

// Open reads a run, and of one that was cut short what is there: without a
// plan there is no run, and everything else may be missing or end in the middle
// of a record, which Missing then says. Anything else that does not parse, or
// holds what no run can hold, is an error with file, line and column.
//
// The error is a *RunError.
func Open(dir string) (*Run, error) {
	r, err := read(dir)
	if err != nil {
		return nil, &RunError{err}
	}
	return r, nil
}

// RunError says what keeps a directory from being read as a run.
type RunError struct{ Err error }

func (e *RunError) Error() string { return e.Err.Error() }
func (e *RunError) Unwrap() error { return e.Err }

// Glance reads a run's plan, environment and summary only: what it was, and
// what came of it. The error is a *RunError.
func Glance(dir string) (*Run, error) {
	r, err := readHead(dir)
	if err != nil {
		return nil, &RunError{err}
	}
	return r, nil
}

func read(dir string) (*Run, error) {
	r, err := readHead(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Plan.Variants {
		v, err := r.readVariant(p.Name)
		if err != nil {
			return nil, err
		}
		if v != nil {
			r.Variants = append(r.Variants, *v)
		}
	}
	return r, nil
}

func readHead(dir string) (*Run, error) {
	// latest is a symlink; a report names the run itself.
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	r := &Run{Dir: dir}
	if err := readJSON(filepath.Join(dir, PlanFile), &r.Plan); err != nil {
		return nil, fmt.Errorf("%s is not a run: %w", dir, err)
	}
	if err := r.Plan.sound(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, PlanFile), err)
	}
	if err := r.orMissing(EnvFile, readJSON(filepath.Join(dir, EnvFile), &r.Env)); err != nil {
		return nil, err
	}
	return r, r.readSummary()
}

// orMissing takes an error about a file that is not there, or cut, for what it
// is in a run that was cut short, and gives back any other.
func (r *Run) orMissing(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Missing = append(r.Missing, name+" is missing")
	case errors.As(err, new(*cutError)):
		r.Missing = append(r.Missing, name+" ends in the middle of a record")
	default:
		return err
	}
	return nil
}

// readSummary reads the summary, or puts one together from the verdicts there
// are. Rows of variants that are not in the plan are not of this run.
func (r *Run) readSummary() error {
	path := filepath.Join(r.Dir, SummaryFile)
	before := len(r.Missing)
	if err := r.orMissing(SummaryFile, readJSON(path, &r.Summary)); err != nil {
		return err
	}
	if len(r.Missing) == before {
		if err := readable(r.Summary.Schema, SummarySchema); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	} else {
		r.Summary = Summary{
			Schema:     SummarySchema,
			Scenario:   r.Plan.Scenario,
			Title:      r.Plan.Title,
			Kind:       r.Plan.Kind,
			Size:       r.Plan.Size,
			StartedUTC: r.Env.StartedUTC,
			PlanHash:   r.Plan.Hash,
			Partial:    true,
		}
	}
	for i := range r.Summary.Variants {
		r.Summary.Variants[i].identify()
	}
	planned := func(v Variant) bool {
		return slices.ContainsFunc(r.Plan.Variants, func(p VariantPlan) bool { return p.Name == v.Name })
	}
	for _, v := range r.Summary.Variants {
		if !planned(v) {
			return fmt.Errorf("%s: a row for %q, which is not in the plan", path, v.Name)
		}
	}
	for _, p := range r.Plan.Variants { // a crash may fall between a verdict and the summary
		if r.Summary.Variant(p.Name) != nil {
			continue
		}
		var v Variant
		name := filepath.Join(p.Name, VerdictFile)
		err := readJSON(filepath.Join(r.Dir, name), &v)
		switch {
		case err == nil && v.Name != p.Name:
			return fmt.Errorf("%s: a row for %q, want %q", filepath.Join(r.Dir, name), v.Name, p.Name)
		case err == nil:
			v.identify()
			r.Summary.Variants = append(r.Summary.Variants, v)
		case errors.Is(err, fs.ErrNotExist): // it never came to that
		default:
			if err := r.orMissing(name, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// readVariant is nil for one that was never reached.
func (r *Run) readVariant(name string) (*VariantData, error) {
	dir := filepath.Join(r.Dir, name)
	judged := r.Summary.Variant(name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if judged != nil {
			r.Missing = append(r.Missing, name+" is missing")
		}
		return nil, nil
	}
	v := &VariantData{Name: name}
	var err error
	v.Samples, err = readLines[Sample](filepath.Join(dir, SamplesFile))
	if r.orMissing(filepath.Join(name, SamplesFile), err) != nil {
		return nil, err
	}
	// With so wide a gap at its end a row would be invalid, and say so itself.
	valid := judged != nil && judged.LoadEndS != nil && law.Trusted(judged.Verdict)
	if end := lastSample(v.Samples); err == nil && valid && *judged.LoadEndS-end > GapLimit*SampleEvery.Seconds() {
		r.Missing = append(r.Missing, fmt.Sprintf("%s ends at %.1f s of %.1f",
			filepath.Join(name, SamplesFile), end, *judged.LoadEndS))
	}
	v.Events, err = readLines[Event](filepath.Join(dir, EventsFile))
	if r.orMissing(filepath.Join(name, EventsFile), err) != nil {
		return nil, err
	}
	v.Latency, err = readLatency(filepath.Join(dir, LatencyFile))
	if unmeasured := judged == nil || judged.Latency == nil; unmeasured && errors.Is(err, fs.ErrNotExist) {
		err = nil // it is written at the end, of a load that had one
	}
	if r.orMissing(filepath.Join(name, LatencyFile), err) != nil {
		return nil, err
	}
	// Runs of before they were kept have none: their absence is no loss.
	for _, later := range []struct {
		file string
		h    **hdr.Histogram
	}{{ServiceFile, &v.Service}, {LatencyOKFile, &v.LatencyOK}, {LatencyFailedFile, &v.LatencyFailed}} {
		*later.h, err = readLatency(filepath.Join(dir, later.file))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if r.orMissing(filepath.Join(name, later.file), err) != nil {
			return nil, err
		}
	}
	v.ProxyFile, v.BackendFile = r.Plan.files(name)
	v.ProxyConf, v.BackendConf = readText(filepath.Join(dir, v.ProxyFile)), readText(filepath.Join(dir, v.BackendFile))
	if b, err := readFile(filepath.Join(dir, LogFile)); err == nil {
		v.LogExcerpt = strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	}
	return v, nil
}

func lastSample(all []Sample) float64 {
	last := 0.0
	for _, s := range all {
		last = max(last, s.T)
	}
	return last
}

// Partial says that the run, or what is left of it, is not all of what was
// planned.
func (r *Run) Partial() bool { return r.Summary.Partial || len(r.Missing) > 0 }

// Row is a variant's row of the summary; of one that has none, what is known
// of it without having been judged.
func (r *Run) Row(p VariantPlan) Variant {
	if v := r.Summary.Variant(p.Name); v != nil {
		return *v
	}
	v := Variant{Name: p.Name, Verdict: NotRun, Expected: p.Expect, OfferedPerS: p.RatePerS, Predicted: p.Predicted,
		Why: "The run ended before this variant."}
	for _, s := range r.Summary.Skipped {
		if s.Name == p.Name {
			v.Verdict, v.Why = Skipped, s.Why
			return v
		}
	}
	for _, d := range r.Variants {
		if d.Name == p.Name && len(d.Samples) > 0 {
			v.Verdict, v.Why = NotJudged,
				"The run ended during this variant: what was sampled until then is shown, and was not judged."
		}
	}
	return v
}

// What stands in the place of a verdict where there is none.
const (
	NotRun    = "not run"
	NotJudged = "not judged"
	Skipped   = "skipped" // see SkippedVariant
)

// Variant returns the summary row of a variant, nil if it has none.
func (s *Summary) Variant(name string) *Variant {
	for i := range s.Variants {
		if s.Variants[i].Name == name {
			return &s.Variants[i]
		}
	}
	return nil
}
