package report

import (
	"regexp"
	"strings"
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

// TestEveryTableNamesItsRowsAndColumns: a cell read aloud comes with both.
func TestEveryTableNamesItsRowsAndColumns(t *testing.T) {
	html, _ := pages(t, charttest.Quick())
	tables := regexp.MustCompile(`(?s)<table.*?</table>`).FindAllString(html, -1)
	if len(tables) < 8 {
		t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		head, body, _ := strings.Cut(table, "<tbody")
		all, scoped := regexp.MustCompile(`<th\b`).FindAllString(table, -1), regexp.MustCompile(`<th [^>]*scope="`).FindAllString(table, -1)
		if len(all) != len(scoped) || !strings.Contains(head, `scope="col"`) {
			t.Errorf("%d of %d headings say what they head in %.200s", len(scoped), len(all), table)
		}
		if rows, named := strings.Count(body, "<tr"), strings.Count(body, `scope="row"`); rows != named {
			t.Errorf("%d rows, %d of them named in %.200s", rows, named, table)
		}
	}
}
