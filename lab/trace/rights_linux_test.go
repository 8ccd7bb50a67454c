package trace

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// traceOfChild makes the test's binary trace until its input ends.
const traceOfChild = "LAB99_TRACE"

func TestMain(m *testing.M) {
	if os.Getenv(traceOfChild) == "" {
		os.Exit(m.Run())
	}
	tr, err := Start(Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, p := range tr.loaded.Programs {
		if info, err := p.Info(); err == nil {
			id, _ := info.ID()
			fmt.Print(id, " ")
		}
	}
	fmt.Println()
	os.Stdin.Read(make([]byte, 1))
	tr.Close()
}

// child starts one; what it says is a line.
func child(t *testing.T, attr *syscall.SysProcAttr) (cmd *exec.Cmd, stdin io.Closer, line string) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), traceOfChild+"=1")
	cmd.SysProcAttr = attr
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ = bufio.NewReader(out).ReadString('\n')
	return cmd, in, strings.TrimSpace(line)
}

// withTracefs gives the test a mount namespace of its own, with tracefs where it belongs or
// without.
func withTracefs(t *testing.T, mounted bool) {
	t.Helper()
	runtime.LockOSThread() // for good, as needs.Network
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	for _, path := range tracefsAt {
		for unix.Unmount(path, unix.MNT_DETACH) == nil { // there may be several, one on the other
		}
	}
	if mounted {
		if err := unix.Mount("tracefs", tracefsAt[0], "tracefs", 0, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsMissing: an ordinary user with some capabilities is told which he lacks, and
// with all of them he may trace.
func TestWhatIsMissing(t *testing.T) {
	needs.Root(t)
	const bpf, perf, search, admin = unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_DAC_READ_SEARCH, unix.CAP_SYS_ADMIN
	for name, c := range map[string]struct {
		unmounted bool
		has       []uintptr
		missing   string // "": nothing
	}{
		"an ordinary user":       {has: nil, missing: "CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH (for tracefs)"},
		"without CAP_BPF":        {has: []uintptr{perf, search}, missing: "CAP_BPF"},
		"without CAP_PERFMON":    {has: []uintptr{bpf, search}, missing: "CAP_PERFMON"},
		"may not read tracefs":   {has: []uintptr{bpf, perf}, missing: "CAP_DAC_READ_SEARCH (for tracefs)"},
		"the least":              {has: []uintptr{bpf, perf, search}},
		"no tracefs":             {unmounted: true, has: []uintptr{bpf, perf, search}, missing: orMounted},
		"no tracefs, and mounts": {unmounted: true, has: []uintptr{bpf, perf, search, admin}},
		"as before Linux 5.8":    {has: []uintptr{admin, search}},
		"no tracefs, and nothing": {unmounted: true,
			missing: "CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH (for tracefs) and " + orMounted},
	} {
		t.Run(name, func(t *testing.T) {
			withTracefs(t, !c.unmounted)
			nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
			cmd, in, line := child(t, &syscall.SysProcAttr{Credential: nobody, AmbientCaps: c.has})
			in.Close()
			err := cmd.Wait()
			if strings.Contains(line, "kernel.perf_event_paranoid") {
				t.Skip(line) // what is the least depends on the distribution
			}
			_, missing, said := strings.Cut(line, "missing: ")
			if missing != c.missing || said != (c.missing != "") || (err == nil) != (c.missing == "") {
				t.Errorf("%v: it says %q, want %q", err, line, c.missing)
			}
		})
	}
}

// TestRootOfAUserNamespace has all capabilities there, and none that counts.
func TestRootOfAUserNamespace(t *testing.T) {
	needs.Root(t)
	to := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 65534, Size: 1}}
	cmd, in, line := child(t, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: to, GidMappings: to})
	in.Close()
	if err := cmd.Wait(); err == nil || !strings.Contains(line, "those of a user namespace") {
		t.Errorf("%v: it says %q", err, line)
	}
}

func TestOtherReasons(t *testing.T) {
	all := rights{capabilities: 1 << unix.CAP_SYS_ADMIN, split: true, mayRead: true, memlock: unix.RLIM_INFINITY}
	for want, change := range map[string]func(*rights){
		"missing: CAP_SYS_ADMIN":    func(r *rights) { r.capabilities, r.split = 0, false },
		"the kernel is locked down": func(r *rights) { r.confidential = true },
		"a seccomp filter":          func(r *rights) { r.filtered = true },
		"64 KiB: `ulimit -l":        func(r *rights) { r.memlock = 64 << 10 },
		"a security module":         func(*rights) {},
		"perf_event_paranoid of 2 (it is 3)": func(r *rights) {
			r.capabilities, r.paranoid = 1<<unix.CAP_BPF|1<<unix.CAP_PERFMON, 3
		},
	} {
		r := all
		change(&r)
		if got := r.missing(); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

// TestNothingStays: the programs are gone after the trace was closed, and after its process
// was killed.
func TestNothingStays(t *testing.T) {
	needs.Root(t)
	for name, end := range map[string]func(*exec.Cmd, io.Closer){
		"closed": func(_ *exec.Cmd, in io.Closer) { in.Close() },
		"killed": func(cmd *exec.Cmd, _ io.Closer) { cmd.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			cmd, in, line := child(t, nil)
			var ids [2]ebpf.ProgramID
			if _, err := fmt.Sscan(line, &ids[0], &ids[1]); err != nil {
				t.Fatalf("it says %q: %v", line, err)
			}
			there := func() (n int) {
				for _, id := range ids {
					if p, err := ebpf.NewProgramFromID(id); err == nil {
						p.Close()
						n++
					}
				}
				return n
			}
			if there() != 2 {
				t.Error("the programs are not there")
			}
			end(cmd, in)
			cmd.Wait()
			for range 200 { // the kernel waits until no processor runs them
				if there() == 0 {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("%d programs stay", there())
		})
	}
}
