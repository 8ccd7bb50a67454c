package kubernetes

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// bears says whether the hosts can have as many addresses as they should.
func (d *Driver) bears(l driver.Layout) error {
	if d.o.Overlay || l.Sources <= 1 && (l.Addresses <= 1 || l.Shared) && l.Service == driver.NoService {
		return nil
	}
	return &driver.UnfitError{
		What: "a pod has one address",
		Err: &driver.LackingError{
			Why: "it needs several addresses of a host, or a Service, " +
				"and a pod has one address without the lab's own network (--overlay, which takes NET_ADMIN)"},
	}
}

// prepare has the first container of each pod make what the others find when they start:
// the lab's network, and files. It ends then, and they start.
func (l *lab) prepare(ctx context.Context, made servers) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at, firsts, err := l.meetAll(ctx)
	if err != nil {
		return err
	}
	networks, err := l.settle(at, made)
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	for host := range at {
		files := &agent.Files{Dir: filesDir, Data: map[string][]byte{networksFile: []byte(networks)}}
		for name, s := range made[host] {
			for i, f := range s.Files {
				files.Data[fileName(name, i)] = f.Data
			}
		}
		commands := []agent.Command{{Files: files}}
		if l.d.o.Overlay {
			commands = append(commands, agent.Command{Overlay: l.overlay(host, at)})
		}
		g.Go(func() error { return firsts[host].obey(gctx, commands) })
	}
	return g.Wait()
}

// addressOf is that of a pod which the others reach it by.
func (d *Driver) addressOf(p *corev1.Pod) (netip.Addr, error) {
	if d.o.Overlay {
		return netip.ParseAddr(p.Status.PodIP)
	}
	for _, ip := range p.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil && a.Is4() {
			return a, nil
		}
	}
	return netip.Addr{}, &driver.UnfitError{
		What: fmt.Sprintf("pod %s has no IPv4 address, and the lab speaks IPv4", p.Name),
		Hint: "The lab's own network has IPv4 addresses over any other: " +
			"leave --overlay=false out, where NET_ADMIN is allowed.",
	}
}

// settle tells the servers of the addresses that were not known before: a Service's, and
// without the lab's own network those of the pods. It says which networks are the lab's.
func (l *lab) settle(at map[string]netip.Addr, made servers) (networks string, err error) {
	topo := &l.b.topo
	switch {
	case !l.d.o.Overlay:
		var loads []netip.Addr
		for _, host := range driver.LoadHosts(l.b.spec.Layout.Loads) {
			loads = append(loads, at[host])
		}
		proxy, backend := []netip.Addr{at[results.HostProxy]}, []netip.Addr{at[results.HostBackend]}
		*topo = driver.ArrangeAt(loads, proxy, backend, l.b.spec.Layout)
		for _, a := range at {
			networks += netip.PrefixFrom(a, a.BitLen()).String() + " "
		}
	case topo.Behind != nil: // the node leads to the pod's own address
		for _, to := range topo.Backends {
			topo.Behind = append(topo.Behind, netip.AddrPortFrom(at[results.HostBackend], to.Port()))
		}
		networks = topo.Subnet.String()
	default:
		return topo.Subnet.String(), nil
	}
	settled, err := l.b.configure()
	if err != nil {
		return "", err
	}
	for host, all := range settled {
		for name, s := range all {
			if was := made[host][name]; !reflect.DeepEqual(withoutData(s), withoutData(was)) {
				return "", fmt.Errorf("%s is started as %v, and at the address of its pod it would be %v",
					s.Name, was.Command, s.Command)
			}
			made[host][name] = s
		}
	}
	return networks, nil
}

func withoutData(s driver.Server) driver.Server {
	s.Files = slices.Clone(s.Files)
	for i := range s.Files {
		s.Files[i].Data = nil
	}
	return s
}

// overlay joins a pod to the lab's network: it is told its own addresses there, and the
// pod addresses of the others.
func (l *lab) overlay(host string, at map[string]netip.Addr) *agent.Overlay {
	o := &agent.Overlay{Local: at[host]}
	for _, a := range l.addresses(host) {
		o.Prefixes = append(o.Prefixes, netip.PrefixFrom(a, l.b.topo.Subnet.Bits()))
	}
	for other, a := range at {
		if other != host {
			o.Peers = append(o.Peers, a)
		}
	}
	return o
}

// addresses are those of a pod in the lab's network.
func (l *lab) addresses(host string) []netip.Addr {
	if i := slices.Index(driver.LoadHosts(len(l.b.topo.Loads)), host); i >= 0 {
		return l.b.topo.Loads[i : i+1]
	}
	if host == results.HostProxy {
		return l.b.topo.Sources
	}
	var all []netip.Addr
	for _, b := range l.b.topo.Own() {
		if l.b.topo.Subnet.Contains(b.Addr()) && !slices.Contains(all, b.Addr()) {
			all = append(all, b.Addr())
		}
	}
	if hosts := l.b.backendHosts(); len(hosts) > 1 {
		i := slices.Index(hosts, host)
		return all[i : i+1]
	}
	return all
}

// first is the first container of a pod.
type first struct {
	host string
	*attached
	client *agent.Client
}

// meetAll connects to the first container of each pod as soon as it runs: it leaves when
// it hears nothing, and another pod may be long in coming.
func (l *lab) meetAll(ctx context.Context) (at map[string]netip.Addr, all map[string]*first, err error) {
	var mu sync.Mutex
	at, all = map[string]netip.Addr{}, map[string]*first{}
	g, gctx := errgroup.WithContext(ctx)
	for _, host := range l.podHosts() {
		g.Go(func() error {
			p, err := l.waitFor(gctx, host, func(p *corev1.Pod) bool {
				return p.Status.PodIP != "" && running(p.Status.InitContainerStatuses, firstName)
			})
			if err != nil {
				return err
			}
			a, err := l.d.addressOf(p)
			s := l.attach(ctx, p.Name, firstName)
			mu.Lock()
			defer mu.Unlock()
			at[host], all[host] = a, &first{host, s, s.client(ctx, "first of "+host, nil)}
			return err
		})
	}
	return at, all, g.Wait()
}

// obey has it do what it is told, and end.
func (f *first) obey(ctx context.Context, commands []agent.Command) error {
	for _, cmd := range commands {
		if _, err := f.client.Call(ctx, cmd); err != nil {
			return fmt.Errorf("prepare the pod of %s: %w", f.host, f.because(err))
		}
	}
	f.in.Close()
	select {
	case <-f.ended:
	case <-ctx.Done():
	}
	return nil
}
