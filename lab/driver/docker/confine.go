package docker

import (
	"slices"

	"github.com/lab99/lab99/lab/driver"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
)

// probeCapabilities are those of the server on the same host. The kernel lets a
// process look into another's /proc entries only if its capabilities include
// the other's; the way around, SYS_PTRACE, would let it do far more. A host of
// several addresses has them added by its probe.
func probeCapabilities(s driver.Server, moreAddresses bool) []string {
	caps := slices.Clone(s.Capabilities)
	if moreAddresses {
		caps = append(caps, "NET_ADMIN")
	}
	return caps
}

// confine takes from a container all that it is not given by name.
func confine(hc *container.HostConfig, capabilities []string) {
	hc.CapDrop = []string{"ALL"}
	hc.CapAdd = capabilities
	hc.SecurityOpt = []string{"no-new-privileges"}
	hc.ReadonlyRootfs = true
}

// configVolume holds the files that are copied in. The engine refuses a copy
// into a read-only root, and one below a tmpfs would be hidden by it; a volume
// without a name takes it, and goes with the container.
func configVolume(labels map[string]string) mount.Mount {
	return mount.Mount{
		Type: mount.TypeVolume, Target: driver.ConfigDir,
		VolumeOptions: &mount.VolumeOptions{NoCopy: true, Labels: labels},
	}
}

// writable are the file systems in memory of a server. It writes to most of
// them only when its configuration does not say where, as one of the user's own
// seldom does. The lab's use driver.RunDir alone.
func writable(s driver.Server) map[string]string {
	m := map[string]string{driver.RunDir: "rw,size=512m,mode=1777"}
	for _, dir := range append([]string{"/run", "/tmp"}, s.Writable...) {
		m[dir] = "rw,size=128m,mode=1777"
	}
	return m
}
