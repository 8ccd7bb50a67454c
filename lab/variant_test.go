package lab

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

var subnets = []netip.Prefix{netip.MustParsePrefix("198.18.99.0/24")}

// none is no answer, as from an agent that hangs.
var none = []agent.Record{}

// runFake runs the scenario's first variant. Every lab must have been taken down
// once.
func runFake(t *testing.T, ctx context.Context, d *fakeDriver, change func(*Options)) (*Outcome, error) {
	t.Helper()
	o, _ := fakeOptions(t, d, 1)
	if change != nil {
		change(&o)
	}
	out, err := measure(ctx, o)
	for _, n := range d.downs() {
		if n != 1 {
			t.Errorf("a lab was taken down %d times", n)
		}
	}
	return out, err
}

func TestPhasesOfAVariant(t *testing.T) {
	d := new(fakeDriver)
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := out.Summary.Variants[0]
	if v.OK == nil || *v.OK != 2000 || v.Ports.Usable == nil || *v.Ports.Usable != 500 ||
		v.Timing.UpS == nil || v.Timing.EnterToLoadS == nil {
		t.Errorf("row %+v", v)
	}
	if v.LatencyOK == nil || v.LatencyOK.P50 != 0.3 || v.LatencyFailed != nil {
		t.Errorf("latency of successes %v, of failures %v: none failed", v.LatencyOK, v.LatencyFailed)
	}
	var files []string
	entries, err := os.ReadDir(filepath.Join(out.Dir, v.Name))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files = append(files, e.Name())
	}
	const want = "events.jsonl httpd.conf latency-ok.hlog latency.hlog load.json nginx.conf samples.jsonl " +
		"service.hlog verdict.json"
	if got := strings.Join(files, " "); got != want {
		t.Errorf("files %s", got)
	}
}

