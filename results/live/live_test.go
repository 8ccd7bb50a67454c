package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/openmetrics"
)

var planned = []Planned{{
	Scenario: "port-exhaustion",
	Size:     "quick",
	Title:    "it runs out",
	Variants: []string{"baseline"},
}}

// load is a sample of the generator.
func load(t float64, ok, failed int64) results.Sample {
	l := &results.Load{IntervalS: 0.1, Errors: results.Errors{Error99: failed}}
	l.OK, l.Failed = ok, failed
	return results.Sample{Host: results.HostLoad, T: t, Load: l}
}

func served(t *testing.T, s *Stream) *Server {
	t.Helper()
	v, err := Listen("127.0.0.1:0", "", s.Source(Look{Style: "main{margin:0}", Script: "sha256-x"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close(context.Background(), 0) })
	return v
}

// messages reads the events of a page from one on, to the end of the stream.
func messages(t *testing.T, url, after string) (all []message) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", after)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("events are %q", got)
	}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		text, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var m struct {
			message
			Points [][]*float64    `json:"points"`
			Track  json.RawMessage `json:"track"`
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		m.message.Text += strings.Repeat("*", len(m.Points)) // how many there were
		all = append(all, m.message)
	}
	return all
}

func kinds(all []message) string {
	var words []string
	for _, m := range all {
		words = append(words, m.Kind)
	}
	return strings.Join(words, " ")
}

// TestALatePageSeesAll: a page that is opened at the end, and one that lost its connection.
func TestALatePageSeesAll(t *testing.T) {
	s := NewStream(planned)
	v := s.Begin("baseline", results.VariantPlan{
		Name:      "baseline",
		DurationS: 10,
		Predicted: law.Prediction{Tuples: 500},
	})
	v.Phase("load")
	for i := range 7 {
		v.Sample(load(float64(i)/10, 20, 0))
	}
	v.Sample(load(-0.5, 1, 0)) // before the load begins
	v.Phase("judge")
	v.End(results.Variant{Verdict: "reproduced", Why: "it came"})
	s.Done(nil)
	page := served(t, s)
	all := messages(t, page.URL(), "")
	const want = "planned begin phase points phase end done"
	if got := kinds(all); got != want {
		t.Fatalf("told %s, want %s", got, want)
	}
	if all[3].Text != "*******" {
		t.Errorf("%d points of 7", len(all[3].Text))
	}
	if all[5].Verdict != "reproduced" || all[5].Text != "it came" {
		t.Errorf("the end is %+v", all[5])
	}
	if got := kinds(messages(t, page.URL(), "4")); got != "end done" {
		t.Errorf("behind event 4 come %s", got)
	}
	if got := kinds(messages(t, page.URL(), "-9")); got != want {
		t.Errorf("behind an event that is none come %s", got)
	}
}

// TestPointsComeTogether: not a message a sample, and soon all the same.
func TestPointsComeTogether(t *testing.T) {
	s := NewStream(planned)
	v := s.Begin("baseline", results.VariantPlan{})
	for i := range 100 {
		v.Sample(load(float64(i), 1, 0))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if said := s.events.from(ctx, 2); len(said) != 1 || !strings.Contains(string(said[0].text), `[99,null,1,0,0,0]`) {
		t.Errorf("told %v", said)
	}
}

// TestThePageBecomesTheReport, byte for byte, and only for who has the token.
func TestThePageBecomesTheReport(t *testing.T) {
	s := NewStream(planned)
	page := served(t, s)
	get := func(url string) (int, string, http.Header) {
		resp, err := http.Get(url)
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
	_, now, h := get(page.URL())
	if !strings.Contains(now, "new EventSource(\"events\")") || !strings.Contains(now, "main{margin:0}") ||
		strings.Contains(now, "{script}") {
		t.Errorf("the page is no page: %.300s", now)
	}
	p := h.Get("Content-Security-Policy")
	if !strings.Contains(p, "; connect-src 'self'; script-src 'sha256-") || strings.Contains(p, "'sha256-x'") {
		t.Errorf("the page may %s", p)
	}
	if len(now) > 60<<10 {
		t.Errorf("the page has %d bytes, want at most 60 KiB of script and style", len(now))
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(page.URL(), "http://"), "/")
	for _, path := range []string{
		"/",
		"/events",
		"/" + strings.Repeat("A", 26) + "/",
		page.private.Prefix() + "../",
		page.private.Prefix() + "plan.json",
		"/metrics",
	} {
		if code, _, _ := get("http://" + host + path); code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, code)
		}
	}
	report := fmt.Sprintf("<p>%s</p>", strings.Repeat("report ", 1<<16))
	s.Done([]byte(report))
	if _, got, h := get(page.URL()); got != report ||
		!strings.Contains(h.Get("Content-Security-Policy"), "; script-src 'sha256-x'") {
		t.Errorf("the page is not the report: %d bytes of %d, %v", len(got), len(report), h)
	}
}

