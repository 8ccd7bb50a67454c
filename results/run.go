package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Run is a stored run, read back.
type Run struct {
	Dir      string
	Plan     Plan
	Env      Env
	Summary  Summary
	Variants []VariantData // in the order of the plan; those that never ran are missing
}

// VariantData is what was measured of one variant.
type VariantData struct {
	Name       string
	Samples    []Sample
	Events     []Event
	Latency    *hdr.Histogram // microseconds from the intended send; nil: none was saved
	LogExcerpt []string
}

// Open reads a run. A variant that was never reached is left out; a cut last
// line of a JSON Lines file is dropped, anything else that does not parse is
// an error naming the file and the line.
func Open(dir string) (*Run, error) {
	// latest is a symlink; a report names the run itself.
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	r := &Run{Dir: dir}
	for name, v := range map[string]any{PlanFile: &r.Plan, EnvFile: &r.Env, SummaryFile: &r.Summary} {
		if err := readJSON(filepath.Join(dir, name), v); err != nil {
			return nil, fmt.Errorf("%s is not a run: %w", dir, err)
		}
	}
	if r.Summary.Schema != SummarySchema {
		return nil, fmt.Errorf("%s: schema %q, want %q", filepath.Join(dir, SummaryFile), r.Summary.Schema, SummarySchema)
	}
	for _, p := range r.Plan.Variants {
		v, err := openVariant(filepath.Join(dir, p.Name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		v.Name = p.Name
		r.Variants = append(r.Variants, *v)
	}
	return r, nil
}

// Variant returns the summary row of a variant, nil if it has none.
func (s *Summary) Variant(name string) *Variant {
	for i := range s.Variants {
		if s.Variants[i].Name == name {
			return &s.Variants[i]
		}
	}
	return nil
}

func openVariant(dir string) (*VariantData, error) {
	v := new(VariantData)
	var err error
	if v.Samples, err = readLines[Sample](filepath.Join(dir, SamplesFile)); err != nil {
		return nil, err
	}
	if v.Events, err = readLines[Event](filepath.Join(dir, EventsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if v.Latency, err = readLatency(filepath.Join(dir, LatencyFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if b, err := os.ReadFile(filepath.Join(dir, LogFile)); err == nil {
		v.LogExcerpt = strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	}
	return v, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func readLines[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []T
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return all, nil // what follows the last newline is a cut record
		}
		if err != nil {
			return nil, err
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		all = append(all, v)
	}
}

// EncodeLatency writes a histogram of microseconds as an HdrHistogram log,
// which other tools of that family read.
func EncodeLatency(h *hdr.Histogram, startMs, endMs int64) ([]byte, error) {
	var b bytes.Buffer
	w := hdr.NewHistogramLogWriter(&b)
	if err := w.OutputLogFormatVersion(); err != nil {
		return nil, err
	}
	if err := w.OutputComment("latency from the intended send time, microseconds"); err != nil {
		return nil, err
	}
	if err := w.OutputLegend(); err != nil {
		return nil, err
	}
	h.SetStartTimeMs(startMs)
	h.SetEndTimeMs(endMs)
	if err := w.OutputIntervalHistogram(h); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func readLatency(path string) (*hdr.Histogram, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := hdr.NewHistogramLogReader(f).NextIntervalHistogram()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return h, nil
}
