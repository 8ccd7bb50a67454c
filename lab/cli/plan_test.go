package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// TestConfigsOfEveryScenario: `lab99 plan` can print every built-in scenario,
// whatever its backend is.
func TestConfigsOfEveryScenario(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		r, err := s.Resolve("", nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := lab.Plan(r, "docker", 2, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := printConfigs(io.Discard, r, p, imagesFound{}); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// old is a stub on a kernel without tcp_tw_reuse_delay, and without what is misspelt.
type old struct{ stub }

func (old) Lacking(_ context.Context, sysctls []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(sysctls), func(s string) bool {
		return s != "net.ipv4.tcp_tw_reuse_delay" && s != "net.ipv4.tcp_tw_resue"
	}), nil
}

// Abilities are those of a kernel whose reuse counts whole seconds, with HZ=100.
func (old) Abilities(context.Context, bool) (ability.Found, error) {
	hz, whole := 100, true
	return ability.Found{HZ: &hz, ReuseCountsWholeSeconds: &whole}, nil
}

// onOldKernel leaves old as the only driver.
func onOldKernel(t *testing.T) {
	before := drivers
	t.Cleanup(func() { drivers = before })
	drivers = []driver.Candidate{{
		Name:  "old",
		About: "paper",
		Open:  func(context.Context) (driver.Driver, error) { return old{}, nil },
	}}
}

// TestPlanIsForTheKernelThatARunHas: the interval, and how long TIME_WAIT lasts there.
func TestPlanIsForTheKernelThatARunHas(t *testing.T) {
	onOldKernel(t)
	var out, complaints bytes.Buffer
	if code := Main([]string{"plan", "tw-reuse-ceiling", "--size", "quick", "--json"}, os.Stdin, &out,
		&complaints); code != 0 {
		t.Fatalf("exit code %d: %s", code, complaints.String())
	}
	var p results.Plan
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	intervals := 0
	for _, v := range p.Variants {
		if v.Setup.HZ != 100 {
			t.Errorf("%s: HZ is %d", v.Name, v.Setup.HZ)
		}
		if v.Predicted.FirstError99LatestS != nil {
			intervals++
		}
	}
	if intervals == 0 {
		t.Errorf("no interval in %s", out.String())
	}
}

// TestPlanSaysWhatWouldBeSkipped, in words and as JSON.
func TestPlanSaysWhatWouldBeSkipped(t *testing.T) {
	onOldKernel(t)
	planned := func(args ...string) string {
		var out, complaints bytes.Buffer
		if code := Main(append([]string{"plan", "tw-reuse-ceiling", "--size", "quick"}, args...), os.Stdin, &out,
			&complaints); code != 0 {
			t.Fatalf("exit code %d: %s", code, complaints.String())
		}
		return out.String()
	}
	const why = "Linux 9.9.9 has no net.ipv4.tcp_tw_reuse_delay in a network namespace"
	if text := planned("--configs=false"); !strings.Contains(text, "\nNote: shorter-delay would be skipped: "+why+"\n") {
		t.Errorf("not said:\n%s", text)
	}
	var p struct{ Skipped []results.SkippedVariant }
	if err := json.Unmarshal([]byte(planned("--json")), &p); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Skipped, []results.SkippedVariant{{Name: "shorter-delay", Why: why}}) {
		t.Errorf("skipped: %+v", p.Skipped)
	}
}

// TestPlanRefusesAMisspeltSysctl: as a run would.
func TestPlanRefusesAMisspeltSysctl(t *testing.T) {
	onOldKernel(t)
	var complaints bytes.Buffer
	args := []string{"plan", "tw-reuse-ceiling", "--size", "quick", "--set",
		"variants.shorter-delay.proxy.sysctls={net.ipv4.tcp_tw_resue: 1}"}
	if code := Main(args, os.Stdin, io.Discard, &complaints); code != verdict.ExitUsage ||
		!strings.Contains(complaints.String(), "did you mean net.ipv4.tcp_tw_reuse?") {
		t.Errorf("exit code %d: %s", code, complaints.String())
	}
}
