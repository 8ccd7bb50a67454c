package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// A lesson is what a variant of a scenario must show, worked out here from the
// ports and the rate alone.
type lesson func(t *testing.T, p results.VariantPlan, v results.Variant)

// short are the scenarios that every test run has time for.
var short = map[string]map[string]lesson{
	"backend-ports":       {"baseline": runsOut(1, 1), "three-ports": runsOut(3, 1)},
	"same-address-thrice": {"baseline": runsOut(1, 1), "listed-thrice": runsOut(1, 1)},
	"tw-reuse-ceiling": {
		"off": runsOut(1, 1), "no-timestamps": runsOut(1, 1),
		"below": holds(1), "above": runsOut(1, 0), "shorter-delay": holds(0.1),
	},
	// A port in FIN_WAIT2 is no TIME_WAIT: what is counted of those says nothing.
	"late-close":          {"late": runsOut(1, 0), "tw-reuse": runsOut(1, 0), "fin-timeout": opensAll},
	"unix-socket":         {"baseline": runsOut(1, 1), "unix": portless},
	"half-done-keepalive": {"default": races, "half-done": runsOut(1, 1), "done": pools},
}

func TestShortScenarios(t *testing.T) {
	for name, lessons := range short {
		t.Run(name, func(t *testing.T) {
			i := startOn(t, "netns", "run", name, "--size", "quick")
			i.wait(t, "0")
			i.nothingLeft(t)
			teaches(t, i.dir(t), i.summary(t), lessons)
		})
	}
}

// teaches holds a run against its lessons.
func teaches(t *testing.T, dir string, s results.Summary, lessons map[string]lesson) {
	t.Helper()
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Variants) != len(lessons) || len(s.Variants) != len(lessons) {
		t.Fatalf("%d variants planned and %d run, want %d", len(r.Plan.Variants), len(s.Variants), len(lessons))
	}
	for i, p := range r.Plan.Variants {
		v := s.Variants[i]
		if lessons[p.Name] == nil {
			t.Errorf("nothing is known of %s", p.Name)
			continue
		}
		if *v.Scheduled != *v.Sent+*v.Dropped || *v.Sent != *v.OK+*v.Failed+*v.Unfinished {
			t.Errorf("%s: %d scheduled, %d sent, %d dropped, %d ok, %d failed, %d unfinished do not add up",
				v.Name, *v.Scheduled, *v.Sent, *v.Dropped, *v.OK, *v.Failed, *v.Unfinished)
		}
		lessons[p.Name](t, p, v)
	}
}

func ports(p results.VariantPlan) int64 { return int64(p.PortHigh - p.PortLow + 1) }

// runsOut: K = n·P successes, +0..2, then error 99 at K/R. timeWait is the share
// of K that stands in TIME_WAIT on the proxy; 0 leaves it open.
func runsOut(n int64, timeWait float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		k := n * ports(p)
		want := float64(k) / p.RatePerS
		if v.FirstError == nil {
			t.Errorf("%s: no error 99", v.Name)
			return
		}
		if d := *v.FirstError - want; math.Abs(d) > law.Tolerance(want) {
			t.Errorf("%s: first error 99 after %.3f s, want %.3f s within %.0f ms", v.Name, *v.FirstError, want, 1000*law.Tolerance(want))
		}
		if timeWait == 0 {
			return // ports come back: what succeeds later is another law's
		}
		if *v.OK < k || *v.OK > k+2 {
			t.Errorf("%s: %d succeeded, want %d (+0..2)", v.Name, *v.OK, k)
		}
		if got, want := *v.TimeWait.ProxyPeak, int64(timeWait*float64(k)); got != want {
			t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d", v.Name, got, want)
		}
		if *v.CloseShare < 0.98 {
			t.Errorf("%s: nginx closed %.1f %% of the connections first, want all", v.Name, 100**v.CloseShare)
		}
	}
}

// holds: no request fails, and ρ = R·T/P with a hold time of T seconds.
func holds(hold float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		none(t, v)
		if got, want := *v.RhoSteady, p.RatePerS*hold/float64(ports(p)); math.Abs(got-want) > 0.1*want {
			t.Errorf("%s: load factor %.3f, want %.3f within 10 %%", v.Name, got, want)
		}
	}
}

// opensAll: no request fails, though each opens a connection.
func opensAll(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, v)
	if *v.NewConns != *v.Sent {
		t.Errorf("%s: %d requests opened %d connections, want as many", v.Name, *v.Sent, *v.NewConns)
	}
}

