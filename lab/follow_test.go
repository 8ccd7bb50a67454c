package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// withFigures is a scenario's plan with other ports and another rate.
func withFigures(t *testing.T, s *scenarios.Scenario, set ...string) (*scenarios.Resolved, *results.Plan) {
	t.Helper()
	r, err := s.Resolve("quick", set)
	if err != nil {
		t.Fatal(err)
	}
	r, _ = AdaptToOverrides(r)
	p, err := Plan(r, "docker", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	return r, p
}

// notTheLaws are the variants whose point is no law of package law: those that
// fail otherwise, or wait.
var notTheLaws = []string{"idle-close-race/race", "mpm-event-short/short", "prefork-starved/starved"}

// TestExpectationsAreTheLaws: what a file expects of its own figures is what the
// law gives for them.
func TestExpectationsAreTheLaws(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, size := range s.Sizes {
			for _, v := range planned(t, s, size).Variants {
				got := v.Expect == v.Predicted.Verdict || v.Expect == law.Predicted
				if want := !slices.Contains(notTheLaws, s.Name+"/"+v.Name); got != want {
					t.Errorf("%s/%s, size %s: expected %s, predicted %s",
						s.Name, v.Name, size, v.Expect, v.Predicted.Verdict)
				}
			}
		}
	}
}

// TestOtherFigures gives every scenario other ports and rates than its file's.
// What it expects then is what the law says, worked out here once more from the
// file's multiples alone, and the load lasts long enough for it.
func TestOtherFigures(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, ports := range []int{300, 737, 3000, 9000} {
			for _, rate := range []float64{30, 91, 200, 400} {
				t.Run(fmt.Sprintf("%s/%d at %g", s.Name, ports, rate), func(t *testing.T) {
					r, p := withFigures(t, s, fmt.Sprintf("size.ports=%d", ports), fmt.Sprintf("size.rate=%g", rate))
					for i, v := range p.Variants {
						holdToFigures(t, s.Name, r.Variants[i], v, ports, rate)
					}
				})
			}
		}
	}
}

func holdToFigures(t *testing.T, scenario string, v scenarios.Variant, p results.VariantPlan, ports int, rate float64) {
	t.Helper()
	told := !slices.Contains(notTheLaws, scenario+"/"+v.Name)
	if told != (p.Expect == law.Predicted) {
		t.Errorf("%s: expects %s", v.Name, p.Expect)
	}
	if r := p.RatePerS / rate; math.Abs(r-math.Round(4*r)/4) > 0.09 || p.RatePerS < 0.75*rate {
		t.Errorf("%s: %g/s is no multiple of %g/s", v.Name, p.RatePerS, rate)
	}
	width := p.PortHigh - p.PortLow + 1
	if width%ports != 0 {
		t.Errorf("%s: %d ports are no multiple of %d", v.Name, width, ports)
	}
	// By TIME_WAIT and by what is under way.
	held := p.Predicted.Rho + p.RatePerS*(p.DelayS+v.Load.Hold.Seconds())/float64(p.Predicted.Tuples)
	if p.DurationS > 200 {
		t.Errorf("%s: a load of %g s", v.Name, p.DurationS)
	}
	if p.Predicted.OrNever && (p.BurstS == 0 || p.Keepalive == 0 || p.DelayS > 0) {
		t.Errorf("%s: the law leaves open what is no burst on a pool of a quick backend", v.Name)
	}
	if told && p.Predicted.Verdict == "inconclusive" && !p.Predicted.OrNever && (held <= 0.9 || held > 1) {
		t.Errorf("%s: undecided in %g s with %.2f of the tuples held", v.Name, p.DurationS, held)
	}
	// By hand: without a pool, named ports, reuse or a limit of TIME_WAITs, K tuples last K/R
	// seconds, if that is less than the 61 s (and 20 s of FIN_WAIT2) they are held.
	plain := p.Keepalive == 0 && p.Setup.NamedPorts == 0 && p.BackendKind == "httpd" && !p.Random &&
		p.Sysctls["net.ipv4.tcp_tw_reuse"] != "1" && v.Backend.Place != scenarios.PlaceLoopback &&
		p.Sysctls["net.ipv4.tcp_max_tw_buckets"] == "" && !strings.HasSuffix(v.Name, "upstream") &&
		v.Backend.TLS != scenarios.TLSOn && !p.Predicted.Estimated
	if !plain {
		return
	}
	if p.BurstS > 0 && !p.Race {
		return // to a burst: package law
	}
	k := float64(width * max(p.Addresses, 1) * max(p.Ports, 1) * max(p.Sources, 1))
	if c := p.Setup.Conduct; c != nil { // another kind of proxy
		if c.Idle > 0 || c.Resets || c.OwnPorts > 0 {
			return
		}
		if c.BindsFirst {
			k = float64(width * max(p.Sources, 1))
		}
		k -= float64(c.Spent + c.SpentEach*max(p.Addresses, 1)*max(p.Ports, 1))
	}
	first, want := p.Predicted.FirstError99S, k/p.RatePerS
	switch {
	case want >= 61:
		if first != nil {
			t.Errorf("%s: error 99 after %.2f s, want none: %g tuples at %g/s come back before they are used up",
				v.Name, *first, k, p.RatePerS)
		}
	case first == nil || math.Abs(*first-want) > 1e-6:
		t.Errorf("%s: error 99 after %s s, want %.3f", v.Name, format.Or(first, format.Number, "no"), want)
	case p.DurationS < want+1:
		t.Errorf("%s: the load lasts %g s, and error 99 is due after %.2f s", v.Name, p.DurationS, want)
	}
}

