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
	html, _ := pagesOf(t, "quick")
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

// TestOneCanFindTheWay: the page is walked by its headings, its landmarks and
// its list of contents.
func TestOneCanFindTheWay(t *testing.T) {
	for name, run := range runs() {
		html, _ := pagesOf(t, name)
		level := byte('0')
		for _, h := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(html, -1) {
			if h[1][0] > level+1 {
				t.Errorf("%s: a heading of level %s below one of level %c", name, h[1], level)
			}
			level = h[1][0]
		}
		for _, once := range []string{`<html lang="en">`, `<a class="skip" href="#verdicts">`, "<main>", "</main>\n<footer>",
			`<nav aria-label=`, "<h1>"} {
			if strings.Count(html, once) != 1 {
				t.Errorf("%s: %d times %s", name, strings.Count(html, once), once)
			}
		}
		_, nav, _ := strings.Cut(html, "<nav ")
		nav, _, _ = strings.Cut(nav, "</nav>")
		for _, v := range run.Plan.Variants {
			if !strings.Contains(nav, `href="#v-`+v.Name+`"`) {
				t.Errorf("%s: no way to %s", name, v.Name)
			}
		}
		_, after, _ := strings.Cut(html, "<h2 id=")
		for _, h := range regexp.MustCompile(`<h2 id="(\w+)"`).FindAllStringSubmatch(after, -1) {
			if h[1] != "count" && !strings.Contains(nav, `href="#`+h[1]+`"`) {
				t.Errorf("%s: no way to %s", name, h[1])
			}
		}
	}
}

// TestTheFirstScreenExplainsItself, to one who never heard of TIME_WAIT, also
// where the run has no moment of exhaustion to tell of.
func TestTheFirstScreenExplainsItself(t *testing.T) {
	run := charttest.Quick()
	for i := range run.Summary.Variants {
		v := &run.Summary.Variants[i]
		v.Verdict, v.FirstError, v.Failed = "mitigated", nil, new(int64)
	}
	html, _ := pages(t, run)
	first, _, _ := strings.Cut(html[strings.Index(html, "<main>"):], `<h2 id="rollout">`)
	for _, want := range []string{"this is called TIME_WAIT", "connect() fails with error 99",
		`v-mitigated">mitigated</strong>: nothing failed`} {
		if !strings.Contains(first, want) {
			t.Errorf("the first screen does not say %q", want)
		}
	}
	if strings.Contains(first, "</strong>: error 99 came") {
		t.Error("a verdict is explained that nothing has")
	}
}

// TestThePageNamesTheFiles that lie beside it.
func TestThePageNamesTheFiles(t *testing.T) {
	t.Parallel()
	dir := charttest.Save(t, t.TempDir(), charttest.Quick())
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	files := read(t, dir)
	for name := range files {
		known := "<code>" + name + "</code>"
		if strings.HasPrefix(name, "charts/") {
			known = "<code>." + name[strings.LastIndexByte(name, '.')+1:] + "</code>"
		}
		if name != HTMLFile && !strings.Contains(files[HTMLFile], known) {
			t.Errorf("the page does not name %s", name)
		}
	}
}

// TestPaperShowsWhatIsShort: checks and log lines are printed, tables of
// points, events and whole configurations are not, and the page says so.
func TestPaperShowsWhatIsShort(t *testing.T) {
	html, _ := pagesOf(t, "quick")
	for summary, short := range map[string]bool{
		"Checks of ":             true,
		"From nginx’s error log": true,
		"Data: ":                 false,
		"nginx.conf as rendered": false,
		"Events of ":             false,
		"Read back from inside ": false,
	} {
		all := regexp.MustCompile(`<details([^>]*)><summary>`+summary).FindAllStringSubmatch(html, -1)
		if len(all) == 0 {
			t.Errorf("nothing folded is called %q", summary)
		}
		for _, d := range all {
			if strings.Contains(d[1], "short") != short {
				t.Errorf("%q is printed: %v, want %v", summary, !short, short)
			}
		}
	}
	if !strings.Contains(html, `printed">Not printed: the data of the figures`) {
		t.Error("a printed page does not say where the rest is")
	}
}