// pools: no request fails, and next to none opens a connection.
func pools(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, v)
	if share := float64(*v.NewConns) / float64(*v.Sent); share > 0.05 {
		t.Errorf("%s: %.1f %% of the requests opened a connection, want at most 5 %%", v.Name, 100*share)
	}
}

// portless: no request fails, and nothing is left of any connection.
func portless(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, v)
	if n := *v.TimeWait.ProxyPeak; n != 0 {
		t.Errorf("%s: %d TIME_WAIT on the proxy, want none", v.Name, n)
	}
}

// races: successes times f are the ports, within 5 %.
func races(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	if v.FirstError == nil {
		t.Errorf("%s: no error 99", v.Name)
		return
	}
	f, k := *v.CloseShare, float64(ports(p))
	if f < 0.02 || f > 0.9 {
		t.Errorf("%s: nginx closed %.1f %% of the connections first, want a race", v.Name, 100*f)
	}
	if got := float64(*v.OKBefore) * f; math.Abs(got/k-1) > 0.05 {
		t.Errorf("%s: %d successes at f = %.3f are %.0f ports, want %.0f within 5 %%", v.Name, *v.OKBefore, f, got, k)
	}
}

func none(t *testing.T, v results.Variant) {
	t.Helper()
	if *v.Failed != 0 || *v.RhoSteady > 0.9 {
		t.Errorf("%s: %d requests failed at a load factor of %.2f, want none at 0.9 or less", v.Name, *v.Failed, *v.RhoSteady)
	}
}

// catalogue reads what run --all has written, and holds it against its schema.
func (i *invocation) catalogue(t *testing.T) (dir string, c results.Catalogue) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(i.out, "*-all"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the directory of a catalogue: %v, %v", found, err)
	}
	b, err := os.ReadFile(filepath.Join(found[0], results.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Catalogue(t, b); err != nil {
		t.Errorf("summary.json does not fit its schema: %v", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(found[0], results.IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Scenarios {
		if !strings.Contains(string(index), r.Name) {
			t.Errorf("%s is not in the index", r.Name)
		}
		if r.Reported {
			if _, err := os.Stat(filepath.Join(i.out, r.Run, "report.html")); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
		}
	}
	return found[0], c
}

// TestAllStopsAfterTheFirst: Ctrl-C ends the load of the scenario under way,
// judges it, and prints the table of what there is.
func TestAllStopsAfterTheFirst(t *testing.T) {
	i := startOn(t, "netns", "run", "--all", "--size", "quick")
	i.waitForLoad(t, 10)
	i.cmd.Process.Signal(os.Interrupt)
	i.wait(t, "130")
	i.nothingLeft(t)
	_, c := i.catalogue(t)
	if !c.Partial || len(c.Scenarios) != 1 || c.Asked < 24 || !c.Scenarios[0].Reported {
		t.Errorf("partial %v, %d of %d scenarios, want the first, with a report", c.Partial, len(c.Scenarios), c.Asked)
	}
	if out := i.stdout.String(); !strings.Contains(out, c.Scenarios[0].Name) || !strings.Contains(out, "Partial: 1 of ") {
		t.Errorf("the table says nothing of it:\n%s", out)
	}
	if talk := i.stderr.String(); !strings.Contains(talk, "scenarios, size quick: about ") {
		t.Error("the estimate was not said")
	}
}

// TestAllGoesOnAfterAFailure: a scenario that cannot be run does not keep the
// next from running, and the worst exit code is the command's.
func TestAllGoesOnAfterAFailure(t *testing.T) {
	// The driver runs no images, so none of the registry's.
	i := startOn(t, "netns", "run", "--all", "--size", "quick", "--images", "registry", "--json")
	i.wait(t, "3")
	_, c := i.catalogue(t)
	if len(c.Scenarios) != c.Asked || c.Partial || c.ExitCode != 3 {
		t.Errorf("%d of %d scenarios were tried, partial %v, exit code %d", len(c.Scenarios), c.Asked, c.Partial, c.ExitCode)
	}
	for _, r := range c.Scenarios {
		if r.ExitCode != 3 || !strings.Contains(r.Error, "runs no images") {
			t.Errorf("%s: exit code %d, %q", r.Name, r.ExitCode, r.Error)
		}
	}
	if err := schematest.Catalogue(t, i.stdout.Bytes()); err != nil {
		t.Errorf("--json does not fit its schema: %v", err)
	}
}
