package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// upTimeout bounds what takes some seconds on a cluster that has the images.
const upTimeout = 2 * time.Minute

var errSlow = &driver.UnfitError{What: fmt.Sprintf("the cluster did not bring the lab up in %v", upTimeout),
	Hint: "`kubectl get pods -l app.kubernetes.io/name=lab99` and `kubectl describe pod` say what they wait for."}

// downTimeout bounds the clean-up after a failed Up.
const downTimeout = 20 * time.Second

// builder makes the objects of one lab.
type builder struct {
	d          *Driver
	spec       driver.Spec
	lab        string // its name
	topo       driver.Topology
	agentImage string
	force      bool         // sysctls that the kubelet does not set are set by a privileged container
	job        *batchv1.Job // once it is made
}

// Up brings a lab up. Where a kubelet forbids one of its sysctls, it comes up again with a
// privileged init container that sets them, if the cluster admits one: the refusal that
// names the kubelet's flag stands otherwise. Who asked for no capability gets none.
func (d *Driver) Up(ctx context.Context, spec driver.Spec) (driver.Lab, error) {
	l, err := d.up(ctx, spec, d.force.Load())
	if !d.o.Overlay || d.force.Load() || !errors.Is(err, errSysctlForbidden) {
		return l, err
	}
	l, ferr := d.up(ctx, spec, true)
	if errors.As(ferr, new(*apierrors.StatusError)) {
		return nil, err
	}
	d.force.Store(ferr == nil) // the next need not ask
	return l, ferr
}

// up brings a lab up: the Job, then the pods of proxy and backend, then the network
// between the three and what they read, then the servers.
func (d *Driver) up(ctx context.Context, spec driver.Spec, force bool) (_ driver.Lab, err error) {
	b := &builder{d: d, spec: spec, lab: labOf(spec), force: force}
	if b.agentImage, err = d.agentImage(ctx); err != nil {
		return nil, err
	}
	if err := d.bears(spec.Layout); err != nil {
		return nil, err
	}
	subnets := spec.Subnets
	if len(subnets) == 0 {
		subnets = driver.Subnets()
	}
	b.topo = driver.Arrange(subnets[0], spec.Layout) // it is seen in the lab's pods only
	servers, err := b.configure()
	if err != nil {
		return nil, err
	}
	l := newLab(d, b)
	defer func() {
		if err != nil {
			dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
			defer cancel()
			err = errors.Join(err, l.Down(dctx))
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, upTimeout, errSlow)
	defer cancel()
	if err := l.watch(ctx); err != nil {
		return nil, unfit(ctx, "watch the lab's pods", err)
	}
	if err := b.create(ctx, l, servers); err != nil {
		return nil, err
	}
	if err := l.prepare(ctx, servers); err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, host := range l.hosts() {
		g.Go(func() error { return l.join(gctx, host) })
	}
	if err := g.Wait(); err != nil {
		// A server that refused its configuration explains itself better than what
		// waited for it.
		select {
		case dead := <-l.exited:
			return nil, dead
		case <-time.After(100 * time.Millisecond):
			return nil, err
		}
	}
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	if spec.Layout.Service == driver.ClusterIP {
		if err := l.findWay(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// reachWithin is how long the first packet between two pods may take.
const reachWithin = 2 * time.Second

// reach makes sure that packets get from the load host to the others and back.
func (l *lab) reach(ctx context.Context) error {
	r := &agent.Reach{Hosts: l.b.topo.Contacts(l.b.spec.Layout), TimeoutMs: reachWithin.Milliseconds()}
	if _, err := l.Agent(results.HostLoad).Call(ctx, agent.Command{Reach: r}); err != nil {
		between := "TCP"
		if l.d.o.Overlay {
			between = "VXLAN, UDP port 4790,"
		}
		return &driver.UnfitError{What: "packets between the pods get lost", Err: err,
			Hint: "A NetworkPolicy, or a firewall between nodes, may drop them. " +
				"Ask the cluster's owner to let " + between +
				" through between pods with the label " + labelName + "=" + appName + "."}
	}
	return nil
}

// servers are those of a lab, by the host that their pod is named after, and their own.
type servers map[string]map[string]driver.Server

// configure has the servers described. What shares the proxy's network is in its pod.
func (b *builder) configure() (servers, error) {
	proxy, backend, err := b.spec.Configure(b.topo)
	all := servers{results.HostProxy: {results.HostProxy: proxy}}
	for _, host := range b.backendHosts() {
		if b.spec.Layout.Shared {
			all[results.HostProxy][host] = backend
			continue
		}
		all[host] = map[string]driver.Server{host: backend}
	}
	return all, err
}

// create makes the lab's objects.
func (b *builder) create(ctx context.Context, l *lab, servers servers) (err error) {
	job := b.loadJob()
	l.has(results.HostLoad, results.HostLoad, "")
	pods := []*corev1.Pod{b.podOf(job)}
	for host, all := range servers {
		for name, s := range all {
			l.has(name, host, s.Name)
		}
		pods = append(pods, b.pod(host, all))
	}
	for _, host := range driver.LoadHosts(b.spec.Layout.Loads)[1:] {
		l.has(host, host, "")
		pods = append(pods, b.morePod(host))
	}
	if err := b.d.admit(ctx, pods...); err != nil {
		return err
	}
	made, release := driver.UntilMade(ctx)
	defer release()
	if b.job, err = b.d.api.createJob(made, job); err != nil {
		b.job = nil
		return unfit(ctx, "make the Job of the load host", err)
	}
	l.madeJob(b.job.Name)
	l.explainMissing(ctx, results.HostLoad, pods[0])
	if b.spec.Layout.Service == driver.ClusterIP {
		if err := b.service(ctx); err != nil {
			return err
		}
	}
	g, gctx := errgroup.WithContext(made)
	for _, p := range pods[1:] {
		p.OwnerReferences = b.owner()
		g.Go(func() error { return b.d.api.createPod(gctx, p) })
	}
	if err := g.Wait(); err != nil {
		return unfit(ctx, "make the lab's pods", err)
	}
	return nil
}
