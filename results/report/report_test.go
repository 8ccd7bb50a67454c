package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	decode "html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
	"github.com/lab99/lab99/results/chart/charttest"
)

func runs() map[string]*results.Run {
	return map[string]*results.Run{"quick": charttest.Quick(), "full": charttest.Full(), "cut": charttest.Cut()}
}

// pagesOf are the pages of one of the runs as it is, made once for all tests.
func pagesOf(t *testing.T, name string) (html, md string) {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	of, made := shared.pages[name]
	if !made {
		of.html, of.md = pages(t, runs()[name])
		shared.pages[name] = of
	}
	return of.html, of.md
}

var shared = struct {
	sync.Mutex
	pages map[string]struct{ html, md string }
}{pages: map[string]struct{ html, md string }{}}

// pages makes both pages of a run that was saved and read back, without the
// files of the figures.
func pages(t *testing.T, run *results.Run) (html, md string) {
	t.Helper()
	run, err := results.Open(charttest.Save(t, t.TempDir(), run))
	if err != nil {
		t.Fatal(err)
	}
	p := newPage(run, figures(t, run))
	var h, m bytes.Buffer
	if err := p.html(&h); err != nil {
		t.Fatal(err)
	}
	if err := p.markdown(&m); err != nil {
		t.Fatal(err)
	}
	return h.String(), m.String()
}

func figures(t *testing.T, run *results.Run) []chart.Figure {
	t.Helper()
	figs, err := chart.Figures(run)
	if err != nil {
		t.Fatal(err)
	}
	return figs
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{
		"report.*", "charts/*", ".*", "charts/.*", "metrics.txt", "monitoring/*", "monitoring/.*",
	} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.ToSlash(rel)] = string(b)
		}
	}
	return files
}

func TestAReportMadeAgainIsTheSameBytes(t *testing.T) {
	t.Parallel()
	run := charttest.Run("20261123-130000-port-exhaustion-tiny", "tiny",
		charttest.Case{Name: "baseline", Verdict: "reproduced", Tuples: 50, RatePerS: 50, Duration: 2, Churn: 1})
	dir := charttest.Save(t, t.TempDir(), run)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	first := read(t, dir)
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, read(t, dir)); diff != "" {
		t.Error(diff)
	}
	if want := 2 + 4*7 + 1 + 3; len(first) != want { // two pages, four files of each figure, metrics, monitoring
		t.Errorf("%d files, want %d and no temporary ones left", len(first), want)
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(first[MarkdownFile], -1) {
		if _, there := first[link[1]]; !there {
			t.Errorf("the draft shows %s, which was not written", link[1])
		}
	}
}

func TestPostmortem(t *testing.T) {
	for name := range runs() {
		t.Run(name, func(t *testing.T) {
			_, md := pagesOf(t, name)
			golden.Compare(t, filepath.Join("testdata", name+".md"), md)
		})
	}
}

// TestPageNeedsNothingElse: no file and no host, and the one script is the one
// that the page's policy admits.
func TestPageNeedsNothingElse(t *testing.T) {
	for name := range runs() {
		html, _ := pagesOf(t, name)
		if found := regexp.MustCompile(`(?i)<link|<img|<iframe|@import|url\(|\ssrc=|\shref="[^#]|\son\w+=`).FindString(html); found != "" {
			t.Errorf("%s: the page contains %q", name, found)
		}
		scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(html, -1)
		if len(scripts) != 1 {
			t.Fatalf("%s: %d scripts, want 1", name, len(scripts))
		}
		sum := sha256.Sum256([]byte(scripts[0][1]))
		// A + is written as &#43;.
		policy := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(decode.UnescapeString(html), policy) {
			t.Errorf("%s: the page's policy does not admit its script: want %s in\n%.600s", name, policy, html)
		}
		for _, id := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
			if strings.Count(html, ` id="`+id[1]+`"`) != 1 {
				t.Errorf("%s: a link to #%s, which is not there once", name, id[1])
			}
		}
	}
}

func TestPageBeginsWithTheFinding(t *testing.T) {
	run := charttest.Quick()
	run.Summary.Variants = run.Summary.Variants[:1]
	run.Summary.Variants[0].Verdict, run.Summary.Variants[0].FirstError = "invalid", nil
	run.Summary.Variants[0].Why = `a reason with <tags> & "quotes"`
	html, _ := pages(t, run)
	_, body, _ := strings.Cut(html, "<main>")
	_, text, _ := strings.Cut(body, "<header>")
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, `<h1>baseline is invalid: a reason with &lt;tags&gt; &amp; &#34;quotes&#34;.</h1>`) {
		t.Errorf("the page begins %.120q", text)
	}
	if told := strings.Index(body,
		"<a href=\"#notes\">read first: 1\u00a0note</a>"); told < 0 || told > strings.Index(body, "<table") {
		t.Error("that there is a note to read first is not said above the first table")
	}
	if notes := strings.Index(body, "1.22.1 was assembled"); notes < 0 || notes > strings.Index(body, `<h2 id="detail"`) {
		t.Error("the note about the substituted image is not right below the first screen")
	}
}

