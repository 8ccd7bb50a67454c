package docker

import (
	"slices"

	"github.com/lab99/lab99/lab/driver"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
)

// probeCapabilities are those of the server on the same host. The kernel lets a
// process look into another's /proc entries only if its capabilities include
// the other's; the way around, SYS_PTRACE, would let it do far more. The probe
// also adds the further addresses of a host.
func probeCapabilities(server driver.Server, moreAddresses bool) []string {
	caps := slices.Clone(server.Capabilities)
	if moreAddresses {
		caps = append(caps, "NET_ADMIN")
	}
	return caps
}

// confine takes from a container all capabilities but those given by name, and
// everything else that a lab does not need.
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

// writable are the file systems in memory of a server.
func writable(server driver.Server) map[string]string {
	m := map[string]string{driver.RunDir: "rw,size=512m,mode=1777"}
	for _, dir := range append([]string{"/run", "/tmp"}, server.Writable...) {
		m[dir] = "rw,size=128m,mode=1777"
	}
	for _, dir := range server.Executable {
		m[dir] = "rw,exec,size=128m,mode=1777"
	}
	return m
}
