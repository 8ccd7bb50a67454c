package results

import (
	"strconv"

	"github.com/lab99/lab99/lab/ability"
)

// Env is where a run happened. Everything about a namespace was read from
// inside it, never assumed from what was asked.
type Env struct {
	Tool       string `json:"tool"`     // version of lab99
	Revision   string `json:"revision"` // VCS revision it was built from
	StartedUTC string `json:"started_utc"`
	Driver     string `json:"driver"`
	DriverWhy  string `json:"driver_why,omitempty"`
	Engine     string `json:"engine,omitempty"` // name and version of the container engine
	Kernel     string `json:"kernel"`
	Arch       string `json:"arch"`
	CPUs       int    `json:"cpus"`
	MemoryMiB  int    `json:"memory_mib,omitempty"`
	// Abilities are what the kernel can do, found by trying; nil in runs of an
	// older lab99.
	Abilities *ability.Found `json:"abilities,omitempty"`
	Images    []Image        `json:"images"`
	Variants  []VariantEnv   `json:"variants"`
}

// Image is a server image as asked and as used.
type Image struct {
	Role      string `json:"role"`      // proxy or backend
	Requested string `json:"requested"` // as the scenario names it
	Used      string `json:"used"`
	ID        string `json:"id"`     // a digest: the engine's image ID, or that of the unpacked files
	Source    string `json:"source"` // present, pulled, assembled or installed
	Version   string `json:"version"`
}

// VariantEnv is what was read back for one variant.
type VariantEnv struct {
	Name  string             `json:"name"`
	Hosts map[string]HostEnv `json:"hosts"` // load, proxy, backend
	// Clocks are those of the hosts beside the load's, where each may have its own; all
	// times are the load host's.
	Clocks map[string]Clock `json:"clocks,omitempty"`
}

// Clock is a host's CLOCK_MONOTONIC, held against the load host's before, during and after
// the load.
type Clock struct {
	AheadS        float64 `json:"ahead_s"`         // before the load
	DriftPPM      float64 `json:"drift_ppm"`       // what it gained since, in millionths
	DriftBoundPPM float64 `json:"drift_bound_ppm"` // how far that may be off, either way
	BoundS        float64 `json:"bound_s"`         // how far any moment of the host may be off
	Readings      int     `json:"readings"`
}

// HostEnv is one host of the lab seen from inside.
type HostEnv struct {
	Sysctls     map[string]string `json:"sysctls"`          // absent keys do not exist on this kernel
	UsablePorts int               `json:"usable_ports"`     // the range, less reserved, less bound
	NoFile      uint64            `json:"nofile,omitempty"` // the server's own limit of open files
	Version     string            `json:"version,omitempty"`
	MPM         string            `json:"mpm,omitempty"`
	Build       string            `json:"build,omitempty"` // nginx -V, httpd -V
	Place       *Place            `json:"place,omitempty"` // in a cluster; elsewhere all hosts are on Env's machine
}

// Settings are what was read back of a host and may differ between variants, by name.
func (h *HostEnv) Settings() map[string]string {
	all := map[string]string{
		"usable ports": strconv.Itoa(h.UsablePorts), "open files": strconv.FormatUint(h.NoFile, 10),
		"version": h.Version, "MPM": h.MPM,
	}
	for name, value := range h.Sysctls {
		if !IsCount(name) {
			all[name] = value
		}
	}
	return all
}

// Place is where a cluster has put a host, and what is around it there. What cannot be told
// is empty.
type Place struct {
	Node    string `json:"node,omitempty"`
	Kernel  string `json:"kernel,omitempty"`  // of the node
	Network string `json:"network,omitempty"` // the CNI by its name where the node tells, else how it looks from inside
	// Service is who leads to the pods behind a Service there, told by how an address of
	// one behaves.
	Service string `json:"service,omitempty"`
	// Abilities are those of the node's kernel where it is another than that of
	// Env.Abilities; of the servers' hosts only.
	Abilities *ability.Found `json:"abilities,omitempty"`
	// NAT is what is translated between the proxy and the backend; of the proxy's host only.
	NAT string `json:"nat,omitempty"`
}

// Values of Place.Service.
const (
	ByIPTables = "iptables"         // kube-proxy: ports that a Service lacks give no answer
	ByOther    = "nftables or ipvs" // kube-proxy: ports that a Service lacks are refused
	BySocket   = "socket"           // eBPF: the socket itself is connected to a pod
	ByNobody   = "none"             // the address of the API server's own Service leads nowhere
)

// Values of Place.NAT.
const (
	NoNAT          = "none"
	DestinationNAT = "destination"            // the node translates the Service's address into a pod's
	BothNAT        = "destination and source" // and hides the proxy's, with ports of its own
)
