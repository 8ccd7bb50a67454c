package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
)

// startIn is the time from the order to t = 0. Connections are opened meanwhile.
const startIn = 150 * time.Millisecond

const sampleEvery = results.SampleEvery

// loaded is what came of a load.
type loaded struct {
	done         *agent.LoadDone // nil: it did not finish
	observed     *agent.Observed // on the proxy's host
	connect99    *int64          // connect() calls there that failed with error 99, by the kernel; nil: not counted
	faults       []string        // why nothing measured can be trusted
	busy         bool            // the machine was too busy to begin it
	enterToLoadS *float64        // of a run's first variant
}

func (l *loaded) fault(text string) { l.faults = append(l.faults, text) }

// drive observes both ends, drives the load, and lets both drain. begun is
// called when the load has begun.
func (x *variantRun) drive(
	ctx context.Context, h *hosts, under *conditions, w *watch, begun func(),
) (l loaded, err error) {
	observers, err := x.observe(h, under)
	if err != nil {
		return l, err
	}
	tried := func() *int64 { return nil }
	if under.setup.Conduct != nil {
		tried = x.countTries(under.netns)
		defer tried()
	}
	x.show.Phase("load")
	endBystander, err := x.bystander(ctx, h)
	if err != nil {
		return l, err
	}
	loading, err := x.start(h, w)
	if err != nil {
		return l, err
	}
	time.AfterFunc(startIn, begun)
	l, err = x.finishLoad(ctx, h, loading)
	x.rec.flush()
	if berr := endBystander(); berr != nil && err == nil { // else the load has the better reason
		l.fault(berr.Error())
	}
	switch {
	case err != nil && len(l.faults) == 0:
		return l, err
	case errors.Is(err, agent.ErrGone): // a server went first, and then the load host: an engine that stopped
		return l, fmt.Errorf("%s, and %w", strings.Join(l.faults, ", "), err)
	}
	x.show.Phase("drain")
	x.collect(ctx, h, observers, &l)
	l.connect99 = tried()
	return l, nil
}

// finishLoad waits for the load's end, and brings it about when the user
// interrupts or a server dies.
func (x *variantRun) finishLoad(ctx context.Context, h *hosts, loading *load) (l loaded, err error) {
	type reply struct {
		done *agent.LoadDone
		err  error
	}
	got := make(chan reply, 1)
	wctx, cancel := context.WithTimeout(ctx, x.bound())
	defer cancel()
	crash.Go(func() {
		done, err := loading.wait(wctx)
		got <- reply{done, err}
	})
	started, stop, exited := x.rec.started, x.o.Stop, h.Exited()
	var logged <-chan struct{}
	var enough <-chan time.Time
	if proxy.Silent(x.v) && x.plan.StopAfterS != nil {
		logged = x.rec.logged
	}
	for {
		select {
		case r := <-got:
			l.done = r.done
			if errors.Is(r.err, agent.ErrGone) && exited != nil {
				r.err = x.whyGone(exited, r.err)
			}
			if errors.As(r.err, new(*agent.BusyError)) {
				l.busy, r.err = true, nil
				l.fault("the machine was too busy for the load to begin when it was due")
			}
			return l, r.err
		case <-started:
			started = nil
			if !x.entered.IsZero() {
				l.enterToLoadS = new(x.rec.wall(0).Sub(x.entered).Seconds())
			}
			text := fmt.Sprintf("%g %s per second for %g s", x.plan.RatePerS, x.plan.Laws().Unit(), x.plan.DurationS)
			x.journal.note("load", results.HostLoad, text, nil)
		case <-logged:
			logged = nil
			enough = time.After(time.Duration(*x.plan.StopAfterS * float64(time.Second)))
		case <-enough:
			loading.stop("error 99 in the proxy's log")
		case <-stop:
			stop = nil
			x.journal.note("interrupted", "", "the load ends now", nil)
			loading.stop("")
		case dead := <-exited:
			exited = nil
			x.journal.note("died", dead.Host, dead.Output, nil)
			if dead.Agent {
				return l, dead
			}
			l.fault(dead.What())
			loading.stop("")
		}
	}
}

// whyGone is why an agent is gone. That its host ended is known a moment later
// than the end of its stream, and says more.
func (x *variantRun) whyGone(exited <-chan *driver.ServerError, gone error) error {
	select {
	case dead := <-exited:
		x.journal.note("died", dead.Host, dead.Output, nil)
		return dead
	case <-time.After(time.Second):
		return gone
	}
}

// bound is how long a load may take at the most: its schedule and its drain,
// and something for a box that is busy.
func (x *variantRun) bound() time.Duration {
	return startIn + x.v.Duration + 2*x.v.Load.Timeout + 15*time.Second
}

// load is the order to the generator. Nothing in the replies of a
// configuration of the user's own tells a failed connect from any other 502:
// there the proxy's log stops the load, in finishLoad.
func (x *variantRun) load(topo driver.Topology) *agent.Load {
	target := "http://" + topo.Proxy.String()
	l := &agent.Load{
		URL:         target + x.v.Load.Path,
		Held:        held(x.v),
		Host:        x.v.Load.Host,
		Connections: x.plan.Connections,
		RatePerS:    x.plan.RatePerS,
		Profile:     x.plan.Profile,
		Method:      x.plan.Method,
		DurationS:   x.plan.DurationS,
		TimeoutS:    x.plan.TimeoutS,
		StopAfterS:  x.plan.StopAfterS,
		CloseAfter:  x.v.Load.CloseAfter,
		StartInMs:   startIn.Milliseconds(),
		Kind:        x.v.Proxy.Kind,
		OwnConfig:   x.v.OwnConfig(),
		UserAgent:   x.o.Tool.UserAgent(),
	}
	if proxy.Silent(x.v) {
		l.StopAfterS = nil
	}
	if path := proxy.ReadyPath(x.v); path != "" {
		l.NeighbourURL, l.NeighbourMs = target+path, sampleEvery.Milliseconds()
	}
	return l
}

