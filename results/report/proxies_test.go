package report

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

// renamed is the example as a run of other proxies, one a variant.
func renamed(t *testing.T, names ...string) *page {
	t.Helper()
	run, err := results.Open("../example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	for i := range run.Plan.Variants {
		name := names[i%len(names)]
		run.Plan.Variants[i].Proxy, run.Summary.Variants[i].Proxy = name, name
	}
	figs, err := chart.Figures(run)
	if err != nil {
		t.Fatal(err)
	}
	return newPage(run, figs)
}

// TestReportNamesItsProxy: what is said of HAProxy has HAProxy's name.
func TestReportNamesItsProxy(t *testing.T) {
	p := renamed(t, "HAProxy")
	var md strings.Builder
	if err := p.markdown(&md); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"source ports of HAProxy", "HAProxy's error log", "TIME_WAIT: HAProxy / backend",
		"HAProxy CPU",
		"HAProxy's network namespace", "with a real HAProxy and a real Apache httpd"} {
		if !strings.Contains(md.String(), want) {
			t.Errorf("report.md does not say %q", want)
		}
		if wrong := strings.Replace(want, "HAProxy", "nginx", 1); strings.Contains(md.String(), wrong) {
			t.Errorf("report.md says %q", wrong)
		}
	}
	var names []string
	for _, c := range p.Variants[0].Checked() {
		names = append(names, c.Name)
	}
	if all := strings.Join(names, "; "); !strings.Contains(all, "HAProxy's log says the same") ||
		strings.Contains(all, "nginx") {
		t.Errorf("the checks are %s", all)
	}
}

func TestServersInWords(t *testing.T) {
	for want, names := range map[string][]string{
		"a real nginx and a real Apache httpd":              {""},
		"real nginx, HAProxy and Squid before Apache httpd": {"", "HAProxy", "Squid"},
	} {
		if got := renamed(t, names...).Servers(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestUntriedInWords: "no live upstreams" are nginx's words, and nobody else's log has them.
func TestUntriedInWords(t *testing.T) {
	for name, want := range map[string]string{"": "no live upstreams", "Varnish": "refused without a try"} {
		v := &renamed(t, name).Variants[0]
		v.Errors = &results.Errors{NoLiveUpstreams: *v.Failed}
		if got := v.FailedByCause(); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestNobodyCopiesWhatFails: a variant whose ports ran out as before has no snippet.
func TestNobodyCopiesWhatFails(t *testing.T) {
	for verdict, want := range map[string]bool{
		law.Mitigated:  true,
		law.Postponed:  true,
		law.Reproduced: false,
		law.Collapsed:  false,
	} {
		p := renamed(t, "")
		for i := range p.Variants {
			p.Variants[i].Verdict = verdict
		}
		for _, r := range p.Rollouts() {
			if got := len(r.Copy) > 0; got != want {
				t.Errorf("%s, %s: something to copy: %v, want %v", r.Name, verdict, got, want)
			}
		}
	}
}
