package results

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// example adds the beginning of a file of the committed runs as a seed.
func example(f *testing.F, name string, most int) {
	f.Helper()
	found, err := filepath.Glob(filepath.Join("example", "*", name))
	if err != nil || len(found) == 0 {
		f.Fatalf("no %s among the examples: %v", name, err)
	}
	for _, path := range found {
		b := filetest.Read(f, path)
		f.Add(b[:min(len(b), most)])
	}
}

// FuzzSamples: any file is read to its end, to a cut, or to an error that
// names the line; what was read can be written, and then reads the same.
func FuzzSamples(f *testing.F) {
	example(f, "*/samples.jsonl", 2000)
	f.Add([]byte("{}\n{\"t_s\":1e999}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseLines[Sample](strings.NewReader(string(b)), "x.jsonl")
		if err != nil && !strings.Contains(err.Error(), "x.jsonl:") {
			t.Errorf("names no line: %v", err)
		}
		var again strings.Builder
		for _, s := range all {
			line, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			again.Write(append(line, '\n'))
		}
		if got, err := parseLines[Sample](strings.NewReader(again.String()), "y"); err != nil || len(got) != len(all) {
			t.Errorf("%d of %d samples were read again: %v", len(got), len(all), err)
		}
	})
}

// FuzzLatency: any file is a histogram, a cut one, or an error that names the
// line.
func FuzzLatency(f *testing.F) {
	example(f, "*/latency.hlog", 4000)
	f.Add([]byte("#[StartTime: 1\n1,2,3,HISTFAAAAA==\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseLatency(b, "x.hlog")
		switch {
		case err == nil && h == nil:
			t.Error("neither a histogram nor an error")
		case err != nil && !strings.Contains(err.Error(), "x.hlog:"):
			t.Errorf("names no line: %v", err)
		case err == nil && (h.ValueAtQuantile(99) > h.Max() || h.TotalCount() < 0):
			t.Errorf("p99 %d, max %d of %d values", h.ValueAtQuantile(99), h.Max(), h.TotalCount())
		}
	})
}

// FuzzPlan: any plan that is let through names directories below the run's.
func FuzzPlan(f *testing.F) {
	example(f, "plan.json", 1<<20)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Plan
		if err := decode(b, &p, "plan.json", 1); err != nil || p.sound() != nil {
			return
		}
		for _, v := range p.Variants {
			if !filepath.IsLocal(v.Name) || filepath.Base(v.Name) != v.Name {
				t.Errorf("the name %q leads away", v.Name)
			}
		}
	})
}

// FuzzGroup: any group that is let through names directories beside its own.
func FuzzGroup(f *testing.F) {
	f.Add([]byte(`{"schema":"lab99/group/v1","runs":["20261123-010000-s-quick"]}`))
	f.Add([]byte(`{"schema":"lab99/group/v1","runs":[".."]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var g Group
		if err := decode(b, &g, GroupFile, 1); err != nil || g.sound() != nil {
			return
		}
		for _, name := range g.Runs {
			if !filepath.IsLocal(name) || filepath.Base(name) != name {
				t.Errorf("the name %q leads away", name)
			}
		}
	})
}
