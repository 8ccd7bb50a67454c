package kubernetes

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// backendHosts are the pods' hosts of a backend: one, or behind a Service one an address.
// Only the first is the lab's backend host; the others serve.
func (b *builder) backendHosts() []string {
	all := []string{results.HostBackend}
	if b.spec.Layout.Service != driver.NoService {
		for i := 2; i <= b.spec.Layout.Addresses; i++ {
			all = append(all, fmt.Sprintf("%s-%d", results.HostBackend, i))
		}
	}
	return all
}

// roleOf is the host of the lab that a pod's host serves as.
func roleOf(host string) string {
	role, _, _ := strings.Cut(host, "-")
	return role
}

// service makes the Service, and puts its address in the backend's place.
func (b *builder) service(ctx context.Context) error {
	made, release := driver.UntilMade(ctx)
	defer release()
	asked := b.clusterIP()
	asked.OwnerReferences = b.owner()
	s, err := b.d.api.createService(made, asked)
	if err != nil {
		return unfit(ctx, "make a Service", err)
	}
	addr, err := netip.ParseAddr(s.Spec.ClusterIP)
	if err != nil {
		return unfit(ctx, "give the Service an address", err)
	}
	for i, to := range b.topo.Backends {
		b.topo.Backends[i] = netip.AddrPortFrom(addr, to.Port())
	}
	return nil
}

func (b *builder) clusterIP() *corev1.Service {
	s := &corev1.Service{ObjectMeta: b.meta(results.HostBackend), Spec: corev1.ServiceSpec{
		Selector: map[string]string{labelLab: b.lab, labelRole: results.HostBackend},
	}}
	for _, to := range b.topo.Backends {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{
			Name:       fmt.Sprintf("port-%d", to.Port()),
			Port:       int32(to.Port()),
			TargetPort: intstr.FromInt32(int32(to.Port())),
		})
	}
	return s
}

const (
	wayTimeout = 15 * time.Second // the servers' start, and what kube-proxy takes to learn of them
	wayHold    = 500 * time.Millisecond
)

// findWay waits until the proxy's node leads to the backend's pods, and sees what is
// translated on the way: one connection, held against what its other end sees of it.
func (l *lab) findWay(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout+answerTimeout)
	defer cancel()
	to := l.b.topo.Backends[0]
	r, err := l.Agent(results.HostProxy).Call(ctx, agent.Command{Way: &agent.Way{
		To: to, TimeoutMs: wayTimeout.Milliseconds(), HoldMs: wayHold.Milliseconds(),
	}})
	if err != nil {
		select {
		case dead := <-l.exited: // a server that is not there is no question of the way
			return dead
		default:
		}
		return &driver.UnfitError{
			What: "the proxy's node does not lead to the pods behind the Service",
			Err:  err,
			Hint: "Does kube-proxy, or what stands in for it, run on every node? A NetworkPolicy may forbid it, too.",
		}
	}
	if r.There.Remote != to {
		return &driver.UnfitError{
			What: fmt.Sprintf("in this cluster a connection to the Service's address %v goes to %v "+
				"by the proxy's own kernel",
				to, r.There.Remote),
			Hint: "There a ClusterIP is as many destinations as it has pods, as the variant `headless` shows.",
		}
	}
	var seen []netip.AddrPort
	for host, a := range l.allAgents() {
		if roleOf(host) != results.HostBackend {
			continue
		}
		r, err := a.Call(ctx, agent.Command{Peers: &agent.Peers{Port: to.Port()}})
		if err != nil {
			return fmt.Errorf("ask %s for its connections: %w", host, err)
		}
		seen = append(seen, r.Peers...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nat = natOf(r.There.Local, seen)
	return nil
}

// natOf tells what was translated of a connection by who its other end says there is. That
// there is somebody is this connection: nobody else has been told of the lab yet.
func natOf(local netip.AddrPort, seen []netip.AddrPort) string {
	switch {
	case slices.Contains(seen, local):
		return results.DestinationNAT
	case len(seen) > 0:
		return results.BothNAT
	}
	return ""
}