func TestEveryFigureIsDescribedAndHasItsTable(t *testing.T) {
	html, _ := pagesOf(t, "full")
	for _, f := range figures(t, charttest.Full()) {
		i := strings.Index(html, `<figure id="f-`+f.ID+`" aria-labelledby="c-`+f.ID+`"><div class="plot" tabindex="0"`)
		if i < 0 {
			t.Fatalf("%s is not on the page", f.ID)
		}
		if f.ID == chart.OverviewID { // its table stands beside it, and the page says where it is from
			continue
		}
		after := html[i+1:]
		end := strings.Index(after, "</figure>")
		if strings.Count(after[:end], "<svg") != 2 || !strings.Contains(after[:end], "<figcaption") ||
			!strings.HasPrefix(strings.TrimSpace(after[end+len("</figure>"):]), "<details>") {
			t.Errorf("%s: no picture, or no table below it", f.ID)
		}
		if n := strings.Count(after[:end], ">"+f.Footer[1]+"</text>"); n != 2 { // as it is in the file, digit by digit
			t.Errorf("%s: %q stands in %d of 2 pictures", f.ID, f.Footer[1], n)
		}
	}
}

// TestDarkChangesEveryColour: a colour left fixed is black on black to some.
func TestDarkChangesEveryColour(t *testing.T) {
	html, _ := pagesOf(t, "cut")
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1) {
		if fixed := regexp.MustCompile(`:#[0-9A-Fa-f]{6}`).FindString(svg); fixed != "" {
			t.Errorf("a figure keeps %s", fixed)
		}
		for _, v := range regexp.MustCompile(`var\((--c\d+)\)`).FindAllStringSubmatch(svg, -1) {
			if strings.Count(html, v[1]+":#") != 2 {
				t.Fatalf("%s is not declared for light and for dark", v[1])
			}
		}
	}
}

