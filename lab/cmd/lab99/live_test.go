package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/results"
)

var liveURL = regexp.MustCompile(`(?m)^Live: (http://127\.0\.0\.1:\d+/\w+/)$`)

// TestLivePageIsTheReport follows a run by its page, which at the end is report.html.
func TestLivePageIsTheReport(t *testing.T) {
	share(t, "netns", tinyLab)
	i := startOn(t, "netns", "run", tiny, "--live")
	var url string
	for by := time.Now().Add(30 * time.Second); url == ""; time.Sleep(10 * time.Millisecond) {
		if m := liveURL.FindStringSubmatch(i.stderr.String()); m != nil {
			url = m[1]
		} else if time.Now().After(by) {
			t.Fatal("the URL is not said")
		}
	}
	get := func(url string) []byte {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if page := get(url); !bytes.Contains(page, []byte("EventSource")) {
		t.Errorf("the page of a run under way is no live page: %.200s", page)
	}
	events := string(get(url + "events")) // to the end of the run
	page := get(url)
	i.wait(t, "0")
	report, err := os.ReadFile(filepath.Join(i.dir(t), "report.html"))
	if err != nil || !bytes.Equal(page, report) {
		t.Errorf("%v; the page has %d bytes at the end, report.html %d", err, len(page), len(report))
	}
	at := -1
	for _, want := range []string{
		`"kind":"planned"`, `"kind":"begin"`, `"phase":"up"`, `"phase":"load"`, `"kind":"points"`,
		`"kind":"line","id":1,"line":{"t_s":`, `failed (99: Cannot assign requested address)`,
		`"phase":"judge"`, `"verdict":"reproduced"`, `"came_s":`, `"kind":"done","report":true`,
	} {
		next := strings.Index(events[at+1:], want)
		if next < 0 {
			t.Fatalf("%s does not come, or too early", want)
		}
		at += 1 + next
	}
	r, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	line := ""
	for _, s := range r.Variants[0].Samples {
		if s.Net != nil && s.Net.Error99Line != "" {
			line += s.Net.Error99Line + "\n"
		}
	}
	// The excerpt begins with how often each message came, and has the first lines of each.
	if all := strings.Join(r.Variants[0].LogExcerpt, "\n"); strings.Count(line, "\n") != 1 ||
		!strings.Contains(all, line) {
		t.Errorf("the first line of error 99 is told as %q, and the log begins\n%s", line, all)
	}
	i.nothingLeft(t)
}
