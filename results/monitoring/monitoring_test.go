package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

func files(t *testing.T, run *results.Run) map[string]string {
	t.Helper()
	all, err := Files(run)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for _, f := range all {
		byName[filepath.Base(f.Name)] = string(f.Text)
	}
	if want := 2 + max(1, len(limits(run))); len(byName) != want {
		t.Fatalf("%d files, want %d", len(byName), want)
	}
	return byName
}

func example(t *testing.T) *results.Run {
	t.Helper()
	run, err := results.Open("../example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// hostile has names that mean something in YAML, Markdown and the templates of
// Prometheus.
func hostile() *results.Run {
	run := charttest.Quick()
	run.Dir = "/x/a: {{ b }} \n- \"c\" | <d>"
	run.Plan.Scenario, run.Plan.Title = "é: {{ $labels }}\n- x", "t"
	return run
}

func runs(t *testing.T) map[string]*results.Run {
	return map[string]*results.Run{"example": example(t), "hostile": hostile(), "cut": charttest.Cut(),
		"none": {Plan: results.Plan{Variants: []results.VariantPlan{{Name: "unix"}}}}}
}

func TestGolden(t *testing.T) {
	for name, got := range files(t, example(t)) {
		golden.Compare(t, filepath.Join("testdata", name), got)
	}
}

// TestLimitsAreThoseOfTheRun: what was counted when error 99 came, and each
// only once.
func TestLimitsAreThoseOfTheRun(t *testing.T) {
	var got []string
	for _, l := range limits(example(t)) {
		got = append(got, fmt.Sprintf("%s: %d, %g s, %d ports, reached %v, counts %v, %.0f/s",
			l.Names(), l.Tuples, l.HoldS, l.Ports, l.Reached, l.Counts(), l.PerS))
	}
	want := []string{
		"baseline, keepalive: 500, 61 s, 500 ports, reached true, counts true, 197/s",
		"tw-reuse: 500, 1 s, 500 ports, reached false, counts false, 199/s",
		"multi-ip: 1500, 61 s, 500 ports, reached true, counts true, 199/s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	run := example(t)
	more := int64(501) // the bystander's, say
	run.Summary.Variants[0].Ports.PeakUsed = &more
	if l := limits(run)[0]; l.Tuples != 501 {
		t.Errorf("%d tuples, want the 501 that were counted", l.Tuples)
	}
}

// TestLimitsAreToldApart: a table that was not full was not counted, what
// TIME_WAIT shows has rules of its own, and the fastest of several variants says
// how much time there is.
func TestLimitsAreToldApart(t *testing.T) {
	run := example(t)
	run.Summary.Variants[0].Collapsed = true
	if l := limits(run)[0]; l.Reached {
		t.Errorf("%+v: the rate fell before all tuples were taken", l)
	}
	run = example(t)
	run.Plan.Variants[0], run.Plan.Variants[1] = run.Plan.Variants[1], run.Plan.Variants[0]
	if l := limits(run)[0]; l.Names() != "keepalive, baseline" || l.PerS < 190 {
		t.Errorf("%+v, want the baseline's 197 per second", l)
	}
	run.Summary.Variants[0].TimeWait.ProxyPeak = new(int64(3))
	if all := limits(run); all[0].Names() != "keepalive" || all[1].Names() != "baseline" || all[1].Counts() {
		t.Errorf("%+v", all)
	}
}

// TestAJumpUnderReuse: a second is too short for any alert, and the rule says so.
func TestAJumpUnderReuse(t *testing.T) {
	run := charttest.Run("r", "quick", charttest.Case{
		Name:     "above",
		Verdict:  "reproduced",
		Tuples:   300,
		RatePerS: 400,
		Duration: 5,
		Churn:    1,
		HoldS:    1,
	})
	r, _ := RulesFor(run, "above")
	if text := r.YAML(); !strings.Contains(text,
		"502. It warns of a load that grows, not of one that jumps. Scrape") ||
		strings.Contains(text, "of the lab they last") {
		t.Error(text)
	}
}

// TestPortsThatDidNotLast: error 99 came though the rate is one that the ports
// bear, with a slow backend say.
func TestPortsThatDidNotLast(t *testing.T) {
	run := example(t)
	at, rho := 1.7, 0.6
	run.Summary.Variants[2].FirstError, run.Summary.Variants[2].RhoSteady = &at, &rho
	r, _ := RulesFor(run, "tw-reuse")
	if text := r.YAML(); strings.Contains(text, "they last") {
		t.Error(text)
	}
}

// TestLongNames: a group's name has an end.
func TestLongNames(t *testing.T) {
	run := example(t)
	run.Plan.Scenario = strings.Repeat("long-", 100)
	if name := groupName(run.Plan); len(name) > 70 {
		t.Errorf("%d bytes: %s", len(name), name)
	}
}

// TestLimitsThatTimeWaitDoesNotShow: of a backend that closes late the ports
// stay in FIN_WAIT2, and the rate alone tells.
func TestLimitsThatTimeWaitDoesNotShow(t *testing.T) {
	run := example(t)
	run.Summary.Variants[0].TimeWait.ProxyPeak = new(int64(3))
	r, is := RulesFor(run, "baseline")
	if !is || len(r.Alerts) != 2 || strings.Contains(r.YAML(), "node_sockstat") {
		t.Errorf("%s", r.YAML())
	}
}

// TestRulesForAVariant: each has those of its limits, the same as in the file.
func TestRulesForAVariant(t *testing.T) {
	run := example(t)
	all := files(t, run)
	for variant, c := range map[string]struct{ file, first, warns string }{
		"baseline": {RulesFile, "NginxUpstreamConnectRateHigh",
			"197.3 per second of the lab they last 2.53 s, and this is true 1.66 s before"},
		"keepalive": {RulesFile, "NginxUpstreamConnectRateHigh", "the other half lasts 1.27 s"},
		"tw-reuse": {"alerts-tw-reuse.yml", "NginxUpstreamConnectRateHigh",
			"At the lab's load they last. It warns of a load that grows"},
		"multi-ip": {"alerts-multi-ip.yml", "NginxUpstreamConnectRateHigh", "the last tenth lasts 0.75 s"},
	} {
		r, is := RulesFor(run, variant)
		if text := r.YAML(); !is || !strings.HasSuffix(all[c.file], text) || r.Alerts[0].Name != c.first ||
			!strings.Contains(text, c.warns) {
			t.Errorf("%s: %v, want those of %s and %q:\n%s", variant, is, c.file, c.warns, text)
		}
	}
	if r, is := RulesFor(run, "nothing"); is {
		t.Errorf("of a variant that is not there: %+v", r)
	}
}

// TestWait: no more than a quarter of the time there is.
func TestWait(t *testing.T) {
	for lead, want := range map[float64]string{
		-3:          "0s",
		0:           "0s",
		2:           "0s",
		19.9:        "0s",
		20:          "5s",
		59:          "10s",
		119:         "25s",
		1000:        "30s",
		math.Inf(1): "30s",
	} {
		if got := wait(lead); got != want {
			t.Errorf("%g s: %s, want %s", lead, got, want)
		}
	}
}

// TestRulesAreSound: Prometheus takes the rules of every kind of run.
func TestRulesAreSound(t *testing.T) {
	tool := promtool(t)
	for name, run := range runs(t) {
		for file, text := range files(t, run) {
			if !strings.HasSuffix(file, ".yml") {
				continue
			}
			path := filepath.Join(t.TempDir(), file)
			filetest.Write(t, path, text)
			n := strings.Count(text, "- alert:")
			if want := fmt.Sprintf("SUCCESS: %d rules found", n); name == "none" != (n == 0) {
				t.Errorf("%s: %d rules in %s", name, n, file)
			} else if out, err := tool("check", "rules", path); err != nil || !strings.Contains(out, want) {
				t.Errorf("%s: %v: %s, want %q", name, err, out, want)
			}
		}
	}
}

// TestAlertsFire runs Prometheus's own engine over the rules, by the tests in
// testdata; and over rules with a fault, which these must find.
func TestAlertsFire(t *testing.T) {
	tool := promtool(t)
	for file, faults := range map[string][][2]string{
		"alerts": {
			{"> 0.7 and", "> 1.7 and"}, {"> 0.7 and", "> 0.3 and"}, {"500 > 0.1", "500 > 0.5"},
			{" and node_sockstat_TCP_tw / 500 > 0.1", ""}, {"[30s]", "[3m]"},
			{"500 > 0.5 and increase(node_netstat_Tcp_ActiveOpens[1m]) / 500 > 0.5", "500 > 0.5"},
			{"500 > 0.9 and increase(node_netstat_Tcp_ActiveOpens[1m]) / 500 > 0.5",
				"500 > 0.9 and rate(node_netstat_Tcp_ActiveOpens[30s]) * 61 / 500 > 0.5"},
			{"500 > 0.9", "500 > 0.7"}, {"500 > 0.9", "500 > 0.96"}, {"500 > 0.5 and", "500 > 0.8 and"},
			{"for: 0s", "for: 30s"}, {"* 61", "* 1"},
		},
		"alerts-tw-reuse": {
			{"> 0.7", "> 0.3"}, {"> 0.9", "> 0.95"}, {"> 0.9", "> 0.75"},
			{" and node_sockstat_TCP_tw / 500 > 0.1", ""}, {"for: 30s", "for: 10m"},
			{"rate(node_netstat_Tcp_ActiveOpens[30s]) * 1 / 500", "node_sockstat_TCP_tw / 500"},
		},
	} {
		dir := t.TempDir()
		rules := files(t, example(t))[file+".yml"]
		b := filetest.Read(t, filepath.Join("testdata", file+"_test.yml"))
		filetest.Write(t, filepath.Join(dir, "test.yml"), string(b))
		test := func(rules string) (string, error) {
			filetest.Write(t, filepath.Join(dir, file+".yml"), rules)
			return tool("test", "rules", filepath.Join(dir, "test.yml"))
		}
		if out, err := test(rules); err != nil {
			t.Errorf("%s: %v: %s", file, err, out)
		}
		for _, f := range faults {
			broken := strings.ReplaceAll(rules, f[0], f[1])
			if out, err := test(broken); broken == rules || err == nil {
				t.Errorf("%s: %q in place of %q: nothing is found: %s", file, f[1], f[0], out)
			}
		}
	}
}

// TestItWarnsBeforeTheFirstError99: of a load that jumps, at any size, if the
// scrapes are as the rules ask.
func TestItWarnsBeforeTheFirstError99(t *testing.T) {
	tool := promtool(t)
	for _, c := range []struct {
		tuples, perS, scrape int
	}{{500, 200, 1}, {4096, 1000, 1}, {28232, 900, 10}, {28232, 2000, 5}, {28232, 500, 10}} {
		run := charttest.Run("r", "quick", charttest.Case{
			Name:     "baseline",
			Verdict:  "reproduced",
			Tuples:   c.tuples,
			RatePerS: float64(c.perS),
			Duration: float64(2 * c.tuples / c.perS),
			Churn:    1,
		})
		dir := t.TempDir()
		filetest.Write(t, filepath.Join(dir, RulesFile), files(t, run)[RulesFile])
		const quiet = 120 // s
		full := c.tuples / c.perS
		var taken []string
		for at := 0; at <= quiet+full; at += c.scrape {
			taken = append(taken, fmt.Sprint(min(c.tuples, max(0, at-quiet)*c.perS)))
		}
		filetest.Write(t, filepath.Join(dir, "test.yml"), fmt.Sprintf(`
rule_files: [alerts.yml]
evaluation_interval: %[1]ds
tests:
  - interval: %[1]ds
    input_series:
      - {series: 'node_netstat_Tcp_ActiveOpens{instance="x"}', values: '%[2]s'}
      - {series: 'node_sockstat_TCP_tw{instance="x"}', values: '%[2]s'}
    promql_expr_test:
      - {expr: 'count(ALERTS)', eval_time: %[3]ds}
      - {expr: 'count(ALERTS{alertstate="firing",alertname="NginxUpstreamConnectRateHigh"})', eval_time: %[4]ds, exp_samples: [{labels: '{}', value: 1}]}
`, c.scrape, strings.Join(taken, " "), quiet, (quiet+full)/c.scrape*c.scrape))
		if out, err := tool("test", "rules", filepath.Join(dir, "test.yml")); err != nil {
			t.Errorf("%+v: %v: %s", c, err, out)
		}
	}
}

// TestDashboardIsWellFormed: of every kind of run.
func TestDashboardIsWellFormed(t *testing.T) {
	for name, run := range runs(t) {
		b := []byte(files(t, run)[DashboardFile])
		if name == "hostile" && !bytes.Contains(b, []byte(`"uid": "lab99-labels---x-quick"`)) {
			t.Errorf("uid: %s", regexp.MustCompile(`"uid": .*`).FindAll(b, -1))
		}
		if n := wellFormed(t, name, b); n != 7 {
			t.Errorf("%s: %d panels, want 7", name, n)
		}
	}
}

// wellFormed is how many panels a dashboard has. They do not overlap, and each has a number
// of its own, a source and sound expressions.
func wellFormed(t *testing.T, name string, b []byte) int {
	t.Helper()
	d := decoded(t, b)
	taken, ids := map[[2]int]bool{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: two panels have the number %d", name, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if at := [2]int{x, y}; taken[at] || x >= gridWidth {
					t.Fatalf("%s: %s overlaps at %v", name, p.Title, at)
				}
				taken[[2]int{x, y}] = true
			}
		}
		d := p.FieldConfig.Defaults
		if p.Type == "timeseries" && (d.Unit == "" || d.Custom.AxisLabel == "") {
			t.Errorf("%s: %s has the unit %q and the axis %q", name, p.Title, d.Unit, d.Custom.AxisLabel)
		}
		for _, q := range p.Targets {
			if q.Datasource.UID != "${datasource}" {
				t.Errorf("%s: %s asks %q", name, p.Title, q.Datasource.UID)
			}
		}
	}
	return len(d.Panels)
}

