package lab

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// gone is a sysctl that Linux has no more since 4.12.
const gone = "net.ipv4.tcp_tw_recycle"

// asking makes variants ask for it.
func asking(r *scenarios.Resolved, variants ...int) { askingFor(r, gone, variants...) }

func askingFor(r *scenarios.Resolved, sysctl string, variants ...int) {
	for _, i := range variants {
		v := &r.Variants[i]
		v.Proxy.Sysctls = maps.Clone(v.Proxy.Sysctls)
		if v.Proxy.Sysctls == nil {
			v.Proxy.Sysctls = scenarios.Sysctls{}
		}
		v.Proxy.Sysctls[sysctl] = "1"
	}
}

// failsFirst is what a baseline and one that only postpones measure.
func failsFirst(l *fakeLab, _ string, c agent.Command) []agent.Record {
	switch {
	case c.Load == nil:
	case l.spec.Variant == "baseline":
		return failing(c, 2.5)
	case l.spec.Variant == "multi-ip":
		return failing(c, 7.5)
	}
	return nil
}

// TestAKindThatCannotBeHadIsSkipped by name, and the run goes on with the others. The first
// variant's cannot be missed.
func TestAKindThatCannotBeHadIsSkipped(t *testing.T) {
	d := &fakeDriver{absent: "haproxy", on: failsFirst}
	o, _ := fakeOptions(t, d, 4)
	second := &o.Scenario.Variants[1].Proxy
	second.Kind, second.Image, second.Policy = "haproxy", "haproxy:3.2", "tcp"
	out, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s := out.Summary.Skipped; len(s) != 1 || s[0].Name != "keepalive" ||
		!strings.HasPrefix(s[0].Why, "there is no HAProxy to be had: ") {
		t.Errorf("skipped: %+v", s)
	}
	if n := len(out.Summary.Variants); n != 3 {
		t.Errorf("%d variants were run, want 3", n)
	}
	d.absent = "nginx"
	o, _ = fakeOptions(t, d, 4)
	if _, err := measure(t.Context(), o); err == nil {
		t.Error("a run without the first variant's proxy")
	}
}

// TestWhatTheKernelLacksIsSkipped, whether that is known before the labs are up or
// one of them says so. The others run, and the run is whole.
func TestWhatTheKernelLacksIsSkipped(t *testing.T) {
	const why = "Linux 6.18.5 has no " + gone + " in a network namespace"
	for name, d := range map[string]*fakeDriver{
		"known before": {lacks: gone, on: failsFirst}, "told by a lab": {unset: gone, on: failsFirst},
	} {
		t.Run(name, func(t *testing.T) {
			o, said := fakeOptions(t, d, 4)
			asking(o.Scenario, 1, 2)
			out, err := measure(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			s := out.Summary
			var rows []string
			for _, v := range s.Variants {
				rows = append(rows, v.Name+" "+v.Verdict)
			}
			if got := strings.Join(rows, ", "); got != "baseline reproduced, multi-ip postponed" || s.Partial {
				t.Errorf("rows %s; partial: %v", got, s.Partial)
			}
			want := []results.SkippedVariant{{Name: "keepalive", Why: why}, {Name: "tw-reuse", Why: why}}
			if diff := cmp.Diff(want, s.Skipped); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.Contains(s.Finding, "keepalive and tw-reuse were skipped: "+why) {
				t.Errorf("finding: %s", s.Finding)
			}
			for _, d := range []string{"keepalive", "tw-reuse"} {
				if _, err := os.Stat(filepath.Join(out.Dir, d)); err == nil {
					t.Errorf("%s has a directory", d)
				}
			}
			if d.lacks != "" && !strings.Contains(said.text(), "tw-reuse: skipped: "+why) {
				t.Errorf("said: %s", said.text())
			}
			r, err := results.Open(out.Dir)
			if err != nil {
				t.Fatal(err)
			}
			missing := strings.Join(r.Missing, "; ") // the fake hosts took no samples
			if v := r.Row(r.Plan.Variants[2]); v.Verdict != results.Skipped || v.Why != why || v.AsExpected != nil ||
				r.Summary.Partial || strings.Contains(missing, v.Name) {
				t.Errorf("the stored row is %s: %s; partial: %v; missing: %s", v.Verdict, v.Why, r.Summary.Partial, missing)
			}
			for _, n := range d.downs() {
				if n != 1 {
					t.Errorf("a lab was taken down %d times", n)
				}
			}
		})
	}
}

// TestNothingToCompareIsUnfit: without its first variant a scenario shows nothing.
func TestNothingToCompareIsUnfit(t *testing.T) {
	for name, tc := range map[string]struct {
		d       *fakeDriver
		lacking []int
		want    string
	}{
		"the first":                {&fakeDriver{lacks: gone}, []int{0, 2}, "baseline cannot run here"},
		"all":                      {&fakeDriver{lacks: gone}, []int{0, 1, 2, 3}, "none of the variants can run here"},
		"the first, told by a lab": {&fakeDriver{unset: gone}, []int{0}, "the kernel has no " + gone},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := fakeOptions(t, tc.d, 4)
			o.Parallel = 1
			asking(o.Scenario, tc.lacking...)
			out, err := measure(t.Context(), o)
			if !errors.As(err, new(*driver.UnfitError)) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want an UnfitError saying %q", err, tc.want)
			}
			if out != nil && (len(out.Summary.Variants) > 0 || len(out.Summary.Skipped) > 0) {
				t.Errorf("%+v", out.Summary)
			}
		})
	}
}

