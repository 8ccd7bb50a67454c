package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// site serves copies of the two example runs, a directory that is none, and traps.
func site(t *testing.T) (url, dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"port-exhaustion-quick", "port-exhaustion-standard"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS("../example/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(t.TempDir(), "secret")
	filetest.Write(t, outside, "secret")
	if err := os.Symlink(outside, filepath.Join(dir, "port-exhaustion-quick", "link")); err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, filepath.Join(dir, "port-exhaustion-quick", "evil.html"), "<script>alert(1)</script>")
	if err := os.Mkdir(filepath.Join(dir, "no run <b>"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := New(dir, "/token/", Look{Style: "main{margin:0}", Script: "sha256-x"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() { server.Close(); s.Close() })
	return server.URL, dir
}

func get(t *testing.T, url string) (code int, body string, h http.Header) {
	t.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// TestRunsAreFound by scenario, verdict, note and date.
func TestRunsAreFound(t *testing.T) {
	url, _ := site(t)
	url += "/token/"
	for query, want := range map[string]int{
		"": 2, "?scenario=port-exhaustion": 2, "?scenario=none": 0, "?verdict=postponed": 2,
		"?verdict=collapsed": 0, "?note=EXAMPLE+OF+THE": 2, "?note=nothing": 0,
		"?from=2020-01-01&to=2099-12-31": 2, "?to=2020-01-01": 0, "?from=2099-01-01": 0,
	} {
		code, body, _ := get(t, url+query)
		if got := strings.Count(body, `type="checkbox"`); code != http.StatusOK || got != want {
			t.Errorf("%s finds %d runs (status %d), want %d", query, got, code, want)
		}
	}
	if _, body, _ := get(t, url+"?note=%22%3E%3Cscript%3E"); strings.Contains(body, "<script>") {
		t.Error("what was asked for is part of the page")
	}
	if _, body, _ := get(t, url); !strings.Contains(body, "no run &lt;b&gt;") || strings.Contains(body, "no run <b>") {
		t.Error("what is no run is not said, or is part of the page")
	}
}

// TestRunsAreCompared: the words of `lab99 compare`, and the ports drawn over each other.
func TestRunsAreCompared(t *testing.T) {
	url, dir := site(t)
	code, body, _ := get(t, url+"/token/compare?run=port-exhaustion-standard&run=port-exhaustion-quick")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	for _, want := range []string{
		"2 runs compared",
		"baseline",
		"multi-ip",
		"lab99 compare " + dir,
		`class="line n0"`,
		`class="line n1"`,
		"12,288 ports",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if got := strings.Count(body, "<figure"); got != 4 {
		t.Errorf("%d figures of 4 variants", got)
	}
	for query, want := range map[string]int{
		"": http.StatusBadRequest, "?run=port-exhaustion-quick": http.StatusBadRequest,
		"?run=port-exhaustion-quick&run=../../etc": http.StatusNotFound, "?run=port-exhaustion-quick&run=nothing": http.StatusNotFound,
		"?" + strings.Repeat("run=port-exhaustion-quick&", 27): http.StatusBadRequest,
	} {
		if code, body, _ := get(t, url+"/token/compare"+query); code != want {
			t.Errorf("%s: status %d, want %d: %s", query, code, want, body)
		}
	}
}

// TestNothingElseIsServed: no path and no link leads out, and nothing but the report runs.
func TestNothingElseIsServed(t *testing.T) {
	url, dir := site(t)
	for _, path := range []string{
		"/", "/other/", "/runs/port-exhaustion-quick/plan.json", "/token/runs/port-exhaustion-quick/link",
		"/token/runs/../secret",
		"/token/runs/port-exhaustion-quick/..%2f..%2fetc/passwd", "/token/runs/..%2f..%2f/etc/passwd",
		"/token/runs/port-exhaustion-quick/nothing",
		"/token/runs/no%20run%20%3Cb%3E/",
	} {
		code, body, _ := get(t, url+path)
		if code == http.StatusOK || strings.Contains(body, "secret") && path != "/token/runs/../secret" {
			t.Errorf("%s: status %d: %.100s", path, code, body)
		}
	}
	report := filetest.Read(t, filepath.Join(dir, "port-exhaustion-quick", "report.html"))
	code, body, h := get(t, url+"/token/runs/port-exhaustion-quick/report.html")
	if code != http.StatusOK || body != string(report) ||
		!strings.Contains(h.Get("Content-Security-Policy"), "script-src 'sha256-x'") {
		t.Errorf("the report: status %d, %d bytes of %d, %s",
			code, len(body), len(report), h.Get("Content-Security-Policy"))
	}
	_, _, h = get(t, url+"/token/runs/port-exhaustion-quick/evil.html")
	if got := h.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a page that is no report is %s", got)
	}
	if code, _, h := get(t, url+"/token/runs/port-exhaustion-quick/charts"); code != http.StatusMovedPermanently ||
		h.Get("Location") != "/token/runs/port-exhaustion-quick/charts/" {
		t.Errorf("a directory without a slash: %d, %s", code, h.Get("Location"))
	}
	if code, body, _ := get(t, url+"/token/runs/port-exhaustion-quick/charts/"); code != http.StatusOK ||
		!strings.Contains(body, `href="comparison.svg"`) {
		t.Errorf("a directory: %d: %.200s", code, body)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		req, err := http.NewRequest(method, url+"/token/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, resp.StatusCode)
		}
	}
}

func TestNoDirectory(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "nothing"), "/", Look{}); err == nil {
		t.Error("runs are served from nowhere")
	}
}
