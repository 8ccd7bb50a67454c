package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lab99/lab99/results/report"
)

// TestExampleIsCurrent makes the report of the committed example run again:
// it must come out as it is in the tree, or the tree shows a report that this
// version does not write. `lab99 report results/example/...` renews it.
func TestExampleIsCurrent(t *testing.T) {
	t.Parallel()
	runs, err := filepath.Glob("../example/*/summary.json")
	if err != nil || len(runs) == 0 {
		t.Fatalf("no example: %v", err)
	}
	for _, summary := range runs {
		from := filepath.Dir(summary)
		to := filepath.Join(t.TempDir(), filepath.Base(from)) // the name is the run's
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		if err := report.Write(to); err != nil {
			t.Fatal(err)
		}
		names := []string{"report.md", "metrics.txt", "monitoring/alerts.yml", "monitoring/grafana-dashboard.json",
			"monitoring/README.md"}
		if runtime.GOARCH == "amd64" { // elsewhere a chart may differ in its last digit
			names = append(names, "report.html", "charts/comparison.svg",
				"charts/comparison.csv", "charts/comparison.json")
		}
		for _, name := range names {
			want, err := os.ReadFile(filepath.Join(from, name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(to, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s of %s is not what this version writes", name, from)
			}
		}
	}
}
