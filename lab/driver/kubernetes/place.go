package kubernetes

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

var _ driver.Placed = (*lab)(nil)

// Place asks a host's agent what is around it, and adds what the API told.
func (l *lab) Place(ctx context.Context, host string) (*results.Place, error) {
	r, err := l.Agent(host).Call(ctx, agent.Command{Around: new(agent.Around)})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	if p := l.pods[l.in[host].pod]; p != nil {
		r.Place.Node = p.Spec.NodeName
	}
	nat := l.nat
	l.mu.Unlock()
	if cni := l.d.cni[r.Place.Node]; cni != "" {
		r.Place.Network = cni + ": " + r.Place.Network
	}
	if host == results.HostProxy {
		r.Place.NAT = nat
	}
	if roleOf(host) != results.HostLoad {
		r.Place.Abilities = l.d.abilitiesOf(ctx, r.Place.Node, r.Place.Kernel)
	}
	return r.Place, nil
}

// cnis are the prefixes of the annotations that CNIs make on nodes.
var cnis = map[string]string{
	"flannel.alpha.coreos.com/": "flannel", "projectcalico.org/": "calico", "network.cilium.io/": "cilium",
	"k8s.ovn.org/": "ovn-kubernetes", "node.antrea.io/": "antrea", "kube-router.io/": "kube-router",
}

// cniOf is the CNI of a node by its annotations, "" where they name none.
func cniOf(n corev1.Node) string {
	for key := range n.Annotations {
		for prefix, name := range cnis {
			if strings.HasPrefix(key, prefix) {
				return name
			}
		}
	}
	return ""
}
