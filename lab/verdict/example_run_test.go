package verdict

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/results"
)

// TestStoredRunIsJudgedAlike judges the committed example again, a run of real
// servers, from its samples: the verdicts must be those it was given, and no
// assumption of the laws may seem broken that was not.
func TestStoredRunIsJudgedAlike(t *testing.T) {
	dirs, err := filepath.Glob("../../results/example/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no example: %v", err)
	}
	for _, dir := range dirs {
		run, err := results.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var baseline *float64
		for i, d := range run.Variants {
			stored := run.Summary.Variant(d.Name)
			m := Measured{
				Plan:     run.Plan.Variants[i],
				Samples:  d.Samples,
				Usable:   stored.Ports.Usable,
				Latency:  stored.Latency,
				Service:  stored.Service,
				Baseline: baseline,
			}
			m.Plan.Predicted = stored.Predicted // for the ports that were read back
			for _, s := range d.Samples {
				if s.Host == results.HostProxy && s.Net != nil {
					m.Proxy = s.Net
				}
			}
			m.Proxy.Log = stored.NginxLog // the last look, after the drain, is no sample
			b, err := os.ReadFile(filepath.Join(dir, d.Name, results.TotalsFile))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &m.Totals); err != nil {
				t.Fatal(err)
			}
			v := Judge(m)
			if i == 0 {
				baseline = v.FirstError
			}
			if v.Verdict != stored.Verdict || !same(v.AsExpected, stored.AsExpected) {
				t.Errorf("%s: %s (%s), as expected %s; it was %s, %s",
					d.Name, v.Verdict, v.Why, show(v.AsExpected), stored.Verdict, show(stored.AsExpected))
			}
			if len(v.Comparisons) == 0 {
				t.Errorf("%s: nothing was compared", d.Name)
			}
			for _, c := range v.Comparisons {
				t.Logf("%s, %s: %s", d.Name, c.Quantity, c.Text)
				if !c.OK {
					t.Errorf("%s, %s: %s", d.Name, c.Quantity, c.Text)
				}
			}
		}
	}
}
