package lab

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// atOnce counts the labs of a fake driver whose load is under way, and holds
// each load for a while.
type atOnce struct {
	mu       sync.Mutex
	now, top int
	order    []string // in which loads began
}

func (n *atOnce) load(l *fakeLab, hold time.Duration) {
	n.mu.Lock()
	n.now++
	n.top = max(n.top, n.now)
	n.order = append(n.order, l.spec.Variant)
	n.mu.Unlock()
	time.Sleep(hold)
	n.mu.Lock()
	n.now--
	n.mu.Unlock()
}

// failing is a load whose first error 99 came at a second.
func failing(c agent.Command, first float64) []agent.Record {
	done := loadDone(c, 10)
	at, ok := int64(1e9+first*1e9), int64(200*first)
	done.LoadDone.FirstError, done.LoadDone.OKBefore = &at, &ok
	done.LoadDone.OK, done.LoadDone.Failed = ok, 2000-ok
	done.LoadDone.Errors.Error99 = 2000 - ok
	return []agent.Record{started, done}
}

// TestVariantsAtOnce: as many as asked, and whatever the order in which they
// end, the rows are the same.
func TestVariantsAtOnce(t *testing.T) {
	var rows [2][]results.Variant
	for i, parallel := range []int{1, 0} {
		var n atOnce
		d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
			if c.Load == nil {
				return nil
			}
			switch l.spec.Variant {
			case "baseline": // ends last
				n.load(l, 900*time.Millisecond)
				return failing(c, 2.5)
			case "multi-ip":
				n.load(l, 0)
				return failing(c, 7.5)
			}
			n.load(l, 900*time.Millisecond)
			return nil
		}}
		o, _ := fakeOptions(t, d, 4)
		o.Parallel = parallel
		out, err := measure(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 3}[i]; n.top < want || parallel == 1 && n.top > 1 {
			t.Errorf("--parallel %d: %d loads at once, want %d", parallel, n.top, want)
		}
		if parallel == 1 && strings.Join(n.order, " ") != "baseline keepalive tw-reuse multi-ip" {
			t.Errorf("order %q", n.order)
		}
		rows[i] = out.Summary.Variants
	}
	if v := rows[1][3]; v.Verdict != "postponed" {
		t.Errorf("%s is %s: %s; want postponed", v.Name, v.Verdict, v.Why)
	}
	if diff := cmp.Diff(rows[0], rows[1], cmpopts.IgnoreFields(results.Variant{}, "Timing")); diff != "" {
		t.Errorf("one after the other (-) and at once (+):\n%s", diff)
	}
}

// TestDisturbedRunsAgainAlone, once, and that is said.
func TestDisturbedRunsAgainAlone(t *testing.T) {
	never := func(c agent.Command) []agent.Record { // its start had passed
		return []agent.Record{{Re: c.ID, Error: "loadgen: the start is 188ms in the past", Busy: true}}
	}
	late := func(c agent.Command) []agent.Record {
		sample := new(results.Load)
		sample.Sent, sample.Late = 2000, 1000
		return []agent.Record{started, {Mono: 1.1e9, Load: sample}, loadDone(c, 10)}
	}
	for name, tc := range map[string]struct {
		parallel, lateLoads int
		loads               int // in all
		verdict             string
		by                  func(agent.Command) []agent.Record
		why                 string
	}{
		"disturbed":           {0, 1, 5, "mitigated", late, "the load generator"},
		"twice":               {0, 2, 5, "invalid", late, "the load generator"},
		"one after the other": {1, 1, 4, "invalid", late, ""}, // as asked for
		"never begun":         {0, 1, 5, "mitigated", never, "the machine was too busy for the load to begin"},
		"never begun, twice":  {0, 2, 5, "invalid", never, "the machine was too busy for the load to begin"},
	} {
		t.Run(name, func(t *testing.T) {
			var n atOnce
			loads, lateLoads := 0, 0
			d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
				if c.Load == nil {
					return nil
				}
				n.load(l, 50*time.Millisecond)
				n.mu.Lock()
				defer n.mu.Unlock()
				loads++
				if l.spec.Variant == "keepalive" && lateLoads < tc.lateLoads {
					lateLoads++
					return tc.by(c)
				}
				return nil
			}}
			o, said := fakeOptions(t, d, 4)
			o.Parallel = tc.parallel
			out, err := measure(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			v := out.Summary.Variants[1]
			if v.Name != "keepalive" || v.Verdict != tc.verdict || loads != tc.loads {
				t.Errorf("%s is %s after %d loads, want %s after %d: %s",
					v.Name, v.Verdict, loads, tc.verdict, tc.loads, v.Why)
			}
			for text, note := range map[string]string{
				said.text():                           "keepalive: invalid, so it will run again alone: " + tc.why,
				strings.Join(out.Summary.Notes, "\n"): "ran again alone, as the machine was too busy the first time: keepalive",
			} {
				if strings.Contains(text, note) != (tc.parallel == 0) {
					t.Errorf("%q is missing, or too much: %s", note, text)
				}
			}
			r, err := results.Open(out.Dir)
			if err != nil || len(r.Env.Variants) != 4 {
				t.Fatalf("the stored run: %v, %d variants", err, len(r.Env.Variants))
			}
			isLoad := func(s results.Sample) bool { return s.Load != nil }
			if tc.verdict != "invalid" && slices.ContainsFunc(r.Variants[1].Samples, isLoad) {
				t.Error("samples of the disturbed attempt are left")
			}
		})
	}
}

