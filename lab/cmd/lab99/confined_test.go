package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inspected is what `docker inspect` tells of a container, as far as it
// matters here.
type inspected struct {
	Name   string
	State  struct{ Pid int }
	Config struct {
		Labels map[string]string
		Env    []string
	}
	HostConfig struct {
		CapAdd, CapDrop, SecurityOpt, Binds []string
		Privileged, ReadonlyRootfs          bool
		NetworkMode, IpcMode                string
	}
	Mounts          []struct{ Type, Destination string }
	NetworkSettings struct{ Ports map[string]any }
}

// capabilities is all that a lab's containers may hold, by the kernel's bit
// numbers (capability.h).
var capabilities = map[string]uint64{"SETGID": 1 << 6, "SETUID": 1 << 7, "NET_ADMIN": 1 << 12}

// TestLabIsConfined looks at the containers of a lab under load, by the
// engine's word and by the kernel's, and at the host before, during and after.
func TestLabIsConfined(t *testing.T) {
	t.Setenv("LAB99_TEST_SECRET", secret)
	before := hostSysctls(t)
	i := start(t, "run", tiny, "--set", "size.ports=50", "--set", "backend.addresses=2")
	i.waitForLoad(t, 5)
	during := hostSysctls(t)
	all := inspect(t, containers(t, "name=lab99-"+filepath.Base(i.dir(t))))
	internal := docker(t, "network", "ls", "-q", "--filter", "label=org.lab99.run", "--filter", "driver=bridge")
	for _, id := range internal {
		if got := docker(t, "network", "inspect", "-f", "{{.Internal}}", id); got[0] != "true" {
			t.Errorf("network %s is not internal", id)
		}
	}
	if len(all) != 5 || len(internal) == 0 {
		t.Fatalf("%d containers and %d networks, want 5 and 1", len(all), len(internal))
	}
	want := map[string][]string{ // by the end of the name: host and role
		"load-tether":     nil,
		"proxy-proxy":     {"SETGID"},
		"proxy-probe":     {"SETGID"},
		"backend-backend": {"SETGID", "SETUID"},
		"backend-probe":   {"SETGID", "SETUID", "NET_ADMIN"}, // it adds the second address
	}
	for _, c := range all {
		end := strings.Join(strings.Split(c.Name, "-")[strings.Count(c.Name, "-")-1:], "-")
		caps, known := want[end]
		if !known {
			t.Errorf("container %s: no such host and role", c.Name)
		}
		delete(want, end)
		if end == "proxy-proxy" {
			containerIsSeen(t, i.path, strings.TrimPrefix(c.Name, "/"))
		}
		c.confined(t, end, caps)
	}
	// The law is for other tests: on a busy machine the run may be invalid.
	if code := exitStatus(i.cmd.Wait()); code != "0" && code != "2" {
		t.Errorf("exit code %s, want 0 or 2", code)
	}
	for when, now := range map[string]map[string]string{"during": during, "after": hostSysctls(t)} {
		for name, was := range before {
			if is, ok := now[name]; ok && is != was {
				t.Errorf("%s was %q before the run and is %q %s it", name, was, is, when)
			}
		}
	}
	if len(before) < 100 {
		t.Errorf("%d sysctls were compared, which is too few to be all", len(before))
	}
	noSecret(t, i.stdout.String()+i.stderr.String())
	filepath.WalkDir(i.out, func(path string, d fs.DirEntry, _ error) error {
		if b, err := os.ReadFile(path); err == nil && !d.IsDir() {
			noSecret(t, string(b))
		}
		return nil
	})
	nothingLeft(t, 0, true)
}

// confined holds one container to what it may have.
func (c *inspected) confined(t *testing.T, name string, caps []string) {
	t.Helper()
	h := c.HostConfig
	slices.Sort(caps)
	added := slices.Clone(h.CapAdd)
	for i := range added {
		added[i] = strings.TrimPrefix(added[i], "CAP_") // as newer engines say it
	}
	slices.Sort(added)
	if !slices.Equal(added, caps) || !slices.Equal(h.CapDrop, []string{"ALL"}) {
		t.Errorf("%s: capabilities +%v -%v, want +%v -[ALL]", name, added, h.CapDrop, caps)
	}
	if !slices.Contains(h.SecurityOpt, "no-new-privileges") || !h.ReadonlyRootfs || h.Privileged {
		t.Errorf("%s: %v, read-only root %v, privileged %v", name, h.SecurityOpt, h.ReadonlyRootfs, h.Privileged)
	}
	if len(h.Binds) > 0 || h.NetworkMode == "host" || h.IpcMode == "host" ||
		len(c.NetworkSettings.Ports) > 0 && published(c.NetworkSettings.Ports) {
		t.Errorf("%s: binds %v, network %s, ipc %s, ports %v",
			name, h.Binds, h.NetworkMode, h.IpcMode, c.NetworkSettings.Ports)
	}
	for _, m := range c.Mounts {
		if m.Type == "bind" {
			t.Errorf("%s: %s is a directory of the host", name, m.Destination)
		}
	}
	if env := strings.Join(c.Config.Env, " "); strings.Contains(env, secret) {
		t.Errorf("%s: the environment went in: %s", name, env)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
	if err != nil {
		t.Logf("%s: the engine is elsewhere, so the kernel was not asked: %v", name, err)
		return
	}
	var bits uint64
	for _, cap := range caps {
		bits |= capabilities[cap]
	}
	for _, line := range []string{
		fmt.Sprintf("CapBnd:\t%016x", bits),
		fmt.Sprintf("CapEff:\t%016x", bits),
		"NoNewPrivs:\t1",
		"Seccomp:\t2",
	} {
		if !strings.Contains(string(b), line+"\n") {
			t.Errorf("%s: the kernel does not say %q:\n%s", name, line, b)
		}
	}
}

// published tells a port that is open to others from one an image names.
func published(ports map[string]any) bool {
	for _, to := range ports {
		if to != nil {
			return true
		}
	}
	return false
}

func inspect(t *testing.T, ids []string) []inspected {
	t.Helper()
	out, err := exec.Command("docker", append([]string{"inspect"}, ids...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []inspected
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// hostSysctls reads everything below /proc/sys/net that is a setting and not
// a count. Interfaces come and go with the engine's networks; what is there
// both times must be the same.
func hostSysctls(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	filepath.WalkDir("/proc/sys/net", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_count") || strings.HasSuffix(path, "/stable_secret") {
			return nil
		}
		if b, err := os.ReadFile(path); err == nil { // some can only be written
			all[path] = string(b)
		}
		return nil
	})
	return all
}
