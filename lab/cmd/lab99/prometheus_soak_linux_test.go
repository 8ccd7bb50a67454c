//go:build soak

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/monitoring"
	"github.com/lab99/lab99/scenarios"
)

// What may lie between a state and its alert: diagnose looks every 5 s at most, Prometheus
// scrapes and evaluates each second, and the test asks it every fifth of one.
const (
	betweenLooks = 5 * time.Second
	scrapeEvery  = time.Second
	untilAlert   = betweenLooks + 3*scrapeEvery
)

// TestSoakPrometheusOnALiveRun: a real Prometheus scrapes run --live with the rules that the
// run leaves for production. Each fires when the law says that its condition comes to hold.
func TestSoakPrometheusOnALiveRun(t *testing.T) {
	needs.Root(t)
	const ports, rate, hold = 1000.0, 40.0, 61.0
	figures := []string{
		"--set", "size.ports=1000", "--set", "size.rate=40", "--set", "size.duration=60s", "--set",
		"load.stop.after_error_99=5s",
	}
	s, err := scenarios.Load(tiny)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve("", []string{figures[1], figures[3], figures[5], figures[7]})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := lab.Plan(resolved, "netns", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	rules, ok := monitoring.RulesFor(&results.Run{Plan: *plan}, "baseline")
	if !ok {
		t.Fatal("there is nothing to watch")
	}
	dir := t.TempDir()
	save := func(name, text string) string {
		path := filepath.Join(dir, name)
		filetest.Write(t, path, text)
		return path
	}
	token, page := save("token", "token-of-this-test-alone"), fmt.Sprint("127.0.0.1:", needs.Port(t))
	at := prometheus(t, save("alerts.yml", rules.YAML()), fmt.Sprintf(
		"authorization: {credentials_file: %s}, static_configs: [{targets: ['%s']}]", token, page))
	waitFor(t, at+"/api/v1/query?query=up", `"0"`) // it scrapes, and nobody answers yet
	i := startOn(t, "netns", append([]string{"run", tiny, "--live=" + page, "--token-file", token}, figures...)...)
	first := alertsUntilEnd(t, i, at)
	if strings.Contains(i.stderr.String(), "so it will run again alone") {
		t.Fatal("the machine was too busy: alerts are of the first of two loads")
	}
	began, full := moments(t, i)
	// A state is sampled every tenth of a second, scraped and then evaluated each second, and
	// the test asks every fifth of one. Nothing makes an alert early but half a scrape, by
	// which a rate is extrapolated.
	const early, late = scrapeEvery / 2, 2*scrapeEvery + 300*time.Millisecond
	due := map[string]float64{ // when so many ports, or so much of the rate's window, are full
		"NginxUpstreamConnectRateHigh": 0.7 * 30 * ports / hold / rate,
		"NginxSourcePortsHalfUsed":     0.5 * ports / rate,
		"NginxSourcePortsNearlyUsedUp": 0.9 * ports / rate,
	}
	for _, a := range rules.Alerts {
		holds, err := time.ParseDuration(a.For)
		if err != nil || due[a.Name] == 0 {
			t.Fatalf("%s: %v", a.Name, err)
		}
		want := began.Add(time.Duration(due[a.Name]*float64(time.Second)) + holds)
		t.Logf("%s is due %.1f s after the load began, and fired after %.1f s; error 99 came after %.1f s", a.Name,
			want.Sub(began).Seconds(), first[a.Name].Sub(began).Seconds(), full.Sub(began).Seconds())
		if got := first[a.Name]; got.IsZero() || got.Before(want.Add(-early)) || got.After(want.Add(late)) {
			t.Errorf("%s fired %v beside its moment, want -%v to +%v", a.Name, got.Sub(want), early, late)
		}
		if !first[a.Name].Before(full) {
			t.Errorf("%s warns of what is there", a.Name)
		}
	}
}

// waitFor asks until the answer has some text.
func waitFor(t *testing.T, url, text string) {
	t.Helper()
	for by := time.Now().Add(30 * time.Second); time.Now().Before(by); time.Sleep(100 * time.Millisecond) {
		if resp, err := http.Get(url); err == nil {
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if strings.Contains(string(b), text) {
				return
			}
		}
	}
	t.Fatalf("%s never says %s", url, text)
}

// TestSoakPrometheusAlerts: a real Prometheus scrapes diagnose --listen while a lab runs out
// of ports. The rules that lab99 ships say so before it happens, and when it has.
func TestSoakPrometheusAlerts(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	rules, err := filepath.Abs("../../../results/monitoring/diagnose/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	d := listen(t, path, nil, "--listen", "127.0.0.1:0")
	at := prometheus(t, rules, fmt.Sprintf("static_configs: [{targets: ['%s']}]", hostOf(t, d.url)))
	i := startOn(t, "netns", "run", tiny, "--set", "size.ports=1000", "--set", "size.rate=40", "--set",
		"load.stop.after_error_99=15s")
	first := alertsUntilEnd(t, i, at)
	began, full := moments(t, i)
	soon, there := first["SourcePortsRunningOut"], first["SourcePortsExhausted"]
	t.Logf("the load began at 0, SourcePortsRunningOut fired after %.1f s, error 99 came after %.1f s, "+
		"SourcePortsExhausted fired after %.1f s",
		soon.Sub(began).Seconds(), full.Sub(began).Seconds(), there.Sub(began).Seconds())
	if soon.IsZero() || soon.After(full.Add(-full.Sub(began)/4)) {
		t.Error("SourcePortsRunningOut did not fire while a quarter of the time was left")
	}
	if there.IsZero() || there.Before(full) || there.After(full.Add(untilAlert)) {
		t.Errorf("SourcePortsExhausted did not fire within %v of the first error 99", untilAlert)
	}
}

// prometheus runs a real one with a file of rules, which scrapes and evaluates each second,
// and returns its URL. It takes up to 5 s until it begins to scrape.
func prometheus(t *testing.T, rules, scrape string) (url string) {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no prometheus on the PATH: the package prometheus has it")
	}
	at := fmt.Sprint("127.0.0.1:", needs.Port(t))
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\n"+
		"scrape_configs: [{job_name: lab99, %s}]\n", rules, scrape)
	filetest.Write(t, filepath.Join(dir, "prometheus.yml"), config)
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+at, "--log.level=error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return "http://" + at
}

