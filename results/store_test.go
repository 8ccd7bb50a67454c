package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/law"
)

func TestTwoRunsInOneSecond(t *testing.T) {
	root := t.TempDir()
	now := time.Date(2026, 11, 23, 5, 30, 15, 0, time.UTC)
	a, err := Create(root, now, "s", "quick")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Create(root, now, "s", "quick")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(a.Dir) != "20261123-053015-s-quick" || a.Dir == b.Dir {
		t.Errorf("%s and %s", a.Dir, b.Dir)
	}
	latest, err := os.Readlink(filepath.Join(root, "latest"))
	if err != nil || latest != filepath.Base(b.Dir) {
		t.Errorf("latest is %q (%v), want the second run", latest, err)
	}
	for _, discarded := range []struct {
		*Store
		latest string
	}{{b, filepath.Base(a.Dir)}, {a, ""}} {
		if err := discarded.Discard(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(discarded.Dir); err == nil {
			t.Errorf("%s is left", discarded.Dir)
		}
		if latest, _ := os.Readlink(filepath.Join(root, "latest")); latest != discarded.latest {
			t.Errorf("latest is %q without %s, want %q", latest, discarded.Dir, discarded.latest)
		}
	}
}

// TestDirectoryNamedLatest: the run goes on, and its note says what is in the way.
func TestDirectoryNamedLatest(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "latest", "mine")
	if err := os.MkdirAll(file, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := Create(root, time.Now(), "s", "quick")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "latest") + " does not lead to this run: it is a directory"; !strings.HasPrefix(s.Note,
		want) {
		t.Errorf("note %q, want %q", s.Note, want)
	}
	if err := s.WriteFile("f", nil); err != nil {
		t.Error(err)
	}
	if all, _ := filepath.Glob(filepath.Join(root, ".latest-*")); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("what was in the directory: %v", err)
	}
}

// TestCutSamplesKeepTheirPrefix is what JSON Lines is for: a crash in the
// middle of a record costs that record.
func TestCutSamplesKeepTheirPrefix(t *testing.T) {
	file := filepath.Join(t.TempDir(), SamplesFile)
	whole := `{"seq":1,"host":"load","t_s":0.1,"load":{"ok":3}}` + "\n"
	filetest.Write(t, file, whole+`{"seq":2,"host":"lo`)
	got, err := readLines[Sample](file)
	if !errors.As(err, new(*cutError)) || len(got) != 1 || got[0].Load.OK != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	filetest.Write(t, file, whole+"garbage\n")
	if _, err := readLines[Sample](file); err == nil || !strings.Contains(err.Error(), SamplesFile+":2:1") {
		t.Errorf("error %v does not name the place", err)
	}
	// A record cut in the middle of a file is no crash's doing.
	filetest.Write(t, file, whole[:20]+"\n"+whole)
	if _, err := readLines[Sample](file); err == nil || errors.As(err, new(*cutError)) ||
		!strings.Contains(err.Error(), SamplesFile+":1:") {
		t.Errorf("error %v, want one of line 1", err)
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	if err := (&Store{Dir: dir}).WriteFile("f", []byte("old")); err != nil {
		t.Fatal(err)
	}
	// A directory cannot be replaced by a file: the rename fails.
	if err := os.MkdirAll(filepath.Join(dir, "d", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (&Store{Dir: dir}).WriteFile("d", []byte("new")); err == nil {
		t.Error("a file took the place of a directory")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %v", left)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestLinesKeepTheFirstError(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	l, err := s.AppendLines("x.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	l.f.Close() // the next write fails
	l.Write(Sample{})
	l.Write(Sample{})
	if err := l.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestLatencySurvivesTheLog(t *testing.T) {
	h := hdr.New(1, 3600e6, 3)
	for v := int64(1); v < 100000; v += 37 {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := EncodeLatency(h, FromIntended, 1000, 2000)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), LatencyFile)
	filetest.Write(t, file, b)
	got, err := readLatency(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.TotalCount() != h.TotalCount() || got.ValueAtQuantile(99) != h.ValueAtQuantile(99) || got.Max() != h.Max() {
		t.Errorf("%d values, p99 %d, max %d; want %d, %d, %d",
			got.TotalCount(), got.ValueAtQuantile(99), got.Max(), h.TotalCount(), h.ValueAtQuantile(99), h.Max())
	}
}

func TestPlanHashIgnoresPredictionsAndNotes(t *testing.T) {
	a := Plan{Scenario: "s", Variants: []VariantPlan{{Name: "v"}}}
	b := Plan{Scenario: "s", Note: "n", Variants: []VariantPlan{{Name: "v", Predicted: law.Prediction{Tuples: 7}}}}
	c := Plan{Scenario: "s", Variants: []VariantPlan{{Name: "w"}}}
	for _, p := range []*Plan{&a, &b, &c} {
		if err := p.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	if a.Hash != b.Hash || a.Hash == c.Hash {
		t.Errorf("hashes %s, %s, %s", a.Hash, b.Hash, c.Hash)
	}
	if b.Variants[0].Predicted.Tuples != 7 {
		t.Error("sealing loses the prediction")
	}
}