// TestServerEndsAtOnce: a server that ends while it is being asked whether it
// is ready is named, with its configuration, whatever comes first.
func TestServerEndsAtOnce(t *testing.T) {
	for range 20 {
		d := &fakeDriver{dead: &driver.ServerError{
			Host:   results.HostProxy,
			Name:   "nginx",
			Output: "[emerg] no such directory",
		}}
		d.on = func(_ *fakeLab, _ string, c agent.Command) []agent.Record {
			if c.Ready != nil {
				return none
			}
			return nil
		}
		out, err := runFake(t, t.Context(), d, nil)
		var dead *driver.ServerError
		if !errors.As(err, &dead) || !strings.Contains(err.Error(), "nginx.conf") {
			t.Fatalf("error %v", err)
		}
		if _, err := os.Stat(filepath.Join(out.Dir, "baseline", "nginx.conf")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServerEndedBefore it was asked: that it is dead says more than that it
// does not answer.
func TestServerEndedBefore(t *testing.T) {
	d := &fakeDriver{on: func(l *fakeLab, _ string, c agent.Command) []agent.Record {
		if c.Ready == nil {
			return nil
		}
		l.exited <- &driver.ServerError{Host: results.HostBackend, Name: "the backend", Output: "no"}
		return []agent.Record{{Re: c.ID, Error: "the backend is not ready"}}
	}}
	if _, err := runFake(t, t.Context(), d, nil); !errors.As(err, new(*driver.ServerError)) {
		t.Errorf("error %v", err)
	}
}

// TestSlowServerIsUnfit: nothing is wrong with lab99 or the scenario.
func TestSlowServerIsUnfit(t *testing.T) {
	d := &fakeDriver{on: func(_ *fakeLab, _ string, c agent.Command) []agent.Record {
		if c.Ready == nil {
			return nil
		}
		return []agent.Record{{Re: c.ID, Error: "the backend at 198.18.99.20:8080 is not ready: connection refused"}}
	}}
	_, err := runFake(t, t.Context(), d, nil)
	if !errors.As(err, new(*driver.UnfitError)) || !strings.Contains(err.Error(), "198.18.99.20:8080 is not ready") {
		t.Errorf("error %v", err)
	}
}

func TestServerDiesDuringTheLoad(t *testing.T) {
	var load agent.Command
	d := &fakeDriver{on: func(l *fakeLab, host string, c agent.Command) []agent.Record {
		switch {
		case c.Load != nil:
			load = c
			l.exited <- &driver.ServerError{Host: results.HostBackend, Name: "the backend"}
			return []agent.Record{started}
		case c.Stop != nil && host == results.HostLoad:
			return []agent.Record{{Re: c.ID}, loadDone(load, 2)}
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := out.Summary.Variants[0]
	if v.Verdict != "invalid" || !strings.Contains(v.Why, "the backend ended by itself") || v.OK == nil {
		t.Errorf("%s: %s", v.Verdict, v.Why)
	}
}

func TestAgentGone(t *testing.T) {
	d := &fakeDriver{on: func(l *fakeLab, host string, c agent.Command) []agent.Record {
		if c.Load != nil {
			l.agents[host].leave()
			return none
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := out.Summary.Variants[0]
	if v.Verdict != "error" || !strings.Contains(v.Why, agent.ErrGone.Error()) || ExitCode(out.Summary) != 70 {
		t.Errorf("%s: %s", v.Verdict, v.Why)
	}
}

// TestServerEndsBeforeTheLoadHost: an engine that stops ends a server first. Without the load
// host nothing is left to be judged.
func TestServerEndsBeforeTheLoadHost(t *testing.T) {
	d := &fakeDriver{on: func(l *fakeLab, host string, c agent.Command) []agent.Record {
		if c.Load != nil {
			l.exited <- &driver.ServerError{Host: results.HostBackend, Name: "the backend"}
			time.AfterFunc(50*time.Millisecond, l.agents[host].leave)
			return none
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := out.Summary.Variants[0]
	for _, part := range []string{"the backend ended by itself", agent.ErrGone.Error()} {
		if v.Verdict != "error" || !strings.Contains(v.Why, part) || ExitCode(out.Summary) != 70 {
			t.Errorf("%s: %s", v.Verdict, v.Why)
		}
	}
}

// TestHostEndsAfterItsAgent: the end of an agent's stream is seen first, and that
// its host ended says more.
func TestHostEndsAfterItsAgent(t *testing.T) {
	d := &fakeDriver{on: func(l *fakeLab, host string, c agent.Command) []agent.Record {
		if c.Load != nil {
			l.agents[host].leave()
			time.AfterFunc(50*time.Millisecond, func() {
				l.exited <- &driver.ServerError{Host: results.HostLoad, Agent: true, Output: "killed"}
			})
			return none
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := out.Summary.Variants[0]; v.Verdict != "error" || !strings.Contains(v.Why, "ended by itself") {
		t.Errorf("%s: %s", v.Verdict, v.Why)
	}
}

// TestInterruptIsJudged: the load ends, and what there is becomes a row.
func TestInterruptIsJudged(t *testing.T) {
	stop := make(chan struct{})
	var load agent.Command
	d := &fakeDriver{on: func(_ *fakeLab, host string, c agent.Command) []agent.Record {
		switch {
		case c.Load != nil:
			load = c
			close(stop)
			return []agent.Record{started}
		case c.Stop != nil && host == results.HostLoad:
			return []agent.Record{{Re: c.ID}, loadDone(load, 2)}
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, func(o *Options) { o.Stop = stop })
	if err != nil || len(out.Summary.Variants) != 1 || out.Summary.Variants[0].OK == nil || !out.Summary.Partial {
		t.Errorf("%+v, %v", out.Summary, err)
	}
}

// TestInterruptTwiceInEveryPhase: the lab is taken down, and the cause is the
// error.
func TestInterruptTwiceInEveryPhase(t *testing.T) {
	why := errors.New("interrupted")
	for name, in := range map[string]func(c agent.Command) bool{
		"up":        func(c agent.Command) bool { return c.Ready != nil },
		"read back": func(c agent.Command) bool { return c.Inspect != nil },
		"load":      func(c agent.Command) bool { return c.Load != nil },
		"drain":     func(c agent.Command) bool { return c.Stop != nil },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			d := &fakeDriver{on: func(_ *fakeLab, _ string, c agent.Command) []agent.Record {
				if in(c) {
					cancel(why)
					return none
				}
				return nil
			}}
			if _, err := runFake(t, ctx, d, nil); !errors.Is(err, why) {
				t.Errorf("error %v, want %v", err, why)
			}
			if len(d.downs()) != 1 {
				t.Errorf("%d labs", len(d.downs()))
			}
		})
	}
}

// TestPanicKeepsTheFiles and takes the lab down; no further variant runs.
func TestPanicKeepsTheFiles(t *testing.T) {
	for _, phase := range []string{"up", "load"} {
		t.Run(phase, func(t *testing.T) {
			d := &fakeDriver{panics: phase}
			out, err := runFake(t, t.Context(), d, func(o *Options) {
				o.Scenario, o.Parallel = resolve(t, "quick"), 1
			})
			var p *crash.Error
			if !errors.As(err, &p) || len(d.downs()) != 1 {
				t.Fatalf("error %v after %d labs", err, len(d.downs()))
			}
			samples := filepath.Join("baseline", results.SamplesFile)
			for _, file := range []string{results.SummaryFile, samples} {
				if _, err := os.Stat(filepath.Join(out.Dir, file)); err != nil {
					t.Error(err)
				}
			}
			if !strings.HasPrefix(p.Where, "fake_test.go:") {
				t.Errorf("the panic was at %s", p.Where)
			}
		})
	}
}