// TestFiguresThatAreSetStand: --set size.duration is not made to fit, nor is a
// verdict that is set, and a file's own figures are left alone.
func TestFiguresThatAreSetStand(t *testing.T) {
	s, err := scenarios.Load("port-exhaustion")
	if err != nil {
		t.Fatal(err)
	}
	_, p := withFigures(t, s, "size.ports=737", "size.rate=91", "size.duration=10s", "expect.verdict=mitigated")
	for _, v := range p.Variants {
		if v.DurationS != 10 || v.Expect != law.Mitigated {
			t.Errorf("%s lasts %g s and expects %s, want 10 s and mitigated", v.Name, v.DurationS, v.Expect)
		}
	}
	r, err := s.Resolve("quick", nil)
	if err != nil {
		t.Fatal(err)
	}
	if same, notes := Follow(r); same != r || notes != nil {
		t.Errorf("a scenario without --set was changed: %v", notes)
	}
	r, err = s.Resolve("quick", []string{"size.ports=737", "size.rate=91"})
	if err != nil {
		t.Fatal(err)
	}
	longer, notes := Follow(r)
	want := []time.Duration{
		15600 * time.Millisecond,
		15600 * time.Millisecond,
		15600 * time.Millisecond,
		26800 * time.Millisecond,
	}
	for i, v := range longer.Variants {
		if v.Duration != want[i] {
			t.Errorf("%s lasts %v, want %v", v.Name, v.Duration, want[i])
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "multi-ip 26.8s") {
		t.Errorf("notes %q do not say which loads last longer", notes)
	}
}

// TestAReleaseThatIsNotSaidDropsNoExpectation: until the image is read, nobody
// knows whether the law would change its mind.
func TestAReleaseThatIsNotSaidDropsNoExpectation(t *testing.T) {
	for _, image := range []string{"nginx:latest", "nginx:1.29", "registry:5000/nginx:stable"} {
		r, notes := Follow(resolved(t, "nginx-upgrade", "quick", "variants.nginx-1-30-upstream.proxy.image="+image))
		v := r.Variants[len(r.Variants)-1]
		if v.Expect.Verdict != law.Mitigated || len(v.Expect.Measured) != 1 ||
			!strings.Contains(strings.Join(notes, "\n"), image+" does not say which release") {
			t.Errorf("%s: expects %s and %v; notes %q", image, v.Expect.Verdict, v.Expect.Measured, notes)
		}
	}
}
