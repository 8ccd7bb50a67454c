// Package preflight says why error 99 will not come here, or not as foretold,
// before a run has spent a minute to find out: a kernel, an nginx or a backend
// set so that it cannot.
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
	Workers      int       // of nginx; 0 means 1
	NoFile       uint64    // descriptors each of them may open
	ConntrackMax int       // net.netfilter.nf_conntrack_max
	Kernel       string    // release, as uname -r says
	HostNetwork  bool      // nginx has no network namespace of its own

	NginxVersion    string // such as 1.30.1
	DefaultPool     bool   // an upstream block leaves keepalive to the release's default
	DefaultProtocol bool   // proxy_http_version is left to it as well
	BackendName     string // to word it by; "" is Apache
	KeepAliveOff    bool   // its KeepAlive is Off
	ClosedAfter     bool   // nginx asks for the connection to be closed: HTTP/1.0, or Connection: close
}

// reason is one of them; it returns "" where it does not apply.
type reason func(f Facts) string

var reasons = []reason{
	usablePorts, loopbackReuse, timestampsOff, fewBuckets, poolByDefault, backendClosesFirst,
	hostNetwork, smallConntrack, fewDescriptors, localPortRange,
}

// Reasons are the sentences that apply, without a full stop.
func Reasons(f Facts) []string {
	var all []string
	for _, r := range reasons {
		if s := r(f); s != "" {
			all = append(all, s)
		}
	}
	return all
}
