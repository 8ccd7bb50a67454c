package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
)

// TestFilesOfDiagnose: what is in the tree, and in the program, is what the code here makes.
func TestFilesOfDiagnose(t *testing.T) {
	board, err := diagnoseBoard()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join(diagnoseDir, DashboardFile), board)
	golden.Compare(t, filepath.Join(diagnoseDir, RulesFile), []byte(diagnoseIntro+diagnoseRules().YAML()))
	for _, f := range OfDiagnose() {
		if want, err := os.ReadFile(filepath.Join(diagnoseDir, f.Name)); err != nil || string(f.Text) != string(want) {
			t.Errorf("%s is another file in the program: %v", f.Name, err)
		}
	}
}

// TestAlertsOfDiagnoseFire runs Prometheus's own engine over the rules, and over rules with
// a fault, which the tests must find.
func TestAlertsOfDiagnoseFire(t *testing.T) {
	tool := promtool(t)
	rules := diagnoseIntro + diagnoseRules().YAML()
	dir := t.TempDir()
	cases := filetest.Read(t, filepath.Join("testdata", "diagnose_test.yml"))
	filetest.Write(t, filepath.Join(dir, "test.yml"), cases)
	test := func(rules string) (string, error) {
		filetest.Write(t, filepath.Join(dir, "alerts.yml"), rules)
		return tool("test", "rules", filepath.Join(dir, "test.yml"))
	}
	if out, err := test(rules); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range [][2]string{
		{"<= on", "< bool on"}, {"lab99_alarm_horizon_seconds) > 0", "lab99_alarm_horizon_seconds) >= 0"},
		{"(job, instance) group_left", "(job) group_left"},
		{"exhaustion == 0", "exhaustion <= 600"}, {">= 0.5", ">= 0.4"}, {">= 0.5", "> 0.5"},
		{" unless lab99_seconds_to_exhaustion < Inf", ""}, {"exhaustion < Inf", "exhaustion <= Inf"},
		{"for: 1m", "for: 10m"}, {"for: 1m", "for: 0s"}, {"for: 5m", "for: 0s"}, {">= 1000", ">= 900"},
		{" unless lab99_ephemeral_ports_usable", ""}, {"[1h]", "[1m]"},
		{" unless lab99_scan_timestamp_seconds", ""}, {"for: 2m", "for: 0s"},
	} {
		broken := strings.Replace(rules, f[0], f[1], 1)
		if out, err := test(broken); broken == rules || err == nil {
			t.Errorf("%q in place of %q: nothing is found: %s", f[1], f[0], out)
		}
	}
}

// TestDashboardOfDiagnose: panels have their places, units and sources, and Prometheus
// understands what they ask.
func TestDashboardOfDiagnose(t *testing.T) {
	text, err := diagnoseBoard()
	if err != nil {
		t.Fatal(err)
	}
	if n := wellFormed(t, "diagnose", text); n != 7 {
		t.Errorf("%d panels, want 7", n)
	}
	understood(t, promtool(t), text)
}

// understood fails unless Prometheus understands every expression of a dashboard, with its
// variables filled in.
func understood(t *testing.T, tool func(...string) (string, error), dashboard []byte) {
	t.Helper()
	rules := "groups:\n- name: x\n  rules:\n"
	fill := strings.NewReplacer("$instance", ".+", "$tuples", "500", "$hold", "61", "$__rate_interval", "1m")
	n := 0
	for _, p := range decoded(t, dashboard).Panels {
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
	filetest.Write(t, file, rules)
	if out, err := tool("check", "rules", file); err != nil || !strings.Contains(out, fmt.Sprintf("%d rules found", n)) {
		t.Errorf("%v: %s", err, out)
	}
}
