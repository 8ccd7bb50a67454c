package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
)

// ExcerptLines is how many lines of each kind the error log's excerpt keeps.
const ExcerptLines = 3

func (a *Addr) add() error {
	var errs []error
	for _, p := range a.Prefixes {
		errs = append(errs, probe.AddAddr("", p))
	}
	return errors.Join(errs...)
}

// read reads the host back from inside its namespaces.
func (i *Inspect) read() (*results.HostEnv, error) {
	ports, err := probe.UsablePorts()
	if err != nil {
		return nil, err
	}
	env := &results.HostEnv{Sysctls: probe.Sysctls(i.Sysctls...), UsablePorts: ports.Usable}
	if len(i.Server) > 0 {
		server, err := probe.NewProcesses(i.Server...)
		if err != nil {
			return nil, err
		}
		if _, err := server.Poll(); err != nil {
			return nil, err
		}
		if env.NoFile, err = server.NoFile(); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// run samples until ctx ends, and then once more: the last sample has the totals
// of the whole observation.
func (o *Observe) run(ctx context.Context, sample func(Record)) (*Observed, error) {
	w, err := o.watch()
	if err != nil {
		return nil, err
	}
	defer w.close()
	every := time.NewTicker(time.Duration(o.IntervalMs) * time.Millisecond)
	defer every.Stop()
	ratio := max(1, int(o.SocketsMs/o.IntervalMs))
	done := new(Observed)
	for n := 0; ; n++ {
		rec, err := w.sample(n%ratio == 0)
		if err != nil {
			return nil, err
		}
		sample(rec)
		if err := w.guard(done, n%guardEvery == 0); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return done, w.finish(done)
		case <-every.C:
		}
	}
}

// guardEvery is after how many samples the settings around the server are read
// again: some 20 files.
const guardEvery = 10

// maxChanges bounds how many changes of a host are reported: one cause may have
// many effects.
const maxChanges = 20

// maxFurther bounds how many further processes of a server are told apart from changes
// that no server should show: more than Apache's prefork has by default (256).
const maxFurther = 300

// watcher is one host under observation.
type watcher struct {
	kind    string // of the proxy
	sockets *probe.Sockets
	server  *probe.Processes
	around  *probe.Invariants
	log     errorLog // nil: this host writes none
	base    probe.Counters
	waits   *probe.TimeWaits
	cpu     float64 // at the beginning
	wait    float64
	steal   float64
	alive   bool
	limited bool // the proxy was seen to have reached a limit of its own
	quoted  bool // its first line of error 99 was

	looked, lookedBefore int64 // when the processes were last listed, and the time before
	further              int   // changes that were told as Further
}

func (o *Observe) watch() (*watcher, error) {
	side := probe.Remote
	if o.Side == results.HostBackend {
		side = probe.Local
	}
	w := &watcher{kind: o.Kind}
	var err error
	if w.server, err = probe.NewProcesses(o.Server...); err != nil {
		return nil, err
	}
	usage, err := w.server.Poll()
	if err != nil {
		return nil, err
	}
	w.cpu, w.wait = usage.CPUSeconds, usage.WaitSeconds
	if w.steal, err = probe.ReadSteal(); err != nil {
		return nil, err
	}
	if w.base, err = probe.ReadCounters(); err != nil {
		return nil, err
	}
	held, err := probe.ReadTimeWait() // after the counters: see probe.TimeWaits
	if err != nil {
		return nil, err
	}
	w.waits = probe.NewTimeWaits(held, o.TimeWaitAtEnd)
	path := ""
	if o.Kind != "" {
		if w.log, path, err = o.log(w.server); err != nil {
			return nil, err
		}
	}
	if w.around, err = probe.NewInvariants(o.Sysctls, path); err != nil {
		return nil, err
	}
	if w.sockets, err = probe.NewSockets(o.Destinations, side); err != nil {
		return nil, err
	}
	return w, nil
}

// errorLog is the proxy's.
type errorLog interface {
	Poll() error
	Drain(context.Context) error
	Totals() results.Errors
	Count(probe.Class) int64
	First(probe.Class) string
	FirstLine(probe.Class) string
	ByMessage() map[string]int64
	Excerpt() []string
	Close() error
}

// log opens it; path is that of a file.
func (o *Observe) log(server *probe.Processes) (l errorLog, path string, err error) {
	reader, ok := proxy.Log(proxy.Named(o.Kind))
	if !ok {
		return nil, "", fmt.Errorf("%s writes no error log that could be read", o.Kind)
	}
	if o.Syslog.IsValid() {
		l, err = probe.NewSyslog(o.Syslog, reader, ExcerptLines)
		return l, "", err
	}
	if path, err = server.Path(o.ErrorLog); err != nil {
		return nil, "", fmt.Errorf("find the server's error log %s: %w", o.ErrorLog, err)
	}
	return probe.NewTail(path, reader, ExcerptLines), path, nil
}

// guard notes what did not stay as it was. Processes are compared at every
// sample; all is also to read the settings again.
func (w *watcher) guard(done *Observed, all bool) error {
	now := clock.Mono()
	for _, c := range w.server.Changes() {
		change := Change{Mono: now, Text: c.Text, Further: c.Further && w.further < maxFurther}
		if c.StartedBy > w.lookedBefore && c.StartedBy < now { // else its clock is not this one
			change.Mono = c.StartedBy
		}
		done.note(change)
		if change.Further {
			w.further++
		}
	}
	if w.log != nil && !w.limited && w.log.Count(probe.ClassOwnLimit) > 0 {
		w.limited = true
		name := proxy.Title(proxy.Named(w.kind))
		done.note(Change{Mono: now, Text: name + " reached a limit of its own, " + w.log.First(probe.ClassOwnLimit)})
	}
	if all {
		around, err := w.around.Changes()
		if err != nil {
			return err
		}
		for _, text := range around {
			done.note(Change{Mono: now, Text: text})
		}
	}
	return nil
}

// note adds a change while there is room for one of its kind, so that processes that a
// server forks before the load leave room for what goes wrong under it.
func (o *Observed) note(c Change) {
	n := 0
	for _, other := range o.Changes {
		if !other.Further {
			n++
		}
	}
	if c.Further || n < maxChanges {
		o.Changes = append(o.Changes, c)
	}
}

// sample takes one. The clock is read before the rest, so that a sample is never
// older than its time says.
func (w *watcher) sample(sockets bool) (Record, error) {
	rec := Record{Mono: clock.Mono(), Net: new(results.Net)}
	w.looked, w.lookedBefore = rec.Mono, w.looked
	if sockets {
		counts, err := w.sockets.Count()
		if err != nil {
			return rec, err
		}
		if counts == nil {
			counts = []results.Sockets{} // none, as against not looked
		}
		rec.Net.Sockets = counts
	}
	var err error
	if rec.Net.TimeWait, err = probe.ReadTimeWait(); err != nil {
		return rec, err
	}
	now, err := probe.ReadCounters()
	if err != nil {
		return rec, err
	}
	since := now.Since(w.base)
	w.waits.Convert(rec.Net.TimeWait, since)
	rec.Net.Counters = since
	maps.DeleteFunc(rec.Net.Counters, func(_ string, n int64) bool { return n == 0 })
	usage, err := w.server.Poll()
	if err != nil {
		return rec, err
	}
	w.alive = usage.Alive
	rec.Net.CPUSeconds = usage.CPUSeconds - w.cpu
	rec.Net.WaitS = usage.WaitSeconds - w.wait
	steal, err := probe.ReadSteal()
	if err != nil {
		return rec, err
	}
	rec.Net.StealS = steal - w.steal
	if w.log != nil {
		if err := w.log.Poll(); err != nil {
			return rec, err
		}
		e := w.log.Totals()
		rec.Net.Log = &e
		if e.Error99 > 0 && !w.quoted {
			w.quoted, rec.Net.Error99Line = true, w.log.FirstLine(probe.ClassError99)
		}
	}
	return rec, nil
}

// finish reads the rest of the server's log and takes the last sample.
func (w *watcher) finish(done *Observed) error {
	if w.log != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// The file system of a dead server is gone. What was read before counts.
		if err := w.log.Drain(ctx); err != nil && w.alive {
			return err
		}
		done.ByText, done.Excerpt = w.log.ByMessage(), w.log.Excerpt()
	}
	rec, err := w.sample(true)
	if err != nil {
		return err
	}
	done.Net, done.TimeWaitAtEnd = *rec.Net, w.waits.AtEnd()
	return w.guard(done, true)
}

func (w *watcher) close() {
	w.sockets.Close()
	if w.log != nil {
		w.log.Close()
	}
}
