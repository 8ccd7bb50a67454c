package lab

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/results"
)

// tryingDriver is a fake one that can try what its kernel can do.
type tryingDriver struct {
	*fakeDriver
	found ability.Found
	err   error
	tries int
}

func (d *tryingDriver) Abilities(_ context.Context, fresh bool) (ability.Found, error) {
	if d.tries++; fresh {
		return ability.Found{}, errors.New("a run may do with what is remembered")
	}
	return d.found, d.err
}

// TestAbilitiesAreStored with the run, whatever came of trying.
func TestAbilitiesAreStored(t *testing.T) {
	hz := 250
	for name, tc := range map[string]struct {
		found ability.Found
		err   error
		hz    int
		why   string
	}{
		"found":            {found: ability.Found{HZ: &hz}, hz: 250},
		"could not be had": {err: errors.New("no namespaces\n  here"), why: "no namespaces here"},
	} {
		d := &tryingDriver{fakeDriver: new(fakeDriver), found: tc.found, err: tc.err}
		out, err := runFake(t, t.Context(), d.fakeDriver, func(o *Options) { o.Driver = d })
		if err != nil {
			t.Fatal(err)
		}
		got := stored(t, out)
		if d.tries != 1 || (got.HZ != nil) != (tc.hz > 0) || got.Unknown["hz"] != tc.why {
			t.Errorf("%s: tried %d times, stored %+v", name, d.tries, got)
		}
	}
	out, err := runFake(t, t.Context(), new(fakeDriver), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := stored(t, out); !strings.Contains(got.Unknown["hz"], "driver fake cannot") {
		t.Errorf("with a driver that cannot try it: %+v", got)
	}
}

func stored(t *testing.T, out *Outcome) ability.Found {
	t.Helper()
	run, err := results.Open(out.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.Env.Abilities == nil {
		t.Fatal("env.json has no abilities")
	}
	return *run.Env.Abilities
}

// TestAbilitiesReachTheLaws: the prediction that a run is held against is for the
// kernel that it ran on.
func TestAbilitiesReachTheLaws(t *testing.T) {
	for hz, hold := range map[int]float64{250: 61, 1000: 62} {
		d := &tryingDriver{fakeDriver: new(fakeDriver), found: ability.Found{HZ: &hz}}
		out, err := runFake(t, t.Context(), d.fakeDriver, func(o *Options) { o.Driver = d })
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Summary.Variants[0].Predicted.HoldS; got != hold {
			t.Errorf("HZ %d: T %g s, want %g", hz, got, hold)
		}
	}
}

// TestObserversAreToldHowTimeWaitsAreCounted, as far as that is known.
func TestObserversAreToldHowTimeWaitsAreCounted(t *testing.T) {
	yes, no := true, false
	for name, tc := range map[string]struct{ atCreation, want *bool }{
		"at creation": {&yes, &no}, "at the end": {&no, &yes}, "not known": {nil, nil},
	} {
		var told [2]*bool
		var mu sync.Mutex
		f := &fakeDriver{on: func(_ *fakeLab, host string, c agent.Command) []agent.Record {
			if c.Observe != nil {
				mu.Lock()
				told[map[string]int{results.HostProxy: 0, results.HostBackend: 1}[host]] = c.Observe.TimeWaitAtEnd
				mu.Unlock()
			}
			return nil
		}}
		d := &tryingDriver{fakeDriver: f, found: ability.Found{TimeWaitCountedAtCreation: tc.atCreation}}
		if _, err := runFake(t, t.Context(), f, func(o *Options) { o.Driver = d }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([2]*bool{tc.want, tc.want}, told); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestThePlanIsWhatTheRunIsHeldAgainst: what the kernel can do is in both, so that
// plan.json and the row have one prediction. The plan's hash does not change with it.
func TestThePlanIsWhatTheRunIsHeldAgainst(t *testing.T) {
	hz, whole, ns, ports := 100, true, 200.0, 4096
	found := ability.Found{
		HZ:                      &hz,
		ReuseCountsWholeSeconds: &whole,
		ScanTimeWaitNs:          &ns,
		ScanEstablishedNs:       &ns,
		ScanPorts:               &ports,
	}
	d := &tryingDriver{fakeDriver: new(fakeDriver), found: found}
	out, err := runFake(t, t.Context(), d.fakeDriver, func(o *Options) { o.Driver = d })
	if err != nil {
		t.Fatal(err)
	}
	r, err := results.Open(out.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out.Summary.Variants {
		p := r.Plan.Variants[i]
		if diff := cmp.Diff(p.Predicted, v.Predicted); diff != "" {
			t.Errorf("%s: -plan +row:\n%s", v.Name, diff)
		}
		if p.Setup.HZ != hz || p.Predicted.HoldS < 62 && p.Setup.TwReuse != 1 {
			t.Errorf("%s: the plan knows nothing of the kernel: %+v", v.Name, p.Setup)
		}
	}
	elsewhere, err := runFake(t, t.Context(), new(fakeDriver), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := elsewhere.Summary.PlanHash; got != r.Plan.Hash {
		t.Errorf("hash %s, and on another kernel %s", r.Plan.Hash, got)
	}
}

// TestAHostsOwnKernel: where a cluster put the proxy onto a node with another kernel than the
// one that was tried for the run, the prediction is for that one.
func TestAHostsOwnKernel(t *testing.T) {
	whole, not := true, false
	x := &variantRun{
		v: resolve(t, "quick").Variants[2],
		o: &Options{Driver: new(fakeDriver), found: &ability.Found{ReuseCountsWholeSeconds: &not}},
	}
	px := results.HostEnv{
		UsablePorts: 500,
		Version:     "1.30.1",
		Place:       &results.Place{Abilities: &ability.Found{ReuseCountsWholeSeconds: &whole}},
	}
	own := x.setup(px)
	px.Place.Abilities = nil
	if cmp.Equal(own, x.setup(px)) {
		t.Errorf("the kernel of the proxy's node makes no difference: %+v", own)
	}
}
