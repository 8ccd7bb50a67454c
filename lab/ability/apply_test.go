package ability

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
)

// TestFoundReachesTheLaws: what is known, and nothing of what is not.
func TestFoundReachesTheLaws(t *testing.T) {
	plain := law.Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, TwReuse: 1}.Complete()
	if got := (Found{}).Apply(plain); got != plain {
		t.Errorf("nothing found makes %+v", got)
	}
	got := Found{
		ReuseCountsWholeSeconds: new(true),
		HZ:                      new(1000),
		ScanTimeWaitNs:          new(112.6),
		ScanEstablishedNs:       new(0.2),
		ScanPorts:               new(4096),
	}.Apply(plain)
	if !got.ReuseWholeSeconds || got.HZ != 1000 || got.Hold != law.TimeWaitOf(1000) || got.ScanTimeWait != 113 ||
		got.ScanEstablished != 1 || got.ScanPorts != 4096 {
		t.Errorf("%+v", got)
	}
	if got := (Found{ScanTimeWaitNs: new(112.6)}).Apply(plain); got.ScanTimeWait != 0 {
		t.Errorf("a cost of an unknown range is %v", got.ScanTimeWait)
	}
	for delay, want := range map[bool]bool{false: true, true: false} {
		if got := (Found{TwReuseDelay: &delay}).Apply(plain); got.ReuseWholeSeconds != want {
			t.Errorf("how reuse counts is not known, and that there is a delay is %v: whole seconds %v",
				delay, got.ReuseWholeSeconds)
		}
	}
	// A release that was booted, by what was found on it and by the table.
	k, _ := Look("6.12")
	found := Found{ReuseCountsWholeSeconds: new(true), HZ: new(250)}
	if a, b := found.Apply(plain), k.Apply(plain); a.ReuseWholeSeconds != b.ReuseWholeSeconds || a.Hold != b.Hold {
		t.Errorf("found: %+v, known: %+v", a, b)
	}
}

// TestIDsAreThoseOfAbilities: the table of kernels that are not at hand names its facts
// as the abilities are named.
func TestIDsAreThoseOfAbilities(t *testing.T) {
	for _, id := range []string{
		idHZ, idWholeSeconds, idReuseDelay, idAtCreation, idRange, idRemovesStep, idStepWidth, idTimeWait,
		idEstablished,
	} {
		if _, ok := Of(id); !ok {
			t.Errorf("%s is no ability", id)
		}
	}
}
