package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// fault is what can go wrong around a measurement: how the test brings it about,
// and what the report must say of it first.
type fault struct {
	variant string
	early   bool                          // before the load begins, not half a second into it
	inject  func(t *testing.T, v victims) // nil: the variant does it by itself
	says    string
}

// faults are those of testdata/faults.yaml, the first of which is none.
var faults = []fault{
	{"undisturbed", false, nil, "error 99 came after 1.0"},
	{
		variant: "httpd-killed",
		inject:  func(t *testing.T, v victims) { signal(t, v.child(t, "backend"), syscall.SIGKILL) },
		says:    "(httpd) ended on the backend",
	},
	{
		variant: "nginx-killed",
		inject:  func(t *testing.T, v victims) { signal(t, v.child(t, "proxy"), syscall.SIGKILL) },
		says:    "(nginx) ended on the proxy",
	},
	{"nginx-stopped", false, func(t *testing.T, v victims) {
		worker := v.child(t, "proxy")
		signal(t, worker, syscall.SIGSTOP)
		time.Sleep(400 * time.Millisecond)
		signal(t, worker, syscall.SIGCONT)
	}, "(nginx) was stopped by a signal on the proxy"},
	{"disk-full", false, func(t *testing.T, v victims) {
		fill(t, v.server(t, "proxy"), "/run/lab")
	}, "the disk filled: there was no room left for error.log on the proxy"},
	{"address-removed", false, func(t *testing.T, v victims) {
		within(t, v.server(t, "backend"), "ip addr del $(ip -o -4 addr show eth0 | awk '{print $4}') dev eth0")
	}, "was removed on the backend"},
	{"sysctl-set-back", false, func(t *testing.T, v victims) {
		within(t, v.server(t, "proxy"), "echo 20000 20499 >/proc/sys/net/ipv4/ip_local_port_range")
	}, `net.ipv4.ip_local_port_range changed from "20000 20099" to "20000 20499" on the proxy`},
	{"probe-stopped", false, func(t *testing.T, v victims) {
		pid := v.agent(t, "backend")
		signal(t, pid, syscall.SIGSTOP)
		time.Sleep(900 * time.Millisecond)
		signal(t, pid, syscall.SIGCONT)
	}, "no sample of host backend was taken for"},
	{"nginx-connections", false, nil, "nginx reached a limit of its own, [alert] 3 worker_connections are not enough"},
	{"apache-workers", false, func(t *testing.T, v victims) {
		// A client that never ends its request holds a worker.
		const hold = `exec 3<>/dev/tcp/$(ip -o -4 addr show eth0 | awk '{sub("/.*", "", $4); print $4; exit}')/8080; ` +
			`printf 'GET / HTTP/1.1\r\n' >&3; sleep 2`
		for range 2 {
			c := exec.Command("nsenter", "-t", fmt.Sprint(v.server(t, "backend")), "-n", "bash", "-c", hold)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		}
	}, "Apache reached a limit of its own: AH00484"},
}

// TestEveryFaultIsNamed causes them all for real, one variant after the other. Those that
// need an engine are in TestSoakEveryFaultOfAnEngine.
func TestEveryFaultIsNamed(t *testing.T) { named(t, "netns", "testdata/faults.yaml", faults) }

func named(t *testing.T, driver, scenario string, faults []fault) {
	share(t, driver, tinyLab)
	needs.Root(t)
	i := startOn(t, driver, "run", scenario, "--parallel", "1")
	for _, f := range faults {
		if f.inject == nil {
			continue
		}
		v := victims{i, f.variant}
		if f.early {
			v.agent(t, "load")
		} else {
			v.waitForSamples(t, 4)
		}
		f.inject(t, v)
	}
	i.wait(t, "2")
	s := i.summary(t)
	page := filetest.Read(t, filepath.Join(i.dir(t), "report.md"))
	for n, f := range faults {
		v := s.Variant(f.variant)
		if v == nil {
			t.Errorf("%s has no row", f.variant)
			continue
		}
		t.Logf("%s: %s: %s", v.Name, v.Verdict, v.Why)
		if invalid := v.Verdict == "invalid"; invalid != (n > 0) {
			t.Errorf("%s: verdict %s", v.Name, v.Verdict)
		}
		first, _, _ := strings.Cut(v.Why, "; ")
		if !strings.Contains(first, f.says) {
			t.Errorf("%s: the first reason is %q, want %q", v.Name, first, f.says)
		}
		if n > 0 && !bytes.Contains(page, []byte(v.Name+" is invalid: "+first)) {
			t.Errorf("%s: the finding does not give the reason", v.Name)
		}
		if v.Sent == nil || *v.Sent == 0 {
			t.Errorf("%s: what was measured is lost", v.Name)
		}
	}
	i.nothingLeft(t)
}

