package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// processes lists the IDs of all there are.
func processes(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("list processes: %v", err)
	}
	for n := range dirs {
		dirs[n] = filepath.Base(dirs[n])
	}
	return dirs
}

// stat reads a process's name and its parent's ID.
func stat(pid string) (name, parent string) {
	b, _ := os.ReadFile("/proc/" + pid + "/stat")
	text := string(b)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < 0 {
		return "", "" // it ended meanwhile
	}
	return text[open+1 : end], strings.Fields(text[end+1:])[1]
}

// tree lists the command and all below it, parents first.
func (i *invocation) tree(t *testing.T) []string {
	t.Helper()
	children := map[string][]string{}
	for _, pid := range processes(t) {
		_, parent := stat(pid)
		children[parent] = append(children[parent], pid)
	}
	tree := []string{strconv.Itoa(i.cmd.Process.Pid)}
	for n := 0; n < len(tree); n++ {
		tree = append(tree, children[tree[n]]...)
	}
	return tree
}

// find returns the first process of a name below the command.
func (i *invocation) find(t *testing.T, name string) int {
	t.Helper()
	for _, pid := range i.tree(t) {
		if got, _ := stat(pid); got == name {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	t.Fatalf("no %s runs below the command", name)
	return 0
}

var namespaceKinds = []string{"pid", "net", "mnt", "user"}

// namespaces are those of a process that this one is not in. One that ended
// and was not waited for yet, which is up to the machine's init, has none.
func namespaces(pid string) []string {
	if b, err := os.ReadFile("/proc/" + pid + "/stat"); err != nil || strings.Contains(string(b), ") Z ") {
		return nil
	}
	var all []string
	for _, kind := range namespaceKinds {
		ns, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
		own, _ := os.Readlink("/proc/self/ns/" + kind)
		if err == nil && ns != own {
			all = append(all, ns)
		}
	}
	return all
}

// footprint is what a run has made: namespaces, by kind and inode.
func (i *invocation) footprint(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pid := range i.tree(t) {
		all = append(all, namespaces(pid)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// gone fails unless within 5 s no process is left in any of the namespaces.
// Nor may a mount keep one of them, or a part of a lab, alive.
func gone(t *testing.T, footprint []string) {
	t.Helper()
	began := time.Now()
	for {
		var left []string
		for _, pid := range processes(t) {
			for _, ns := range namespaces(pid) {
				if slices.Contains(footprint, ns) {
					name, _ := stat(pid)
					left = append(left, fmt.Sprintf("%s %s in %s", name, pid, ns))
				}
			}
		}
		left = append(left, labMounts(t)...)
		if len(left) == 0 {
			t.Logf("%d namespaces gone after %v", len(footprint), time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("after 5 s there is left: %v", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// labMounts lists the mounts seen from here that are a lab's.
func labMounts(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "/lab99/roots/") || strings.Contains(line, " nsfs ") && strings.Contains(line, "lab99") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// killAnywhere kills the command some time into a run. It is stopped first, so
// that it makes nothing between the look at what there is and its end.
func killAnywhere(t *testing.T, after time.Duration) {
	t.Helper()
	i := startOn(t, "netns", "run", tiny)
	time.Sleep(after) // the random moment is the point
	if err := i.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	footprint := i.footprint(t)
	i.cmd.Process.Signal(syscall.SIGKILL)
	i.cmd.Wait()
	t.Logf("killed after %v, with %d namespaces", after.Round(time.Millisecond), len(footprint))
	gone(t, footprint)
}

// tinyTakes is how long a run of tiny takes in namespaces, at the least.
const tinyTakes = 5 * time.Second

// TestKill9Anywhere: the kernel clears up, whatever the command was doing.
func TestKill9Anywhere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	killAnywhere(t, time.Duration(rnd.Int64N(int64(300*time.Millisecond)))) // coming up
	for range 2 {
		killAnywhere(t, time.Duration(rnd.Int64N(int64(tinyTakes))))
	}
}

// TestNothingOutsideIsTouched: while a lab runs in namespaces, the machine has
// the links, mounts and port range it had, and servers that are root can do
// little with it.
func TestNothingOutsideIsTouched(t *testing.T) {
	needs.Root(t)
	outside := func() string {
		ports, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
		if err != nil {
			t.Fatal(err)
		}
		links, err := net.Interfaces()
		if err != nil {
			t.Fatal(err)
		}
		s := string(ports)
		for _, l := range links {
			s += l.Name + "\n"
		}
		return s + strings.Join(labMounts(t), "\n")
	}
	before := outside()
	i := startOn(t, "netns", "run", tiny)
	i.waitForLoad(t, 3)
	if now := outside(); now != before {
		t.Errorf("before the run the machine had\n%s\nand now\n%s", before, now)
	}
	for _, server := range []string{"nginx", "httpd"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.find(t, server)))
		if err != nil {
			t.Fatal(err)
		}
		// chown, dac_override, kill, setgid, setuid, net_bind_service
		const want = 1<<0 | 1<<1 | 1<<5 | 1<<6 | 1<<7 | 1<<10
		if text := string(b); !strings.Contains(text, fmt.Sprintf("CapBnd:\t%016x\n", want)) || !strings.Contains(text, "NoNewPrivs:\t1\n") {
			t.Errorf("%s can do more than it needs:\n%s", server, text)
		}
	}
	footprint := i.footprint(t)
	// The child and the hosts have a network and mounts each, the child and the
	// servers a PID namespace each.
	if len(footprint) != 4+4+3 {
		t.Errorf("the run has the namespaces %v, want four each for networks and mounts and three for PIDs", footprint)
	}
	i.cmd.Process.Kill()
	i.cmd.Wait()
	gone(t, footprint)
}

// TestTwoRunsAtOnce: nothing in a lab has a name that another could have.
func TestTwoRunsAtOnce(t *testing.T) {
	a, b := startOn(t, "netns", "run", tiny), startOn(t, "netns", "run", tiny)
	a.waitForLoad(t, 1)
	b.waitForLoad(t, 1)
	a.cmd.Process.Signal(os.Interrupt) // one goes while the other stays
	a.wait(t, "130")
	b.wait(t, "0")
	if v := b.summary(t).Variants[0]; v.Verdict != "reproduced" {
		t.Errorf("the other run was disturbed: %s: %s", v.Verdict, v.Why)
	}
	b.nothingLeft(t)
}

// TestOrdinaryUserReproduces: no root, no engine. Which driver it is and why
// is said.
func TestOrdinaryUserReproduces(t *testing.T) {
	needs.Root(t) // to become somebody else
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	const user = 65534
	home := t.TempDir()
	for _, dir := range []string{binaryDir, filepath.Dir(home)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	// What earlier runs unpacked need not be fetched again.
	roots := filepath.Join("lab99", "roots")
	if _, err := os.Stat(filepath.Join(cache, roots)); err == nil {
		if err := os.CopyFS(filepath.Join(home, ".cache", roots), os.DirFS(filepath.Join(cache, roots))); err != nil {
			t.Fatal("copy what is unpacked: ", err)
		}
	}
	scenario, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "tiny.yaml"), scenario, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", "-R", strconv.Itoa(user)+":"+strconv.Itoa(user), home).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(path, "run", "tiny.yaml", "--out", "runs")
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "DOCKER_HOST=unix:///nowhere/no-engine.sock"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	out, err := cmd.CombinedOutput()
	if got := exitStatus(err); got != "0" {
		t.Fatalf("exit code %s:\n%s", got, out)
	}
	if !strings.Contains(string(out), "Driver: netns, because no Docker engine answers") {
		t.Errorf("it does not say which driver it is and why:\n%s", out)
	}
	r, err := results.Open(filepath.Join(home, "runs", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	exhausted(t, r.Summary.Variants[0], 100, 1)
	if !strings.Contains(r.Env.DriverWhy, "no Docker engine answers") {
		t.Errorf("env.json says %q", r.Env.DriverWhy)
	}
}

// TestForbiddenNamespaces: the error names the switch and the way out. The
// limit is that of a user namespace of the test's own.
func TestForbiddenNamespaces(t *testing.T) {
	needs.Root(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c",
		`echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"`, path, "run", tiny, "--driver", "netns", "--out", t.TempDir())
	out, err := cmd.CombinedOutput()
	if got := exitStatus(err); got != "3" || !strings.Contains(string(out), "sysctl -w user.max_user_namespaces=") {
		t.Errorf("exit code %s: %s", got, out)
	}
}

// TestRegistryImagesNeedAnEngine: another source than the one asked for would
// be a substitution, which --images registry forbids.
func TestRegistryImagesNeedAnEngine(t *testing.T) {
	i := startOn(t, "netns", "run", tiny, "--images", "registry")
	i.wait(t, "3")
	if got := i.stderr.String(); !strings.Contains(got, "the driver netns runs no images") || !strings.Contains(got, "--driver docker") {
		t.Errorf("no next step: %s", got)
	}
}
