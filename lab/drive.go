package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/results"
)

// drive observes both ends, drives the load, and lets both drain.
func (t *trial) drive(ctx context.Context) error {
	observers, err := t.observe()
	if err != nil {
		return err
	}
	t.phase("load")
	endBystander, err := t.bystander(ctx)
	if err != nil {
		return err
	}
	loader := t.lab.Agent(results.HostLoad)
	answer, err := loader.Start(agent.Command{Load: t.load()})
	if err != nil {
		return err
	}
	r, err := t.finishLoad(ctx, loader, answer)
	if berr := endBystander(); berr != nil && err == nil { // else the load has the better reason
		t.fault(berr.Error())
	}
	if err == nil {
		t.done = r.LoadDone
		t.m.Totals = &r.LoadDone.Totals
	} else if len(t.m.Faults) == 0 {
		return err
	}
	t.phase("drain")
	return t.collect(ctx, observers)
}

// finishLoad waits for the load's end, and brings it about when the user
// interrupts or a server dies.
func (t *trial) finishLoad(ctx context.Context, loader *agent.Client, answer <-chan agent.Record) (agent.Record, error) {
	type reply struct {
		rec agent.Record
		err error
	}
	got := make(chan reply, 1)
	wctx, cancel := context.WithTimeout(ctx, t.bound())
	defer cancel()
	go func() {
		rec, err := loader.Wait(wctx, answer)
		got <- reply{rec, err}
	}()
	started, stop, exited := t.rec.started, t.run.o.Stop, t.lab.Exited()
	var logged <-chan struct{}
	var enough <-chan time.Time
	if t.v.OwnConfig() && t.plan.StopAfterS != nil {
		logged = t.rec.logged
	}
	for {
		select {
		case r := <-got:
			return r.rec, r.err
		case <-started:
			started = nil
			if t.first {
				s := t.rec.wall(0).Sub(t.run.o.Entered).Seconds()
				t.timing.EnterToLoadS = &s
			}
			t.journal.note("load", results.HostLoad, fmt.Sprintf("%g requests per second for %g s", t.plan.RatePerS, t.plan.DurationS), nil)
		case <-logged:
			logged = nil
			enough = time.After(time.Duration(*t.plan.StopAfterS * float64(time.Second)))
		case <-enough:
			loader.Start(agent.Command{Stop: &agent.Stop{Because: "error 99 in nginx's log"}})
		case <-stop:
			stop = nil
			t.journal.note("interrupted", "", "the load ends now", nil)
			loader.Start(agent.Command{Stop: &agent.Stop{}})
		case dead := <-exited:
			exited = nil
			t.journal.note("died", dead.Host, dead.Output, nil)
			if dead.Agent {
				return agent.Record{}, dead
			}
			t.fault(dead.What())
			loader.Start(agent.Command{Stop: &agent.Stop{}})
		}
	}
}

// bound is how long a load may take at the most: its schedule and its drain,
// and something for a box that is busy.
func (t *trial) bound() time.Duration {
	return startIn + t.v.Duration + 2*t.v.Load.Timeout + 15*time.Second
}

// load is the order to the generator. Nothing in the replies of a
// configuration of the user's own tells a failed connect from any other 502:
// there nginx's log stops the load, in finishLoad.
func (t *trial) load() *agent.Load {
	target := "http://" + t.lab.Topology().Proxy.String()
	l := &agent.Load{
		URL:         target + t.v.Load.Path,
		Connections: t.plan.Connections, RatePerS: t.plan.RatePerS, Profile: t.plan.Profile, Method: t.plan.Method,
		DurationS: t.plan.DurationS, TimeoutS: t.plan.TimeoutS, StopAfterS: t.plan.StopAfterS,
		StartInMs: startIn.Milliseconds(), Classify: !t.v.OwnConfig(), UserAgent: t.run.o.Tool.UserAgent(),
	}
	if t.v.OwnConfig() {
		l.StopAfterS = nil
	} else {
		l.NeighbourURL, l.NeighbourMs = target+neighbourPath, sampleEvery.Milliseconds()
	}
	return l
}