// victims are the hosts of a variant under way.
type victims struct {
	i       *invocation
	variant string
}

// container waits for the container of a host and role, "proxy-probe".
func (v victims) container(t *testing.T, name string) string {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if run, err := filepath.EvalSymlinks(filepath.Join(v.i.out, "latest")); err == nil {
			if c := docker(t, "ps", "-q", "--filter",
				"name=lab99-"+filepath.Base(run)+"-.*-"+v.variant+"-"+name+"$"); len(c) == 1 {
				return c[0]
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: no container %s", v.variant, name)
	return ""
}

func (v victims) pid(t *testing.T, container string) int {
	t.Helper()
	var pid int
	fmt.Sscan(docker(t, "inspect", "-f", "{{.State.Pid}}", v.container(t, container))[0], &pid)
	if pid == 0 {
		t.Fatalf("%s: %s has no process", v.variant, container)
	}
	return pid
}

// server is the first process of a host's server.
func (v victims) server(t *testing.T, host string) int {
	t.Helper()
	if v.i.driver == "docker" {
		return v.pid(t, host+"-"+host)
	}
	return v.i.find(t, map[string]string{"proxy": "nginx", "backend": "httpd"}[host])
}

// agent is the lab's own process on a host.
func (v victims) agent(t *testing.T, host string) int {
	t.Helper()
	if v.i.driver == "docker" {
		return v.pid(t, map[string]string{"proxy": "proxy-probe", "backend": "backend-probe", "load": "load-tether"}[host])
	}
	network := func(pid string) string {
		ns, _ := os.Readlink("/proc/" + pid + "/ns/net")
		return ns
	}
	server := strconv.Itoa(v.server(t, host))
	for _, pid := range v.i.tree(t) {
		if name, _ := stat(pid); name != "nginx" && name != "httpd" && network(pid) == network(server) {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	t.Fatalf("%s: host %s has no agent", v.variant, host)
	return 0
}

// child is one of the processes that a server's first one started.
func (v victims) child(t *testing.T, host string) int {
	t.Helper()
	pid := v.server(t, host)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	var child int
	if fmt.Sscan(string(b), &child); child == 0 {
		t.Fatalf("process %d of %s has no child: %v", pid, host, err)
	}
	return child
}

// within gives the shell a script in a process's network namespace.
func within(t *testing.T, pid int, script string) {
	t.Helper()
	command(t, "nsenter", "-t", fmt.Sprint(pid), "-n", "sh", "-c", script)
}

// fill leaves no room on a server's tmpfs, having made it small: its half
// gigabyte would be the machine's memory.
func fill(t *testing.T, pid int, dir string) {
	t.Helper()
	root := fmt.Sprintf("/proc/%d", pid)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends in the wrong namespace
		fd, err := unix.Open(root+"/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		top, err2 := unix.Open(root+"/root", unix.O_PATH|unix.O_CLOEXEC, 0) // a server may be in a chroot
		if err = errors.Join(err, err2); err == nil {
			err = errors.Join(unix.Unshare(unix.CLONE_FS), unix.Setns(fd, unix.CLONE_NEWNS), unix.Fchdir(top), unix.Chroot("."),
				unix.Mount("", dir, "", unix.MS_REMOUNT, "size=64k"), unix.Close(fd), unix.Close(top))
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal("make the tmpfs small: ", err)
	}
	if err := os.WriteFile(root+"/root"+dir+"/fill", make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatal("fill the tmpfs: ", err)
	}
}

func (v victims) waitForSamples(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		b, _ := os.ReadFile(filepath.Join(v.i.out, "latest", v.variant, results.SamplesFile))
		if bytes.Count(b, []byte(`"load":{`)) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the load of %s does not start", v.variant)
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}
