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
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

const (
	readyTimeout  = 10 * time.Second
	downTimeout   = 20 * time.Second
	startIn       = 150 * time.Millisecond // from the order to t = 0: connections are opened meanwhile
	sampleEvery   = results.SampleEvery
	neighbourPath = "/lab99/ready"
)

// trial is one variant being run.
type trial struct {
	run           *run
	v             scenarios.Variant
	plan          results.VariantPlan
	baseline      *law.Prediction
	baselineFirst *float64
	first         bool // of the run
	cpus          int  // of the machine the hosts run on

	lab     driver.Lab
	rec     *recorder
	journal *journal
	conf    configs
	m       verdict.Measured
	done    *agent.LoadDone
	timing  results.Timing
	proxyNS string // name of its network namespace
}

// do runs the variant and judges it. The row is nil if the lab never came up.
// An error is about more than this variant: the run ends.
func (t *trial) do(ctx context.Context) (row *results.Variant, err error) {
	samples, err := t.run.store.AppendLines(path.Join(t.v.Name, results.SamplesFile))
	if err != nil {
		return nil, &StorageError{err}
	}
	events, err := t.run.store.AppendLines(path.Join(t.v.Name, results.EventsFile))
	if err != nil {
		return nil, errors.Join(&StorageError{err}, samples.Close())
	}
	t.rec = newRecorder(samples, t.run.o.Progress.Sample)
	t.journal = &journal{file: events, rec: t.rec}

	measured := t.measure(ctx)
	if t.lab == nil {
		return nil, errors.Join(measured, samples.Close(), events.Close())
	}
	if measured != nil && ctx.Err() == nil {
		t.m.Crash = measured.Error()
	}
	down := t.down(ctx)
	row = t.judge()
	saved := t.save(row, samples.Close(), events.Close())
	return row, errors.Join(down, saved)
}

// measure brings the lab up, drives and observes it. Its error means that the
// harness could not do its work; what is wrong with what was measured is
// collected in t.m.Faults.
func (t *trial) measure(ctx context.Context) error {
	t.m.Plan = t.plan
	if err := t.up(ctx); err != nil {
		return err
	}
	if err := t.readBack(ctx); err != nil {
		return err
	}
	if len(t.m.Faults) > 0 {
		return nil // nothing measured from here on would count
	}
	return t.drive(ctx)
}

func (t *trial) up(ctx context.Context) error {
	t.phase("up")
	began := time.Now()
	r := t.run
	lab, err := r.o.Driver.Up(ctx, driver.Spec{
		Run:       r.name,
		Variant:   t.v.Name,
		Layout:    Layout(t.v),
		Subnets:   r.o.Subnets,
		Configure: t.configure,
		OnRecord:  t.rec.take,
	})
	if err != nil {
		return t.notStarted(err)
	}
	t.lab = lab
	topo := lab.Topology()
	ready := &agent.Ready{Backends: fromOutside(topo), Proxy: topo.Proxy, Path: neighbourPath, TimeoutMs: readyTimeout.Milliseconds()}
	ready.Dial = t.v.Backend.Kind == scenarios.BackendAgent || t.v.Backend.Secure() // slow by design, or not plain HTTP
	if t.v.OwnConfig() {
		ready.Path = ""
	}
	if err := t.ready(ctx, ready); err != nil {
		return err
	}
	if t.v.Backend.Place == scenarios.PlaceUnix {
		_, err := t.call(ctx, results.HostProxy, agent.Command{Socket: &agent.Socket{
			Server: t.serverNames(results.HostProxy), Path: socket, DelayMs: t.v.Backend.Delay.Milliseconds(), KeepAlive: t.v.Backend.KeepAlive,
		}})
		if err != nil {
			return fmt.Errorf("serve the socket of %s: %w", t.v.Name, err)
		}
	}
	took := time.Since(began)
	s := took.Seconds()
	t.timing.UpS = &s
	t.journal.note("up", "", fmt.Sprintf("proxy %s, backend %v, network %s", topo.Proxy, topo.Backends, topo.Subnet), &took)
	return nil
}

// call has an agent do what takes it no time. One that hangs must not hang the
// run.
func (t *trial) call(ctx context.Context, host string, cmd agent.Command) (agent.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return t.lab.Agent(host).Call(ctx, cmd)
}

// agentBackend is the lab's own server behind nginx.
func (t *trial) agentBackend(f scenarios.Facts) driver.Server {
	b := t.v.Backend
	return driver.Server{Agent: true, Command: AgentBackend(b, f)}
}

// fromOutside is where the load host finds the backend.
func fromOutside(topo driver.Topology) []netip.AddrPort {
	var all []netip.AddrPort
	for _, b := range topo.Backends {
		if b.Addr().IsLoopback() {
			b = netip.AddrPortFrom(topo.Proxy.Addr(), b.Port())
		}
		all = append(all, b)
	}
	return all
}

// ready waits until the servers answer, or one of them has ended instead.
func (t *trial) ready(ctx context.Context, r *agent.Ready) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout+5*time.Second) // the agent has its own bound
	defer cancel()
	answered := make(chan error, 1)
	go func() {
		_, err := t.lab.Agent(results.HostLoad).Call(ctx, agent.Command{Ready: r})
		answered <- err
	}()
	var err error
	select {
	case err = <-answered:
	case dead := <-t.lab.Exited():
		err = dead
	}
	if err == nil {
		return nil
	}
	lab := t.lab
	t.lab = nil
	dctx, cancelDown := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancelDown()
	return errors.Join(t.notStarted(err), lab.Down(dctx))
}

// notStarted says which configuration a server refused.
func (t *trial) notStarted(err error) error {
	var dead *driver.ServerError
	if !errors.As(err, &dead) || dead.Agent {
		return fmt.Errorf("variant %s: %w", t.v.Name, err)
	}
	name, conf := "nginx.conf", t.conf.nginx
	if dead.Host == results.HostBackend && t.conf.httpd == nil {
		return fmt.Errorf("variant %s did not start: %w", t.v.Name, err)
	}
	if dead.Host == results.HostBackend {
		name, conf = "httpd.conf", t.conf.httpd
	}
	file := path.Join(t.v.Name, name)
	if werr := t.run.store.WriteFile(file, conf); werr != nil {
		return errors.Join(err, &StorageError{werr})
	}
	return fmt.Errorf("variant %s did not start: %w\n  The configuration it was given is %s.", t.v.Name, err, path.Join(t.run.store.Dir, file))
}

// down takes the lab away, on every path and even when ctx has ended.
func (t *trial) down(ctx context.Context) error {
	t.phase("down")
	began := time.Now()
	dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	err := t.lab.Down(dctx)
	took := time.Since(began)
	s := took.Seconds()
	t.timing.DownS = &s
	t.journal.note("down", "", "", &took)
	if err != nil {
		return fmt.Errorf("take the lab of %s down: %w", t.v.Name, err)
	}
	return nil
}

// runName names a run inside the engine. Two runs that begin in one second,
// with results in different places, must not take each other's containers.
func runName(dir string) string {
	return fmt.Sprintf("%s-%04x", filepath.Base(dir), rand.Uint32N(1<<16))
}
