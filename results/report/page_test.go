package report

import (
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// TestTheRunIsNamedFromWhereverOneStands: `lab99 report .` tells of the same
// run as `lab99 report runs/NAME`.
func TestTheRunIsNamedFromWhereverOneStands(t *testing.T) {
	dir := charttest.Save(t, t.TempDir(), charttest.Quick())
	want := charttest.Quick().ID()
	for from, path := range map[string]string{".": dir, dir: ".", dir + "/baseline": ".."} {
		t.Run(path, func(t *testing.T) {
			t.Chdir(from)
			run, err := results.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if p := newPage(run, nil); p.ID != want {
				t.Errorf("from %s, %s is the run %q, want %q", from, path, p.ID, want)
			}
		})
	}
}
