package exporter

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/results/openmetrics"
)

// here is the test's own network namespace, which may be looked at without a right.
func here(context.Context) (diagnose.Target, error) { return diagnose.Target{PID: os.Getpid()}, nil }

// served runs an exporter until end is called, which returns what Serve did.
func served(t *testing.T, e *Exporter) (url string, end func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Serve(ctx, l) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { end() })
	return "http://" + l.Addr().String(), end
}

func get(t *testing.T, url string) (status int, header http.Header, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return 0, nil, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

// age makes the last look too old to be given again.
func age(e *Exporter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last.due = time.Time{}
}

// TestScrapesShareALook: those that come at once, and those that come within Interval.
func TestScrapesShareALook(t *testing.T) {
	e := &Exporter{Target: here, Options: diagnose.Options{Horizon: time.Minute, Top: 10}}
	url, _ := served(t, e)
	scans := func(want string) {
		t.Helper()
		status, header, body := get(t, url+"/metrics")
		kind := header.Get("Content-Type")
		if status != http.StatusOK || kind != openmetrics.ContentType || !strings.HasSuffix(body, "\n# EOF\n") {
			t.Errorf("%d %s: %s", status, kind, body)
		}
		if got := value(t, body, "lab99_scans_total", ""); got != want {
			t.Errorf("%s scans, want %s", got, want)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { scans("1") })
	}
	all.Wait()
	scans("1")
	age(e)
	scans("2")
}

// TestALookThatFails is no scrape, and the next one is due when it would have been.
func TestALookThatFails(t *testing.T) {
	asked := 0
	gone := errors.New("no such \x1b[31mcontainer")
	e := &Exporter{Target: func(ctx context.Context) (diagnose.Target, error) {
		if asked++; asked == 1 {
			return diagnose.Target{}, gone
		}
		return here(ctx)
	}}
	url, _ := served(t, e)
	for range 2 {
		status, _, body := get(t, url+"/metrics")
		if status != http.StatusServiceUnavailable || body != "no such ?[31mcontainer\n" {
			t.Errorf("%d %q, want 503 and why", status, body)
		}
	}
	if asked != 1 {
		t.Errorf("looked %d times within %v", asked, Interval)
	}
	age(e)
	if status, _, _ := get(t, url+"/metrics"); status != http.StatusOK {
		t.Errorf("%d after the container is back", status)
	}
}

// TestServeEndsWhenAsked: who has asked is answered, who comes later is not.
func TestServeEndsWhenAsked(t *testing.T) {
	asked, proceed := make(chan bool), make(chan bool)
	e := &Exporter{Target: func(ctx context.Context) (diagnose.Target, error) {
		close(asked)
		<-proceed
		return here(ctx)
	}}
	url, end := served(t, e)
	answered := make(chan int)
	go func() {
		status, _, _ := get(t, url+"/metrics")
		answered <- status
	}()
	<-asked
	ended := make(chan error)
	go func() { ended <- end() }()
	for { // until the listener is closed
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		c.Close()
		time.Sleep(time.Millisecond)
	}
	close(proceed)
	if status := <-answered; status != http.StatusOK {
		t.Errorf("who had asked got %d", status)
	}
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// TestOtherPages: the files for Prometheus and Grafana, an index of them, and no more.
func TestOtherPages(t *testing.T) {
	url, _ := served(t, &Exporter{Target: here})
	for path, want := range map[string]string{
		"/":           "/metrics\n/alerts.yml\n/grafana-dashboard.json\n",
		"/alerts.yml": "SourcePortsExhausted", "/grafana-dashboard.json": `"uid": "lab99-diagnose"`,
	} {
		if status, _, body := get(t, url+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, want %q in %s", path, status, want, body)
		}
	}
	if status, _, _ := get(t, url+"/metrics/../etc/passwd"); status != http.StatusNotFound {
		t.Errorf("another path: %d", status)
	}
	resp, err := http.Post(url+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", resp.StatusCode)
	}
}

// TestSettle: most of the program's own pages are no longer resident, and it goes on.
func TestSettle(t *testing.T) {
	resident := func() (kB int) {
		text, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(text)
		if m == nil {
			t.Skip("the kernel does not tell them apart")
		}
		kB, err = strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		return kB
	}
	before := resident()
	settle()
	if after := resident(); after > before*2/3 {
		t.Errorf("%d kB of files were resident, and %d kB are", before, after)
	}
}
