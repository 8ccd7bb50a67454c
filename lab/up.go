package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path"
	"path/filepath"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

const (
	readyTimeout = 10 * time.Second
	downTimeout  = 20 * time.Second
)

// hosts are a lab that is up and answers.
type hosts struct {
	driver.Lab
	conf configs // that its servers were given
	upS  float64 // how long it took
}

// call has an agent do what takes it no time. One that hangs must not hang the
// run.
func (h *hosts) call(ctx context.Context, host string, cmd agent.Command) (agent.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return h.Agent(host).Call(ctx, cmd)
}

// up brings the lab up and waits until its servers answer. When it fails, the
// lab is gone again.
func (x *variantRun) up(ctx context.Context) (h *hosts, err error) {
	x.show.Phase("up")
	began := time.Now()
	var conf configs
	lab, err := x.o.Driver.Up(ctx, driver.Spec{
		Run:     x.run,
		Variant: x.v.Name,
		Layout:  Layout(x.v),
		Subnets: x.o.Subnets,
		Configure: func(topo driver.Topology) (proxy, backend driver.Server, err error) {
			conf, proxy, backend, err = x.configure(topo)
			return proxy, backend, err
		},
		OnRecord: x.rec.take,
	})
	if err != nil {
		return nil, x.notStarted(err, conf)
	}
	defer func() {
		if h != nil {
			return
		}
		dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		err = errors.Join(err, lab.Down(dctx))
	}()
	if err := x.ready(ctx, lab); err != nil {
		return nil, x.notStarted(err, conf)
	}
	took := time.Since(began)
	topo := lab.Topology()
	where := fmt.Sprintf("proxy %s, backend %v", topo.Proxy, topo.Backends)
	if topo.Subnet.IsValid() {
		where += fmt.Sprintf(", network %s", topo.Subnet)
	}
	x.journal.note("up", "", where, &took)
	return &hosts{Lab: lab, conf: conf, upS: took.Seconds()}, nil
}

// ready waits until the servers answer, or one of them has ended instead.
func (x *variantRun) ready(ctx context.Context, lab driver.Lab) error {
	topo := lab.Topology()
	r := &agent.Ready{
		Backends: fromOutside(topo), Proxy: topo.Proxy, Path: proxy.ReadyPath(x.v),
		TimeoutMs: readyTimeout.Milliseconds(),
		// Slow by design, or not plain HTTP.
		Dial: x.v.Backend.Kind == scenarios.BackendAgent || x.v.Backend.Secure() || proxy.ProxyProtocol(x.v),
	}
	if p, ok := upstream.Of(x.v); ok {
		r.Dial, r.Say, r.Hear = true, p.Seed, p.SeedReply
	}
	if proxy.Wakes(proxy.Of(x.v)) {
		r.Path = "/"
	}
	bounded, cancel := context.WithTimeout(ctx, readyTimeout+5*time.Second) // the agent has its own bound
	defer cancel()
	answered := make(chan error, 1)
	asked, listening := lab.Agent(results.HostLoad), (*agent.Ready)(nil)
	if Layout(x.v).Passes {
		listening = &agent.Ready{Listening: r.Proxy, TimeoutMs: r.TimeoutMs}
		r.Proxy = netip.AddrPort{}
	}
	crash.Go(func() {
		_, err := asked.Call(bounded, agent.Command{Ready: r})
		if err == nil && listening != nil {
			_, err = lab.Agent(results.HostProxy).Call(bounded, agent.Command{Ready: listening})
		}
		answered <- err
	})
	var err error
	select {
	case err = <-answered:
	case dead := <-lab.Exited():
		return dead
	}
	switch {
	case err == nil:
		return x.serveSocket(ctx, lab)
	case ctx.Err() != nil, errors.Is(err, agent.ErrGone):
		return err
	}
	select {
	case dead := <-lab.Exited(): // has the better reason
		return dead
	default:
	}
	return &driver.UnfitError{
		What: "a server was started and did not answer in time", Err: err,
		Hint: "They answer within a second on a machine that is not busy with something else.",
	}
}

// serveSocket starts the backend of a Unix-domain socket, which is in the
// proxy's root.
func (x *variantRun) serveSocket(ctx context.Context, lab driver.Lab) error {
	b := x.v.Backend
	if b.Place != scenarios.PlaceUnix {
		return nil
	}
	h := hosts{Lab: lab}
	_, err := h.call(ctx, results.HostProxy, agent.Command{Socket: &agent.Socket{
		Server: x.serverNames(results.HostProxy), Path: socket, DelayMs: b.Delay.Milliseconds(), KeepAlive: b.KeepAlive,
	}})
	if err != nil {
		return fmt.Errorf("serve the socket: %w", err)
	}
	return nil
}

// fromOutside is where the load host finds the backend, in the lab's network.
func fromOutside(topo driver.Topology) []netip.AddrPort {
	var all []netip.AddrPort
	for _, b := range topo.Own() {
		if b.Addr().IsLoopback() {
			b = netip.AddrPortFrom(topo.Proxy.Addr(), b.Port())
		}
		if topo.Subnet.Contains(b.Addr()) {
			all = append(all, b)
		}
	}
	return all
}

// notStarted says which configuration a server refused.
func (x *variantRun) notStarted(err error, conf configs) error {
	var dead *driver.ServerError
	if !errors.As(err, &dead) || dead.Agent {
		return fmt.Errorf("variant %s: %w", x.v.Name, err)
	}
	if why := proxy.Lacks(proxy.Of(x.v), dead.Output); why != "" && dead.Host == results.HostProxy {
		return &driver.UnfitError{
			What: fmt.Sprintf("variant %s cannot run here", x.v.Name), Err: &driver.LackingError{Why: why},
			Hint: "Install it, or let the lab make an image of the distribution's packages (--images auto).",
		}
	}
	c, kind := conf.proxy, proxy.Of(x.v)
	if dead.Host == results.HostBackend {
		c, kind = conf.backend, proxy.BackendOf(x.v)
	}
	if advice := proxy.Advice(kind, dead.Output); advice != "" {
		err = fmt.Errorf("%w\n  %s", err, advice)
	}
	if c.Text == nil {
		return fmt.Errorf("variant %s did not start: %w", x.v.Name, err)
	}
	file := path.Join(x.v.Name, c.File)
	if werr := x.store.WriteFile(file, c.Text); werr != nil {
		return errors.Join(err, &StorageError{werr})
	}
	return fmt.Errorf("variant %s did not start: %w\n  The configuration it was given is %s.",
		x.v.Name, err, path.Join(x.store.Dir, file))
}

// runName names a run inside the engine. Two runs that begin in one second,
// with results in different places, must not take each other's containers.
func runName(dir string) string {
	return fmt.Sprintf("%s-%04x", filepath.Base(dir), rand.Uint32N(1<<16))
}
