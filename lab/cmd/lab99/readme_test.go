package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/cli"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// pages are the README and the pages that it leads to, with the directory that
// links and commands start from.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../../docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	all := map[string]string{}
	for _, name := range append(names, "../../../README.md") {
		text := filetest.Read(t, name)
		all[name] = string(text)
	}
	return all
}

// blocks are the code blocks of a language.
func blocks(page, language string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

// documented runs a command as a page shows it, at the top of the tree and
// without an engine: what needs one must get as far as missing it, so that no
// flag, scenario or file may be unknown. A load goes to the test's server and is
// cut short.
func documented(t *testing.T, command, server string) (output string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command, _, _ = strings.Cut(command, " #")
	words, err := shellWords(command)
	if err != nil || len(words) < 2 || words[0] != "lab99" {
		t.Fatalf("%q is not a lab99 command: %v", command, err)
	}
	args, want := words[1:], "0"
	if i := slices.Index(args, ">"); i >= 0 {
		args = args[:i]
	}
	switch args[0] {
	case "run", "reproduce":
		args, want = append(args, "--driver", "docker"), "3" // the other driver would do it
	case "clean":
		want = "3"
	case "report":
		args[1] = copyOf(t, "../../../"+args[1])
	case "load":
		for i := range args {
			args[i] = strings.Replace(args[i], "http://127.0.0.1:8080", server, 1)
		}
		if slices.Contains(args, "--find-max") {
			args = append(args, "--rate", "50", "--duration", "100ms", "--cool", "1ms", "--connections", "4")
		} else {
			args = append(args, "--requests", "20")
		}
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = "../../.."
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nowhere/no-engine.sock", "LAB99_AS_PROGRAM=1")
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	got := exitStatus(cmd.Run())
	if args[0] == "doctor" && got == "3" { // no driver at all is what it is to find out
		got = "0"
	}
	if args[0] == "diagnose" && (got == "1" || got == "2") { // what it says depends on the machine
		got = "0"
	}
	if args[0] == "lint" && got == "1" { // it found what the page is about
		got = "0"
	}
	if got != want {
		t.Errorf("%s: exit code %s, want %s: %s%s", command, got, want, out.String(), talk.String())
	}
	return out.String()
}

// shellWords splits a command as a shell does, for what the pages need of it.
func shellWords(s string) ([]string, error) {
	var words []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			if len(words) == 0 {
				return nil, fmt.Errorf("a quote begins the command")
			}
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words, nil
}

// TestDocumentedCommands runs what stands in the sh blocks of the README and of
// docs.
func TestDocumentedCommands(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	seen := map[string]bool{}
	atOnce := make(chan struct{}, runtime.NumCPU())
	for _, page := range pages(t) {
		for _, block := range blocks(page, "sh") {
			for line := range strings.Lines(block) {
				command, _, _ := strings.Cut(strings.TrimSpace(line), " #")
				if command = strings.TrimSpace(command); seen[command] {
					continue
				}
				seen[command] = true
				t.Run(command, func(t *testing.T) {
					t.Parallel()
					atOnce <- struct{}{}
					defer func() { <-atOnce }()
					documented(t, command, server.URL)
				})
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d commands found, want the 20 or more that there are", len(seen))
	}
}

// TestDocumentedOutput holds what stands in the console blocks against what the
// commands print. Lines may be broken elsewhere, and … stands for any text.
func TestDocumentedOutput(t *testing.T) {
	compared := 0
	for name, page := range pages(t) {
		for _, block := range blocks(page, "console") {
			command, shown, _ := strings.Cut(strings.TrimPrefix(block, "$ "), "\n")
			got := strings.Join(strings.Fields(documented(t, command, "")), " ")
			want := regexp.QuoteMeta(strings.Join(strings.Fields(shown), " "))
			if !regexp.MustCompile("^" + strings.ReplaceAll(want, "…", ".*") + "$").MatchString(got) {
				t.Errorf("%s shows of %s\n%s\nand it prints\n%s", name, command, shown, got)
			}
			compared++
		}
	}
	if compared < 3 {
		t.Errorf("%d outputs compared, want the 3 or more that there are", compared)
	}
}

// TestREADMEIsShort: it is a landing page, and the rest is in docs, every page
// of which it leads to.
func TestREADMEIsShort(t *testing.T) {
	all := pages(t)
	readme := all["../../../README.md"]
	if n := strings.Count(readme, "\n"); n > 150 {
		t.Errorf("the README has %d lines, want at most 150", n)
	}
	for name := range all {
		page := filepath.Base(name)
		if page != "README.md" && !strings.Contains(readme, "(docs/"+page+")") {
			t.Errorf("the README does not lead to docs/%s", page)
		}
	}
}

// copyOf copies a directory, so that a test does not write into the tree.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestReadmeSample: what the README shows of a run is what the command prints of
// the one it links to, in lines that fit the page. -update writes it anew.
func TestReadmeSample(t *testing.T) {
	const page, width = "../../../README.md", 140
	readme := filetest.Read(t, page)
	run, err := results.Glance("../../../results/example/port-exhaustion-standard")
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile("(?s)With `make reproduce`, the standard size:\n\n```\n(.*?)```\n\n" +
		".*?\\(results/example/port-exhaustion-standard\\)").FindSubmatchIndex(readme)
	if at == nil {
		t.Fatal("the README shows no run, or links to another than it shows")
	}
	run.Summary.Finding = results.Finding(run.Summary) // in the words of now
	var b strings.Builder
	cli.PrintSummary(&b, run.Summary)
	want := wrapped(b.String(), width)
	if golden.Updating() {
		readme = slices.Concat(readme[:at[2]], []byte(want), readme[at[3]:])
		filetest.Write(t, page, readme)
		return
	}
	if diff := cmp.Diff(want, string(readme[at[2]:at[3]])); diff != "" {
		t.Errorf("the README shows another run than it links to; -update rewrites it:\n%s", diff)
	}
}

// wrapped breaks lines of text at blanks.
func wrapped(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for utf8.RuneCountInString(line) > width+1 {
			fits := string([]rune(line)[:width])
			cut := strings.LastIndexByte(fits, ' ')
			if cut < 0 {
				break
			}
			b.WriteString(line[:cut] + "\n")
			line = line[cut+1:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestPageKnowsTheCatalogue: every scenario stands in the row of its kind.
func TestPageKnowsTheCatalogue(t *testing.T) {
	page := pages(t)["../../../docs/catalogue.md"]
	rows := map[string]string{
		scenarios.KindFailure:    "| failures |",
		scenarios.KindMitigation: "| mitigations |",
		scenarios.KindMyth:       "| myths |",
		scenarios.KindHarm:       "| harmful |",
		scenarios.KindNewFailure: "| new failures |",
	}
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		found := false
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, rows[s.Kind]) {
				found = strings.Contains(line, "["+s.Name+"](../scenarios/"+s.Name+")")
			}
		}
		if !found {
			t.Errorf("%s is not in the row %q", s.Name, rows[s.Kind])
		}
	}
}

// TestLinksLead: what the README, the pages and the lessons link to in this tree
// is there.
func TestLinksLead(t *testing.T) {
	all := pages(t)
	lessons, err := filepath.Glob("../../../scenarios/*/README.md")
	if err != nil || len(lessons) == 0 {
		t.Fatalf("no lessons: %v", err)
	}
	for _, name := range lessons {
		text := filetest.Read(t, name)
		all[name] = string(text)
	}
	link := regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to := name
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(name), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if m[2] != "" && strings.HasSuffix(to, ".md") && !headings(t, to)[m[2]] {
				t.Errorf("%s links to %s#%s, and there is no such heading", name, m[1], m[2])
			}
		}
	}
}

// headings are those of a page as GitHub writes them in a link.
func headings(t *testing.T, page string) map[string]bool {
	t.Helper()
	text := filetest.Read(t, page)
	all := map[string]bool{}
	mark := regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		all[strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return all
}
