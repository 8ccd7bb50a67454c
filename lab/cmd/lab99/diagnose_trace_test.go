package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/diagnose"
)

// failing fails with error 99 towards two ports of 127.0.0.1 for two reasons, in a namespace
// of its own, until the test ends: all ports are taken towards 80; and towards 81 there is a
// connection already from the one port that the program binds.
func failing(t *testing.T) {
	t.Helper()
	needs.Network(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("20000 20009"), 0); err != nil {
		t.Fatal(err)
	}
	to := func(port int) *unix.SockaddrInet4 {
		return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	}
	socket := func(source int) int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil && source != 0 {
			err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.Bind(fd, to(source)))
		}
		if err != nil {
			t.Fatal(err)
		}
		return fd
	}
	for _, port := range []int{80, 81} {
		listener := socket(port)
		t.Cleanup(func() { unix.Close(listener) })
		if err := unix.Listen(listener, 64); err != nil {
			t.Fatal(err)
		}
	}
	var open, wrong []int
	for range 10 {
		open = append(open, socket(0))
		if err := unix.Connect(open[len(open)-1], to(80)); err != nil {
			t.Fatal(err)
		}
	}
	// Both are bound before one connects: later, the port is the connection's alone.
	held, second := socket(30000), socket(30000)
	if err := unix.Connect(held, to(81)); err != nil {
		t.Fatal(err)
	}
	wrong = append(wrong, socket(0), second)
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		runtime.LockOSThread()
		for {
			for i, fd := range wrong {
				if err := unix.Connect(fd, to(80+i)); err != unix.EADDRNOTAVAIL {
					t.Errorf("port %d: %v, want EADDRNOTAVAIL", 80+i, err)
					return
				}
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		namespace.Close()
		for _, fd := range append(append(open, held), wrong...) {
			unix.Close(fd)
		}
	})
}

// TestDiagnoseTraces: who gets error 99, and which of it is exhaustion.
func TestDiagnoseTraces(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	failing(t)
	there := sleeper(t)
	pid := fmt.Sprint(there.Pid)
	parse := func(doc []byte) (r diagnose.Report) {
		t.Helper()
		if err := schematest.Diagnose(t, doc); err != nil {
			t.Errorf("%v: %s", err, doc)
		}
		if err := json.Unmarshal(doc, &r); err != nil {
			t.Fatal(err)
		}
		if r.Trace == nil {
			t.Fatalf("nothing is traced: %q", r.Unseen)
		}
		return r
	}

	out, err := exec.Command(path, "diagnose", "--pid", pid, "--trace", "1s", "--json").Output()
	r := parse(out)
	if code := exitStatus(err); code != "1" || r.Trace.Seconds < 1 || len(r.Trace.Failures) != 2 ||
		r.Trace.Error99.Count < 20 {
		t.Errorf("exit code %s: %s", code, out)
	}
	for to, id := range map[string]string{"127.0.0.1:80": "error-99-counted", "127.0.0.1:81": "error-99-other-cause"} {
		if !slices.ContainsFunc(r.Trace.Failures, func(f diagnose.TracedFailure) bool {
			return f.Destination == to && f.PID == os.Getpid() && f.Error == "EADDRNOTAVAIL" && f.Count >= 10 &&
				f.Namespace == r.Namespaces[0].Name
		}) {
			t.Errorf("%+v lacks %s", r.Trace.Failures, to)
		}
		if !slices.ContainsFunc(r.Findings, func(f diagnose.Finding) bool { return f.ID == id && f.Destination == to }) {
			t.Errorf("%+v lacks %s of %s", r.Findings, id, to)
		}
	}

	watch := exec.Command(path, "diagnose", "--pid", pid, "--watch", "--trace", "--json")
	stdout, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	var looks [3]diagnose.Report
	for i := range looks {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		looks[i] = parse(line)
	}
	watch.Process.Signal(os.Interrupt)
	if code := exitStatus(watch.Wait()); code != "1" {
		t.Errorf("exit code %s of the watch", code)
	}
	was := map[string]int64{}
	for _, f := range looks[1].Trace.Failures {
		was[f.Destination] = f.Count
	}
	for _, f := range looks[2].Trace.Failures {
		if f.Recent == nil || *f.Recent == 0 || was[f.Destination]+*f.Recent != f.Count {
			t.Errorf("third look: %+v, of which the second had %d", f, was[f.Destination])
		}
	}
}

// TestDiagnoseGoesOnWithoutTheRight: an ordinary user is told what it takes, and gets the rest,
// with the same exit code.
func TestDiagnoseGoesOnWithoutTheRight(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	needs.Network(t)
	program, err := os.Open(path) // its directory is root's
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	own := []string{"diagnose", "--json", "--netns", "/proc/self/ns/net"}
	for _, args := range [][]string{own, append(own, "--trace", "1m")} {
		cmd := exec.Command("/proc/self/fd/3", args...)
		cmd.ExtraFiles = []*os.File{program}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.Output()
		var r diagnose.Report
		if json.Unmarshal(out, &r) != nil || exitStatus(err) != "0" || len(r.Namespaces) == 0 || r.Trace != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		told := slices.ContainsFunc(r.Unseen, func(u string) bool {
			return strings.Contains(u, "(--trace)") && strings.Contains(u, "CAP_BPF, CAP_PERFMON")
		})
		if traced := slices.Contains(args, "--trace"); told != traced {
			t.Errorf("%v: not seen is %q", args, r.Unseen)
		}
	}
}