// alertsUntilEnd waits for the end of a run, and returns when each alert fired first.
func alertsUntilEnd(t *testing.T, i *invocation, prometheus string) map[string]time.Time {
	t.Helper()
	first := map[string]time.Time{}
	ended := make(chan string, 1)
	go func() { ended <- exitStatus(i.cmd.Wait()) }()
	for {
		for _, name := range firing(t, prometheus) {
			if first[name].IsZero() {
				first[name] = time.Now()
			}
		}
		select {
		case code := <-ended:
			if code != "0" {
				t.Errorf("the lab ended with exit code %s", code) // when alerts fired is said all the same
			}
			return first
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// moments are those at which the load began and error 99 came.
func moments(t *testing.T, i *invocation) (began, full time.Time) {
	t.Helper()
	r, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Variants[0].Events {
		if e.Name == "first error 99" {
			if full, err = time.Parse(time.RFC3339, e.Time); err != nil {
				t.Fatal(err)
			}
			began = full.Add(-time.Duration(*e.T * float64(time.Second)))
		}
	}
	if full.IsZero() {
		t.Fatalf("no error 99: %s", r.Summary.Finding)
	}
	return began, full
}

func hostOf(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req.URL.Host
}

// firing are the alerts that fire now.
func firing(t *testing.T, url string) (names []string) {
	t.Helper()
	resp, err := http.Get(url + "/api/v1/alerts")
	if err != nil {
		return nil // it is still starting
	}
	defer resp.Body.Close()
	var a struct {
		Data struct {
			Alerts []struct {
				Labels map[string]string
				State  string
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return nil
	}
	for _, one := range a.Data.Alerts {
		if one.State == "firing" {
			names = append(names, one.Labels["alertname"])
		}
	}
	return names
}
