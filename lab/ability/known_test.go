package ability

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// TestKnownIsWhatWasMeasured: what was seen on kernels that were booted outranks what
// was read, and goes the same way where both are there, save for the one backport.
func TestKnownIsWhatWasMeasured(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"5.10":     {idAtCreation: false, idWholeSeconds: true, idRange: false, idRemovesStep: false, idTwReuse: 2},
		"6.1":      {idAtCreation: true, idWholeSeconds: true, idRange: true, idRemovesStep: false},
		"6.12":     {idWholeSeconds: true, idRange: true, idRemovesStep: true},
		"6.16":     {idWholeSeconds: false, idReuseDelay: true},
		"6.18":     {idWholeSeconds: false, idHZ: 250, idTimeWait: 113, idEstablished: 80},
		"7.2":      {idWholeSeconds: false, idStepWidth: true},
		"debian12": {idRange: true, idRemovesStep: false, idWholeSeconds: true},
	} {
		k, found := Look(name)
		if !found {
			t.Fatalf("%s is not known", name)
		}
		for id, v := range want {
			if f := k.Fact(id); f.Value != v || f.How != Measured {
				t.Errorf("%s, %s: %v (%s), want %v, measured", name, id, f.Value, f.How, v)
			}
		}
	}
	for _, b := range booted {
		for _, c := range changes {
			v, tried := b.saw[c.id]
			if !tried || c.id == idRange && b.release == (release{6, 1}) {
				continue
			}
			read := c.before
			if !b.release.before(c.since) {
				read = c.after
			}
			if v != read {
				t.Errorf("%s on %s: seen %v, and the source says %v", c.id, b.what, v, read)
			}
		}
	}
}

// TestKnownIsRead: kernels that nobody booted, by their source and configuration.
func TestKnownIsRead(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"4.18":        {idTwReuse: 0, idWholeSeconds: true, idHZ: 250},
		"5.15":        {idTwReuse: 2, idAtCreation: false, idWholeSeconds: true},
		"6.8":         {idRange: true, idRemovesStep: true, idWholeSeconds: true, idRCU: false},
		"6.14":        {idWholeSeconds: false, idReuseDelay: true, idRCU: false},
		"ubuntu24.04": {idHZ: 1000, idWholeSeconds: true, idRemovesStep: true},
		"ubuntu22.04": {idHZ: 250, idRange: false},
		"al2023":      {idHZ: 100, idAtCreation: true, idRemovesStep: false},
		"el9":         {idHZ: 1000, idTwReuse: 2},
	} {
		k, found := Look(name)
		if !found {
			t.Fatalf("%s is not known", name)
		}
		for id, v := range want {
			if f := k.Fact(id); f.Value != v || f.How != Read || !strings.HasPrefix(f.Source, "https://") {
				t.Errorf("%s, %s: %v (%s, %s), want %v, read, with a link", name, id, f.Value, f.How, f.Source, v)
			}
		}
	}
}

// TestBackportsAreUnknown: a kernel that takes changes of later releases may have any
// of them.
func TestBackportsAreUnknown(t *testing.T) {
	for name, ids := range map[string][]string{
		"el8":      {idTwReuse, idAtCreation, idWholeSeconds, idReuseDelay, idRange, idRemovesStep, idRCU},
		"el9":      {idAtCreation, idWholeSeconds, idReuseDelay, idRange, idRemovesStep, idRCU},
		"el10":     {idHZ, idWholeSeconds, idReuseDelay, idRCU, idStepWidth},
		"debian13": {idHZ},
		"7.2":      {idHZ},
		"al2023":   {idRange},
	} {
		k, _ := Look(name)
		for _, id := range ids {
			if f := k.Fact(id); f.How != Unknown || f.Value != nil || f.Source != "" {
				t.Errorf("%s, %s: %+v, want unknown", name, id, f)
			}
		}
	}
}

// TestEveryFactRestsOnSomething: a value has a source and an unknown one has none; a
// link is one, and no name is taken twice.
func TestEveryFactRestsOnSomething(t *testing.T) {
	var names []string
	for _, s := range systems {
		names = append(names, s.names...)
	}
	for _, name := range append(names, Names()...) {
		k, found := Look(name)
		if !found || k.Title() == "" || len(k.Lines()) == 0 {
			t.Fatalf("%s is not known: %+v", name, k)
		}
		var ids []string
		for _, f := range k.Facts {
			ids = append(ids, f.ID)
			known := f.How == Measured || f.How == Read && regexp.MustCompile(`^https://[^ ]+( \(.+\))?$`).MatchString(f.Source)
			if (f.Value != nil) != known || (f.Source != "") != known {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if sorted := slices.Sorted(slices.Values(ids)); len(slices.Compact(sorted)) != len(ids) {
			t.Errorf("%s: %v has one twice", name, ids)
		}
		for _, l := range k.Lines() {
			if l.Text == "" || l.About == "" || strings.Contains(l.Text, "%!") {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a name twice in %v", names)
	}
}

// TestLookIsForReleasesThatThereAre.
func TestLookIsForReleasesThatThereAre(t *testing.T) {
	for _, name := range []string{"4.12", "4.20", "5.19", "6.6", "6.19", "7.0", "7.3"} {
		if k, found := Look(name); !found || k.Name != name || k.System != "" {
			t.Errorf("%s: %+v, %t", name, k, found)
		}
	}
	for _, name := range []string{
		"", "6", "6.20", "5.99", "4.11", "7.4", "8.0", "6.1.5", "06.1", "6.01", "el7", "6.-1", "linux",
	} {
		if k, found := Look(name); found {
			t.Errorf("%q is known: %+v", name, k)
		}
	}
}

// TestApply: the laws get the kernel, and the worst of what is unknown.
func TestApply(t *testing.T) {
	for name, want := range map[string]law.Setup{
		"ubuntu22.04": {ReuseWholeSeconds: true, HZ: 250, TwReuse: 2},
		"ubuntu24.04": {ReuseWholeSeconds: true, HZ: 1000, TwReuse: 2},
		"al2023":      {ReuseWholeSeconds: true, HZ: 100, TwReuse: 2},
		"6.18":        {HZ: 250, TwReuse: 2},
		"el9":         {ReuseWholeSeconds: true, HZ: 1000, TwReuse: 2}, // not known: the interval covers it
		"el10":        {ReuseWholeSeconds: true, HZ: 100, TwReuse: 2},  // HZ not known: the longest TIME_WAIT
		"4.18":        {ReuseWholeSeconds: true, ReuseDelay: 2 * time.Second, HZ: 250, TwReuse: 0},
		"4.19":        {ReuseWholeSeconds: true, HZ: 250, TwReuse: 2},
		// Not known: a CentOS 8 has 4.18's rule.
		"el8": {ReuseWholeSeconds: true, ReuseDelay: 2 * time.Second, HZ: 1000},
	} {
		k, _ := Look(name)
		if got := k.Apply(law.Setup{}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	k, _ := Look("el10")
	if least, most := k.TimeWait(); least != time.Minute || most != 65120*time.Millisecond {
		t.Errorf("%v to %v, want all that HZ may make of it", least, most)
	}
	// On the kernel that the laws were measured on nothing changes.
	s := law.Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, TwReuse: 2, Workers: 1 << 20}
	k, _ = Look("6.18")
	if before, after := law.SteadyStateOf(s, 0), law.SteadyStateOf(k.Apply(s), 0); *before.SafeRatePerS != *after.SafeRatePerS ||
		*before.FirstError99S != *after.FirstError99S || after.FirstError99LatestS != nil {
		t.Errorf("%+v, and on 6.18 %+v", before, after)
	}
}
