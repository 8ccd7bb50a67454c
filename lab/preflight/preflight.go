// Package preflight says, before a run has spent a minute to find out, why
// error 99 will not come here, or not as predicted: a kernel, a proxy or a
// backend is set so that it cannot.
//
// Every reason is a pure function of facts and one sentence with its figure.
// What is not known is not judged.
//
// Neighbours: package lab gathers the facts, from the scenario for a plan and
// from inside the namespaces for a run; package lab/law has the figures.
package preflight

import "github.com/lab99/lab99/lab/law"

// Facts are what is known of a variant. The zero value of a field is unknown.
type Facts struct {
	Setup        law.Setup // Ports is P, the usable ones
	RangeWidth   int       // ports in ip_local_port_range, usable or not
	Connections  int       // of the load, at once
	NoFile       uint64    // descriptors each of them may open
	ConntrackMax int       // net.netfilter.nf_conntrack_max
	Kernel       string    // release, as uname -r says
	HostNetwork  bool      // the proxy has no network namespace of its own

	// OptionRemovesStep says whether a socket with IP_LOCAL_PORT_RANGE has no step at
	// half the range, as was tried on this kernel; nil: it was not tried.
	OptionRemovesStep *bool

	Proxy        string   // the proxy's kind, to word it by
	Release      string   // of the proxy, such as 1.30.1
	OfRelease    []string // what the proxy's kind says of its release, as sentences
	ClosesToo    string   // why the backend closes each connection as well as the proxy, as a sentence
	BackendName  string   // to word it by
	KeepAliveOff bool     // its KeepAlive is Off
}

// reason is one of them; it returns "" where it does not apply.
type reason func(f Facts) string

var (
	kernel  = []reason{usablePorts, stepWidth, loopbackReuse, timestampsOff, fewBuckets}
	servers = []reason{backendClosesFirst, hostNetwork, smallConntrack, fewDescriptors, localPortRange}
)

// Reasons are the sentences that apply, without a full stop.
func Reasons(f Facts) []string {
	var all []string
	ask := func(reasons []reason) {
		for _, r := range reasons {
			if s := r(f); s != "" {
				all = append(all, s)
			}
		}
	}
	ask(kernel)
	all = append(all, f.OfRelease...)
	ask(servers)
	return all
}