// observe starts the two observers.
func (t *trial) observe() (map[string]<-chan agent.Record, error) {
	sockets := sampleEvery
	if t.v.Ports.N()*t.v.Backend.Destinations()*t.v.Proxy.Addresses > 20000 {
		sockets = 5 * sampleEvery // a dump of that many sockets takes some 10 ms of processor
	}
	answers := map[string]<-chan agent.Record{}
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		o := &agent.Observe{
			Destinations: t.lab.Topology().Backends, Side: host, Server: t.serverNames(host),
			IntervalMs: sampleEvery.Milliseconds(), SocketsMs: sockets.Milliseconds(),
		}
		if host == results.HostProxy {
			o.ErrorLog = errorLog
			o.Sysctls = slices.Sorted(maps.Keys(t.plan.Sysctls))
		}
		a, err := t.lab.Agent(host).Start(agent.Command{Observe: o})
		if err != nil {
			return nil, err
		}
		answers[host] = a
	}
	return answers, nil
}

// collect ends the observations and takes what they saw last.
func (t *trial) collect(ctx context.Context, answers map[string]<-chan agent.Record) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		a, answer := t.lab.Agent(host), answers[host]
		if _, err := a.Start(agent.Command{Stop: &agent.Stop{}}); err != nil {
			t.fault(err.Error())
			continue
		}
		r, err := a.Wait(ctx, answer)
		if err != nil {
			t.fault(err.Error())
			continue
		}
		if host == results.HostProxy {
			t.m.Proxy = &r.Observed.Net
			t.conf.excerpt, t.conf.byMessage = r.Observed.Excerpt, r.Observed.ByText
		}
		t.changed(host, r.Observed.Changes)
	}
	limits := []string{noWorkers, noDescriptors}
	if t.v.Backend.MaxWorkers > 0 {
		limits = limits[1:] // the scenario is about it
	}
	if line := reachedLimit(t.lab.Printed(results.HostBackend), limits...); line != "" {
		t.fault("Apache reached a limit of its own: " + line)
	}
	if text := t.rec.clocksDisagree(); text != "" {
		t.fault(text)
	}
	for _, host := range []string{results.HostLoad, results.HostProxy, results.HostBackend} {
		if err := t.lab.Agent(host).Fault(); err != nil {
			t.fault(err.Error())
		}
	}
	return nil
}

// fewChanges is how many of a host's changes a verdict names. The first is the
// cause more often than not; all of them are events.
const fewChanges = 3

// changed notes what did not stay as it was while it was observed.
func (t *trial) changed(host string, changes []agent.Change) {
	for i, c := range changes {
		if t.rec.since(time.Now()) == nil {
			t.fault(fmt.Sprintf("%s on the %s, before the load began", c.Text, host))
			continue
		}
		at := t.rec.at(c.Mono)
		t.journal.noteAt(at, "changed", host, c.Text)
		if i < fewChanges {
			t.fault(fmt.Sprintf("%s on the %s, %.2f s into the load", c.Text, host, at))
		}
	}
	if more := len(changes) - fewChanges; more > 0 {
		t.fault(fmt.Sprintf("and %d more changes on the %s", more, host))
	}
}

// Apache's words that every worker was busy, and that no descriptor was free.
// AH10159, that few workers were idle, is a matter of MinSpareThreads and limits
// nothing.
const (
	noWorkers     = "AH00484:"
	noDescriptors = "(24)"
)

// reachedLimit finds the first of some limits in what Apache has printed.
func reachedLimit(printed string, limits ...string) string {
	for line := range strings.Lines(printed) {
		for _, limit := range limits {
			if i := strings.Index(line, limit); i >= 0 {
				return strings.TrimSpace(line[i:])
			}
		}
	}
	return ""
}

func (t *trial) fault(text string) { t.m.Faults = append(t.m.Faults, text) }

func (t *trial) phase(name string) { t.run.o.Progress.Phase(name) }