// TestCatalogueCountsSkippedNeitherWay: of three variants that ran three are as
// expected, or not.
func TestCatalogueCountsSkippedNeitherWay(t *testing.T) {
	r := resolve(t, "quick")
	asking(r, 2)
	o, _ := fakeOptions(t, &fakeDriver{lacks: gone, on: failsFirst}, 1)
	out, err := RunAll(t.Context(), o, []*scenarios.Resolved{r}, func(error) int { return 3 })
	if err != nil {
		t.Fatal(err)
	}
	row := out.Catalogue.Scenarios[0]
	if row.Asked != 3 || len(row.Variants) != 3 || len(row.Skipped) != 1 || row.Skipped[0].Name != "tw-reuse" ||
		row.Error != "" {
		t.Errorf("%+v", row)
	}
	index, err := os.ReadFile(filepath.Join(out.Dir, results.IndexFile))
	if err != nil || !strings.Contains(string(index), "tw-reuse skipped |") ||
		!strings.Contains(string(index), "* tw-reuse is skipped: Linux 6.18.5 has no") {
		t.Errorf("%v: %s", err, index)
	}
}

// TestOnlyWhatAVariantAsksForIsMissing, whatever else the kernel lacks.
func TestOnlyWhatAVariantAsksForIsMissing(t *testing.T) {
	r := resolve(t, "quick")
	k := kernel{release: "6.1", lacking: []string{gone, "net.ipv4.tcp_tw_reuse_delay"}}
	if got, err := missing(r, r.Variants[0], k); got != "" || err != nil {
		t.Errorf("the baseline lacks: %s, %v", got, err)
	}
	asking(r, 0)
	got, err := missing(r, r.Variants[0], k)
	if want := "Linux 6.1 has no " + gone + " in a network namespace"; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestAMisspeltSysctlIsNotSkipped, whoever finds that the kernel lacks it: it is the
// scenario's mistake, and not one of them runs after it.
func TestAMisspeltSysctlIsNotSkipped(t *testing.T) {
	const misspelt = "net.ipv4.tcp_tw_resue"
	for name, d := range map[string]*fakeDriver{
		"known before": {lacks: misspelt, on: failsFirst}, "told by a lab": {unset: misspelt, on: failsFirst},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := fakeOptions(t, d, 4)
			o.Parallel = 1
			askingFor(o.Scenario, misspelt, 1)
			out, err := measure(t.Context(), o)
			if !errors.As(err, new(*scenarios.Error)) || !strings.Contains(err.Error(), "did you mean net.ipv4.tcp_tw_reuse?") {
				t.Errorf("error %v, want a mistake that names the sysctl meant", err)
			}
			if out != nil && len(out.Summary.Skipped) > 0 {
				t.Errorf("skipped: %+v", out.Summary.Skipped)
			}
		})
	}
}

// TestServicesAreSkipped where the driver has none, by name, and a scenario that is about
// nothing else is unfit.
func TestServicesAreSkipped(t *testing.T) {
	o, _ := fakeOptions(t, &fakeDriver{on: failsFirst}, 4)
	o.Scenario.Variants[3].Backend.Service = scenarios.ServiceHeadless
	out, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := []results.SkippedVariant{{Name: "multi-ip", Why: "the driver fake has no Services; --driver kubernetes has"}}
	if diff := cmp.Diff(want, out.Summary.Skipped); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	o, _ = fakeOptions(t, new(fakeDriver), 1)
	o.Scenario.Variants[0].Load.Pods = 2
	if _, err := measure(t.Context(), o); !errors.As(err, new(*driver.UnfitError)) ||
		!strings.Contains(err.Error(), "no pods to share a load") {
		t.Errorf("error %v, want an UnfitError", err)
	}
}
