package lab

import (
	"net/netip"
	"time"

	"github.com/lab99/lab99/results"
)

// environment is what is known before anything starts of the machine the
// hosts run on, by the driver's word: with a remote engine, or one in a virtual
// machine, it is another than this one.
func environment(o Options) results.Env {
	m := o.Driver.Machine()
	return results.Env{
		Tool: o.Tool.Version, Revision: o.Tool.Revision,
		StartedUTC: time.Now().UTC().Format(time.RFC3339),
		Driver:     o.Driver.Name(), DriverWhy: o.DriverWhy, Engine: m.Engine,
		Kernel: m.Kernel, Arch: m.Arch, CPUs: m.CPUs, MemoryMiB: m.MemoryMiB, Abilities: o.found,
		Images: []results.Image{}, Variants: []results.VariantEnv{},
	}
}

func anyAddr(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.IPv4Unspecified(), port) }
