package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	if len(byName) != 3 {
		t.Fatalf("%d files, want 3", len(byName))
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
		got = append(got, fmt.Sprintf("%s: %d, %g s, %d ports, reached %v", l.Names(), l.Tuples, l.HoldS, l.Ports, l.Reached))
	}
	want := []string{
		"baseline, keepalive: 500, 61 s, 500 ports, reached true",
		"tw-reuse: 500, 1 s, 500 ports, reached false",
		"multi-ip: 1500, 61 s, 500 ports, reached true",
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

// TestReuseHasNoAlarmOnTimeWait: a run with tw_reuse=1 had up to 250 of 500
// tuples in TIME_WAIT and not one failure.
func TestReuseHasNoAlarmOnTimeWait(t *testing.T) {
	_, group, _ := strings.Cut(files(t, example(t))[RulesFile], "tw-reuse\n")
	group, _, _ = strings.Cut(group, "- name:")
	if strings.Contains(group, "node_sockstat") || !strings.Contains(group, "> 450") {
		t.Errorf("the rules of tw-reuse:\n%s", group)
	}
}

// TestRulesAreSound: Prometheus takes the rules of every kind of run.
func TestRulesAreSound(t *testing.T) {
	tool := promtool(t)
	for name, run := range runs(t) {
		file := filepath.Join(t.TempDir(), RulesFile)
		save(t, file, files(t, run)[RulesFile])
		out, err := tool("check", "rules", file)
		if want := fmt.Sprintf("SUCCESS: %d rules found", strings.Count(files(t, run)[RulesFile], "- alert:")); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s, want %q", name, err, out, want)
		}
	}
}

// TestAlertsFire runs Prometheus's own engine over the rules: at half of the
// tuples, at eight tenths, at a rate the ports cannot take, and not below.
func TestAlertsFire(t *testing.T) {
	tool := promtool(t)
	dir := t.TempDir()
	save(t, filepath.Join(dir, RulesFile), files(t, example(t))[RulesFile])
	// The baseline's limits: 500 tuples, 8.2 new connections per second.
	const tests = `
rule_files: [alerts.yml]
evaluation_interval: 10s
tests:
  - interval: 10s
    input_series:
      - {series: 'node_sockstat_TCP_tw{instance="calm"}', values: '240x30'}
      - {series: 'node_sockstat_TCP_tw{instance="half"}', values: '300x30'}
      - {series: 'node_sockstat_TCP_tw{instance="full"}', values: '500x30'}
      - {series: 'node_netstat_Tcp_ActiveOpens{instance="calm"}', values: '0+70x30'}
      - {series: 'node_netstat_Tcp_ActiveOpens{instance="busy"}', values: '0+80x30'}
    promql_expr_test:
      - {expr: 'count by (alertname, instance) (ALERTS{alertstate="firing"})', eval_time: 3m, exp_samples: [
          {labels: '{alertname="NginxSourcePortsHalfUsed",instance="half"}', value: 1},
          {labels: '{alertname="NginxSourcePortsHalfUsed",instance="full"}', value: 1},
          {labels: '{alertname="NginxSourcePortsNearlyUsedUp",instance="full"}', value: 1},
          {labels: '{alertname="NginxUpstreamConnectRateUnsustainable",instance="busy"}', value: 1}]}
`
	save(t, filepath.Join(dir, "test.yml"), tests)
	if out, err := tool("test", "rules", filepath.Join(dir, "test.yml")); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	save(t, filepath.Join(dir, "test.yml"), strings.Replace(tests, "'300x30'", "'200x30'", 1))
	if _, err := tool("test", "rules", filepath.Join(dir, "test.yml")); err == nil {
		t.Error("the test cannot fail")
	}
}

// TestDashboardIsWellFormed: panels do not overlap, and each has a number of its
// own, a source and sound expressions.
func TestDashboardIsWellFormed(t *testing.T) {
	for name, run := range runs(t) {
		b := []byte(files(t, run)[DashboardFile])
		if name == "hostile" && !bytes.Contains(b, []byte(`"uid": "lab99-labels---x-quick"`)) {
			t.Errorf("uid: %s", regexp.MustCompile(`"uid": .*`).FindAll(b, -1))
		}
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
			for _, q := range p.Targets {
				if q.Datasource.UID != "${datasource}" {
					t.Errorf("%s: %s asks %q", name, p.Title, q.Datasource.UID)
				}
			}
		}
		if len(d.Panels) != 7 {
			t.Errorf("%s: %d panels, want 7", name, len(d.Panels))
		}
	}
}

// TestDashboardAsksWhatPrometheusUnderstands: every expression, with its
// variables filled in.
func TestDashboardAsksWhatPrometheusUnderstands(t *testing.T) {
	tool := promtool(t)
	rules := "groups:\n- name: x\n  rules:\n"
	fill := strings.NewReplacer("$instance", ".+", "$tuples", "500", "$hold", "61", "$__rate_interval", "1m")
	n := 0
	for _, p := range decoded(t, []byte(files(t, example(t))[DashboardFile])).Panels {
		for _, q := range p.Targets {
			n++
			expr, err := json.Marshal(fill.Replace(q.Expr))
			if err != nil {
				t.Fatal(err)
			}
			rules += fmt.Sprintf("  - {record: \"x:%d\", expr: %s}\n", n, expr)
		}
	}
	if strings.Contains(rules, "$") {
		t.Errorf("a variable that is not among those declared: %s", rules)
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	save(t, file, rules)
	if out, err := tool("check", "rules", file); err != nil || !strings.Contains(out, fmt.Sprintf("%d rules found", n)) {
		t.Errorf("%v: %s", err, out)
	}
}

type board struct {
	Panels []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr       string
			Datasource struct{ UID string }
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

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
