package results

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// TestNothingIsWrittenOutsideTheRun: not by a dotted name, not by an absolute
// one, and not over a symbolic link planted in the run's directory.
func TestNothingIsWrittenOutsideTheRun(t *testing.T) {
	top := t.TempDir()
	outside := filepath.Join(top, "outside")
	s := &Store{Dir: filepath.Join(top, "run")}
	for _, dir := range []string{outside, s.Dir} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	victim := filepath.Join(outside, "victim")
	filetest.Write(t, victim, "mine")
	for link, to := range map[string]string{"charts": outside, "dotted": "../outside", "samples": victim} {
		if err := os.Symlink(to, filepath.Join(s.Dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"../outside/a", "v/../../outside/a", victim, "charts/a.svg", "dotted/a", "charts/new/a",
	} {
		if err := s.WriteFile(name, []byte("x")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	for _, name := range []string{"../outside/b", "charts/b", "samples"} {
		if l, err := s.AppendLines(name); err == nil {
			l.Close()
			t.Errorf("%s was opened", name)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside there is %v (%v), want the victim alone", entries, err)
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "mine" {
		t.Errorf("the victim is %q (%v)", b, err)
	}
	if err := s.WriteFile("charts2/a.svg", []byte("x")); err != nil {
		t.Error(err)
	}
	if entries, _ := filepath.Glob(filepath.Join(s.Dir, ".*")); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
}