// TestDashboardHasTheMeasuredLimits: as lines, where the alerts are; and none on
// TIME_WAIT where its number tells nothing.
func TestDashboardHasTheMeasuredLimits(t *testing.T) {
	lines := func(run *results.Run) map[string]string {
		got := map[string]string{}
		for _, p := range decoded(t, []byte(files(t, run)[DashboardFile])).Panels {
			var at []string
			for _, s := range p.FieldConfig.Defaults.Thresholds.Steps[min(1, len(p.FieldConfig.Defaults.Thresholds.Steps)):] {
				at = append(at, format.Number(*s.Value))
			}
			if mode := p.FieldConfig.Defaults.Custom.ThresholdsStyle.Mode; p.Type == "timeseries" &&
				(mode == "line") != (len(at) > 0) {
				t.Errorf("%s: thresholds %v are drawn as %q", p.Title, at, mode)
			}
			got[p.Title] = strings.Join(at, " ")
		}
		return got
	}
	want := map[string]string{
		"What this needs": "", "New outgoing connections per second": "5.738 8.197",
		"TIME_WAIT sockets, share of the tuples": "0.5 0.9", "TIME_WAIT sockets": "250 450",
		"Established connections": "500", "The run: sockets in TIME_WAIT on the proxy": "500",
		"The run: failed requests per second": "",
	}
	if diff := cmp.Diff(want, lines(example(t))); diff != "" {
		t.Error(diff)
	}
	reuse := example(t)
	reuse.Plan.Variants = reuse.Plan.Variants[2:3]
	want["New outgoing connections per second"] = "350 500"
	want["TIME_WAIT sockets, share of the tuples"], want["TIME_WAIT sockets"] = "", ""
	if diff := cmp.Diff(want, lines(reuse)); diff != "" {
		t.Error(diff)
	}
}