// observe starts the two observers.
func (x *variantRun) observe(h *hosts, under *conditions) (map[string]<-chan agent.Record, error) {
	sockets := sampleEvery
	if x.v.Ports.N()*x.v.Backend.Destinations()*x.v.Proxy.Addresses > 20000 {
		sockets = 5 * sampleEvery // a dump of that many sockets takes some 10 ms of processor
	}
	answers := map[string]<-chan agent.Record{}
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		destinations := h.Topology().Backends
		if host == results.HostBackend {
			destinations = h.Topology().Own()
		}
		o := &agent.Observe{
			Destinations: destinations, Side: host, Server: x.serverNames(host),
			IntervalMs: sampleEvery.Milliseconds(), SocketsMs: sockets.Milliseconds(),
		}
		if host == results.HostProxy {
			x.follow(o)
			o.Sysctls = slices.Sorted(maps.Keys(x.plan.Sysctls))
		}
		if f := foundOf(under.env.Hosts[host], x.o.found); f != nil && f.TimeWaitCountedAtCreation != nil {
			o.TimeWaitAtEnd = new(!*f.TimeWaitCountedAtCreation)
		}
		a, err := h.Agent(host).Start(agent.Command{Observe: o})
		if err != nil {
			return nil, err
		}
		answers[host] = a
	}
	return answers, nil
}

// follow has the proxy's error log read as it is written, where it is.
func (x *variantRun) follow(o *agent.Observe) {
	k := proxy.Of(x.v)
	_, logs := proxy.Log(k)
	_, later := k.(proxy.Recounting)
	switch {
	case proxy.Syslogs(k):
		o.Kind, o.Syslog = x.v.Proxy.Kind, syslog
	case logs && !later:
		o.Kind, o.ErrorLog = x.v.Proxy.Kind, errorLog
	}
}

// recount reads the log of a proxy that keeps it in memory, now that the load is over.
func (x *variantRun) recount(ctx context.Context, h *hosts, l *loaded) {
	k, ok := proxy.Of(x.v).(proxy.Recounting)
	if !ok || l.observed == nil {
		return
	}
	text, err := k.Recount(Site(x.v, h.Topology()), func(argv ...string) (string, error) {
		return h.Exec(ctx, results.HostProxy, argv...)
	})
	if err != nil {
		l.fault(fmt.Sprintf("the log of %s could not be read: %v", x.v.Proxy.Kind, err))
		return
	}
	lines := probe.NewLines(k.ErrorLog(), agent.ExcerptLines)
	for line := range bytes.Lines(text) {
		lines.Add(bytes.TrimRight(line, "\n"))
	}
	l.observed.Net.Log, l.observed.ByText, l.observed.Excerpt = new(lines.Totals()), lines.ByMessage(), lines.Excerpt()
	if limit := lines.First(probe.ClassOwnLimit); limit != "" {
		l.fault(proxy.Title(proxy.Of(x.v)) + " reached a limit of its own, " + limit)
	}
}

// collect ends the observations and takes what they saw last.
func (x *variantRun) collect(ctx context.Context, h *hosts, answers map[string]<-chan agent.Record, l *loaded) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		a, answer := h.Agent(host), answers[host]
		if _, err := a.Start(agent.Command{Stop: &agent.Stop{}}); err != nil {
			l.fault(err.Error())
			continue
		}
		r, err := a.Wait(ctx, answer)
		if err != nil {
			l.fault(err.Error())
			continue
		}
		if host == results.HostProxy {
			l.observed = r.Observed
			x.recount(ctx, h, l)
		}
		x.changed(host, r.Observed.Changes, l)
	}
	reached := func(k proxy.Kind, host string) {
		if line := proxy.ReachedLimit(k, x.v, h.Printed(host)); line != "" {
			l.fault(proxy.Title(k) + " reached a limit of its own: " + line)
		}
	}
	reached(proxy.Of(x.v), results.HostProxy)
	if k := proxy.BackendOf(x.v); k != nil {
		reached(k, results.HostBackend)
	}
	if text := x.rec.clocksDisagree(); text != "" && !x.o.Driver.Machine().Clocks { // else they are watched
		l.fault(text)
	}
	for _, host := range append(driver.LoadHosts(x.v.Load.Pods), results.HostProxy, results.HostBackend) {
		if err := h.Agent(host).Fault(); err != nil {
			l.fault(err.Error())
		}
	}
}

// fewChanges is how many of a host's changes a verdict names. The first is the
// cause more often than not; all of them are events.
const fewChanges = 3

// changed notes what did not stay as it was while it was observed. A server that forks
// a further process before t = 0 is still getting ready, and that is no fault.
func (x *variantRun) changed(host string, changes []agent.Change, l *loaded) {
	begun, faults := x.rec.since(time.Now()) != nil, 0
	for _, c := range changes {
		at := x.rec.at(c.Mono)
		when := fmt.Sprintf("%.2f s into the load", at)
		if begun {
			x.journal.noteAt(at, "changed", host, c.Text)
		} else {
			when = "before the load began"
		}
		if c.Further && (!begun || at < 0) {
			continue
		}
		if faults++; faults <= fewChanges {
			l.fault(fmt.Sprintf("%s on the %s, %s", c.Text, host, when))
		}
	}
	if more := faults - fewChanges; more > 0 {
		l.fault(fmt.Sprintf("and %d more changes on the %s", more, host))
	}
}