// TestAVariantWithoutNumbersSaysSo: not measured is never 0.
func TestAVariantWithoutNumbersSaysSo(t *testing.T) {
	html, _ := pagesOf(t, "cut")
	row := regexp.MustCompile(`(?s)<tr role="row"><th role="rowheader" scope="row"><a href="#v-(\S+?)">(.*?)</tr>`)
	rows := row.FindAllStringSubmatch(html, -1)
	if len(rows) != 4 {
		t.Fatalf("%d verdict rows, want 4: the plan's, run or not", len(rows))
	}
	for _, r := range rows {
		switch r[1] {
		case "keepalive", "multi-ip": // one invalid, one never reached
			if n := strings.Count(r[2], ">not measured<"); n != 8 || strings.Contains(r[2], ">0") {
				t.Errorf("%s: %d times not measured, want 8: %s", r[1], n, r[2])
			}
		case "baseline":
			if strings.Contains(r[2], "not measured") {
				t.Errorf("%s was measured: %s", r[1], r[2])
			}
		}
	}
	for _, want := range []string{"Partial.", "The generator sent 12 % of its requests late.",
		"The run ended before this variant.", "httpd exited with status 1"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestTheCommandCountsTheBackendsPort follows the port the probe saw.
func TestTheCommandCountsTheBackendsPort(t *testing.T) {
	run := charttest.Quick()
	for _, v := range run.Variants {
		for _, s := range v.Samples {
			if s.Net != nil {
				for i := range s.Net.Sockets {
					s.Net.Sockets[i].Dst = "[fd00::3]:8443"
				}
			}
		}
	}
	_, md := pages(t, run)
	const want = `ss -Htan state time-wait '( dport = :8443 )' | wc -l`
	if !strings.Contains(md, want) {
		t.Errorf("the draft lacks %s", want)
	}
}

func TestStandInsAreNamedAtTheTop(t *testing.T) {
	run := charttest.Quick()
	run.Plan.Variants[1].BackendKind = "agent"
	run.Plan.Variants[2].OwnConfig = "/home/someone/nginx.conf"
	run.Plan.Variants[3].OwnConfig = "/home/someone/nginx.conf"
	p := newPage(run, figures(t, run))
	notes := strings.Join(p.Notes, "\n")
	for _, want := range []string{"1.22.1 was assembled", "keepalive: the backend is lab99 itself",
		"tw-reuse and multi-ip: nginx ran the configuration nginx.conf"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

func TestWriteNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir); err == nil || !strings.Contains(err.Error(), results.PlanFile) &&
		!strings.Contains(err.Error(), ".json") {
		t.Errorf("error %v, want one that names the missing file", err)
	}
}

// TestTimelineUsesTheRunsOwnClock: UTC comes from an event that carries both
// clocks; without one there is no UTC, rather than a guess.
func TestTimelineUsesTheRunsOwnClock(t *testing.T) {
	run := charttest.Quick()
	p := newPage(run, figures(t, run))
	var utc []string
	for _, m := range timeline(p.failure()) {
		utc = append(utc, m.UTC+" "+m.T()+" "+m.What)
	}
	if got := strings.Join(utc, "\n"); !strings.Contains(got, "2026-11-23 10:15:02.503 2.50 s first error 99") {
		t.Errorf("timeline:\n%s", got)
	}
	late := &run.Variants[0].Events[1]
	late.Time, late.Name = "2026-11-23T10:15:09.000Z", "written long after"
	if got := timeline(p.failure())[0].UTC; got != "2026-11-23 10:15:00.000" {
		t.Errorf("the load starts at %s: an event written late moved it", got)
	}
	for i := range run.Variants[0].Events {
		run.Variants[0].Events[i].T = nil
	}
	for _, m := range timeline(p.failure()) {
		if m.UTC != "not recorded" {
			t.Errorf("%s at %s without a clock", m.What, m.UTC)
		}
	}
}

// TestTextFromOutsideCannotBreakThePage: names, notes and log lines are data.
func TestTextFromOutsideCannotBreakThePage(t *testing.T) {
	run := charttest.Quick()
	run.Plan.Note = "</style><script>x</script>"
	run.Summary.Notes = []string{"a | b <b>"}
	run.Summary.Variants[0].Why = "<i>why</i>"
	run.Plan.Variants[1].Change = []string{"a|b: <u>"}
	run.Variants[0].LogExcerpt = []string{"</pre><h1>"}
	var html, md bytes.Buffer
	p := newPage(run, figures(t, run))
	if err := p.html(&html); err != nil {
		t.Fatal(err)
	}
	if err := p.markdown(&md); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>x", "<b>", "<i>why", "<u>", "</pre><h1>"} {
		if strings.Contains(html.String(), bad) {
			t.Errorf("%q reached the page", bad)
		}
	}
	if !strings.Contains(md.String(), `| **keepalive**: a\|b: <u> |`) {
		t.Error("a bar in a cell is not escaped")
	}
}

// TestTheLawAndTheRunStandSideBySide: with the relative error, and the
// assumption that broke.
func TestTheLawAndTheRunStandSideBySide(t *testing.T) {
	law, seen, off, broken := 2.5, 5.52, 1.208, "f below 1"
	run := charttest.Quick()
	run.Summary.Variants[0].Comparisons = []results.Comparison{
		{
			ID:            "first_error_99",
			Quantity:      "first error 99",
			Unit:          "s",
			Predicted:     &law,
			Measured:      &seen,
			RelativeError: &off,
			Tolerance:     0.05,
			Broken:        &broken,
			Text:          "predicted 2.50 s, measured 5.52 s; f below 1: why",
		},
		{
			ID:            "rho",
			Quantity:      "load factor ρ",
			Predicted:     &law,
			Measured:      &law,
			RelativeError: new(float64),
			Tolerance:     0.25,
			OK:            true,
		},
	}
	html, md := pages(t, run)
	for _, want := range []string{
		"<th scope=\"row\">baseline</th><td>first error " +
			"99</td><td>2.50\u00a0s</td><td>5.52\u00a0s</td><td>&#43;120.8\u00a0%</td><td>±\u00a050\u00a0ms</td><td>✗ " +
			"broken</td><td>f below 1</td>",
		"<td>load factor ρ</td><td>2.5</td><td>2.5</td><td>&#43;0.00\u00a0%</td><td>±\u00a00.25</td><td>✓ holds</td><td>–</td>",
		"<li>baseline, first error 99: predicted 2.50 s, measured 5.52 s; f below 1: why.</li>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{
		"| baseline | first error 99 | 2.50 s | 5.52 s | +120.8 % | ± 50 ms | f below 1 |",
		"**The run left the law.** baseline, first error 99: predicted",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("the draft lacks %s", want)
		}
	}
	if first, verdicts := strings.Index(html, "Where the run left the law"), strings.Index(html,
		`<h2 id="figures">`); first < 0 || first > verdicts {
		t.Error("the finding does not stand above the figures")
	}
}