// TestDashboardAsksWhatPrometheusUnderstands: every expression, with its
// variables filled in.
func TestDashboardAsksWhatPrometheusUnderstands(t *testing.T) {
	understood(t, promtool(t), []byte(files(t, example(t))[DashboardFile]))
}

type board struct {
	Panels []struct {
		ID          int
		Title, Type string
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct {
			Expr       string
			Datasource struct{ UID string }
		}
		FieldConfig struct {
			Defaults struct {
				Unit       string
				Thresholds struct{ Steps []struct{ Value *float64 } }
				Custom     struct {
					AxisLabel       string
					ThresholdsStyle struct{ Mode string }
				}
			}
		}
	}
}

func decoded(t *testing.T, b []byte) (d board) {
	t.Helper()
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAnotherProxyIsCalledByItsName, everywhere: alerts, dashboard and page of a run of
// HAProxy do not speak of nginx.
func TestAnotherProxyIsCalledByItsName(t *testing.T) {
	run := charttest.Quick()
	for i := range run.Plan.Variants {
		run.Plan.Variants[i].Proxy = "HAProxy"
	}
	for i := range run.Summary.Variants {
		run.Summary.Variants[i].Proxy = "HAProxy"
	}
	for name, text := range files(t, run) {
		if strings.Contains(strings.ToLower(text), "nginx") {
			t.Errorf("%s speaks of nginx:\n%s", name, text)
		}
		if !strings.Contains(text, "HAProxy") {
			t.Errorf("%s does not name HAProxy", name)
		}
	}
	if text := files(t, run)[RulesFile]; !strings.Contains(text, "alert: HAProxyUpstreamConnectRateHigh") {
		t.Errorf("alerts are called\n%s", text)
	}
}
