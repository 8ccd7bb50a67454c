package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
)

// TestReportOfAnOlderRun is of documents that lab99 0.1.0 wrote, before it
// compared predictions, counted sources or told of bystanders: the report is
// whole, and says nothing about what was not measured then.
func TestReportOfAnOlderRun(t *testing.T) {
	t.Parallel()
	files := stored(t)
	for _, name := range []string{results.PlanFile, results.EnvFile, results.SummaryFile} {
		b, err := os.ReadFile(filepath.Join("testdata", "older", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	if strings.Contains(string(files[results.SummaryFile]), "comparisons") {
		t.Fatal("the document is not an older one")
	}
	dir := filepath.Join(t.TempDir(), "20261123-060327-port-exhaustion-quick")
	save(t, dir, files)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	first := read(t, dir)
	md := first[MarkdownFile]
	if strings.Contains(md, "**Partial:**") || !strings.Contains(md, "500") {
		t.Errorf("the draft:\n%s", md)
	}
	for _, v := range []string{"baseline", "keepalive", "tw-reuse", "multi-ip"} {
		if !strings.Contains(md, v) || !strings.Contains(first[HTMLFile], v) {
			t.Errorf("%s is not in the report", v)
		}
	}
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range read(t, dir) {
		if first[name] != text {
			t.Errorf("%s is not the same bytes the second time", name)
		}
	}
}

// TestReportOfANewerRun: what its figures mean is not known, so there is none,
// and the error says what to do.
func TestReportOfANewerRun(t *testing.T) {
	for _, name := range []string{results.PlanFile, results.SummaryFile} {
		files := stored(t)
		kind := strings.TrimSuffix(name, ".json")
		files[name] = []byte(strings.Replace(string(files[name]), "lab99/"+kind+"/v1", "lab99/"+kind+"/v2", 1))
		dir := filepath.Join(t.TempDir(), "run")
		save(t, dir, files)
		err := Write(dir)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "newer lab99") {
			t.Errorf("%s of version 2: error %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, HTMLFile)); err == nil {
			t.Errorf("%s of version 2 was reported", name)
		}
	}
}