// TestErrorEndsTheRun: those under way come to their end, no other starts.
func TestErrorEndsTheRun(t *testing.T) {
	var n atOnce
	d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
		switch {
		case c.Ready != nil && l.spec.Variant == "keepalive":
			return []agent.Record{{Re: c.ID, Error: "not ready"}}
		case c.Load != nil:
			n.load(l, 400*time.Millisecond)
		}
		return nil
	}}
	o, _ := fakeOptions(t, d, 4)
	o.Parallel = 2
	out, err := measure(t.Context(), o)
	if !errors.As(err, new(*driver.UnfitError)) {
		t.Errorf("error %v", err)
	}
	if got := strings.Join(n.order, " "); got != "baseline" || len(out.Summary.Variants) != 1 || !out.Summary.Partial {
		t.Errorf("loads %q, %d rows", got, len(out.Summary.Variants))
	}
	for _, n := range d.downs() {
		if n != 1 {
			t.Errorf("a lab was taken down %d times", n)
		}
	}
}

// TestStoppedBeforeItsTurn: a lab that has a place and waits to come up stays down
// when the run is stopped.
func TestStoppedBeforeItsTurn(t *testing.T) {
	stop := make(chan struct{})
	d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
		if c.Ready != nil && l.spec.Variant == "baseline" {
			time.Sleep(50 * time.Millisecond) // the other has its place
			close(stop)
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	}}
	o, _ := fakeOptions(t, d, 2)
	o.Stop = stop
	out, err := measure(t.Context(), o)
	if err != nil || len(d.downs()) != 1 || !out.Summary.Partial {
		t.Errorf("%d labs came up; partial: %v; %v", len(d.downs()), out.Summary.Partial, err)
	}
}

// TestAllAtOnce: scenarios share the machine, the index keeps their order, and a
// scenario that cannot be run ends none of the others.
func TestAllAtOnce(t *testing.T) {
	var all []*scenarios.Resolved
	for _, name := range []string{"half-range-cliff", "port-exhaustion", "saw-tooth", "bystander"} {
		r := resolved(t, name, "quick")
		all = append(all, r)
	}
	var n atOnce
	d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
		switch {
		case c.Ready != nil && strings.Contains(l.spec.Run, "bystander"):
			return []agent.Record{{Re: c.ID, Error: "not ready"}}
		case c.Load != nil:
			n.load(l, 700*time.Millisecond)
		}
		return nil
	}}
	o, said := fakeOptions(t, d, 1)
	out, err := RunAll(t.Context(), o, all, func(error) int { return 3 })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range out.Catalogue.Scenarios {
		names = append(names, r.Name)
	}
	if got := strings.Join(names, " "); got != "half-range-cliff port-exhaustion saw-tooth bystander" ||
		out.Catalogue.Partial {
		t.Errorf("rows %s, partial: %v", got, out.Catalogue.Partial)
	}
	if r := out.Catalogue.Scenarios[3]; r.ExitCode != 3 || r.Error == "" {
		t.Errorf("%+v", r)
	}
	if n.top < 3 {
		t.Errorf("%d loads at once", n.top)
	}
	if got := strings.Join(n.order[len(n.order)-2:], " "); got != "default-range tw-reuse" {
		t.Errorf("what must be alone is not last: %q", n.order)
	}
	for _, want := range []string{"[1/4] saw-tooth: ", "[4/4] half-range-cliff: ", "about 1m34s in all"} {
		if !strings.Contains(said.text(), want) {
			t.Errorf("not said: %q\n%s", want, said.text())
		}
	}
}

// TestNothingIsLeftOfARunThatDidNotBegin: without images there is an error, and no
// directory that would be listed as a run.
func TestNothingIsLeftOfARunThatDidNotBegin(t *testing.T) {
	why := errors.New("no image")
	o, _ := fakeOptions(t, &fakeDriver{images: why}, 4)
	out, err := measure(t.Context(), o)
	if out != nil || !errors.Is(err, why) {
		t.Errorf("%+v, %v", out, err)
	}
	if left, err := os.ReadDir(o.Out); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