// TestCloseWaitsForPages, but not for one that never asks for its report.
func TestCloseWaitsForPages(t *testing.T) {
	s := NewStream(planned)
	page := served(t, s)
	resp, err := http.Get(page.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	bufio.NewReader(resp.Body).ReadString('\n')
	s.Done([]byte("report"))
	took := make(chan string)
	go func() {
		resp, err := http.Get(page.URL())
		if err != nil {
			took <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		took <- string(b)
	}()
	if err := page.Close(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	if got := <-took; got != "report" {
		t.Errorf("an open page got %q", got)
	}
	if _, err := http.Get(page.URL()); err == nil {
		t.Error("it is served still")
	}
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	s := NewStream(planned)
	page := served(t, s)
	resp, err := http.Get(page.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.Done([]byte("report"))
	if err := page.Close(t.Context(), 10*time.Millisecond); err != nil {
		t.Error(err)
	}
}

// TestMetricsAreBehindTheToken too, in the path or in the header, and say what was told.
func TestMetricsAreBehindTheToken(t *testing.T) {
	s := NewStream(planned)
	page := served(t, s)
	s.Begin("baseline", results.VariantPlan{Predicted: law.Prediction{Tuples: 500}}).Sample(load(0.1, 20, 3))
	host := strings.TrimSuffix(page.URL(), page.private.Prefix())
	for _, c := range []struct {
		url, bearer string
		status      int
	}{
		{page.URL() + "metrics", "", http.StatusOK},
		{host + "/metrics", strings.Trim(page.private.Prefix(), "/"), http.StatusOK},
		{host + "/metrics", "", http.StatusNotFound},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.bearer != "" {
			req.Header.Set("Authorization", "Bearer "+c.bearer)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status {
			t.Fatalf("%s: %d %v, want %d", c.url, resp.StatusCode, err, c.status)
		}
		if c.status == http.StatusOK && (resp.Header.Get("Content-Type") != openmetrics.ContentType ||
			!strings.Contains(string(body), `lab99_requests_total{variant="baseline",host="load",outcome="error_99"} 3`)) {
			t.Errorf("%s: %s", c.url, body)
		}
	}
}

// TestEventsKeepWhatIsOfUse: a page that comes late gets the last of those that are renewed,
// so many of the others, and none twice.
func TestEventsKeepWhatIsOfUse(t *testing.T) {
	e := &Events{Keep: 3}
	for i := range 10 {
		e.Tell(i)
		e.Renew(fmt.Sprint("r", i))
	}
	text := func(said []event) (all string) {
		for _, m := range said {
			all += fmt.Sprintf("%d:%s ", m.n, m.text)
		}
		return all
	}
	if got := text(e.from(t.Context(), 0)); got != `14:7 16:8 18:9 19:"r9" ` {
		t.Errorf("kept are %s", got)
	}
	if got := text(e.from(t.Context(), 17)); got != `18:9 19:"r9" ` {
		t.Errorf("behind 16 come %s", got)
	}
	e.End()
	if got := e.from(t.Context(), 20); got != nil {
		t.Errorf("behind the end come %s", text(got))
	}
}
