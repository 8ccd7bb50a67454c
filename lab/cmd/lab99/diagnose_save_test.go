package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/reenact"
)

// savedReport is a report with what was saved of it.
type savedReport struct {
	diagnose.Report
	Saved *reenact.Saved `json:"saved"`
}

// saveWhenHalfFull looks at a process's namespace until half of its ports are taken, and
// saves what it saw then.
func saveWhenHalfFull(t *testing.T, path string, pid int) (savedReport, diagnose.Tuple) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		dir := filepath.Join(t.TempDir(), "Saved host")
		var talk strings.Builder
		cmd := exec.Command(path, "diagnose", "--json", "--pid", fmt.Sprint(pid), "--save", dir)
		cmd.Stderr = &talk
		out, err := cmd.Output()
		if code := exitStatus(err); code == "2" {
			continue // there is no load yet
		} else if code != "1" && code != "0" {
			t.Fatalf("exit code %s: %s%s", code, out, talk.String())
		}
		if err := schematest.Diagnose(t, out); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var r savedReport
		err = json.Unmarshal(out, &r)
		if err != nil || r.Saved == nil || len(r.Namespaces) != 1 || len(r.Namespaces[0].Tuples) == 0 {
			t.Fatalf("%v: %s%s", err, out, talk.String())
		}
		if x := r.Namespaces[0].Tuples[0]; *x.Share >= 0.4 {
			t.Logf("saved at %.0f %%, first error 99 due in %.2f s: %s", 100**x.Share, *x.FirstError99S, out)
			return r, x
		}
	}
	t.Fatal("the ports do not fill")
	return savedReport{}, diagnose.Tuple{}
}

// TestSavedHostIsReenacted: what is saved of a running baseline runs out of ports when the
// forecast says, and is kept from it by what the laws say.
func TestSavedHostIsReenacted(t *testing.T) {
	share(t, "netns", manyLabs)
	const ports = 300 // at 100 a second
	there := startOn(t, "netns", "run", tiny, "--set", fmt.Sprintf("size.ports=%d", ports))
	there.waitForLoad(t, 1)
	r, x := saveWhenHalfFull(t, there.path, there.find(t, "nginx"))
	there.cmd.Process.Signal(os.Interrupt)
	there.wait(t, "130")
	want := []string{"nginx.conf", "keepalive.conf", "more.conf", "REMOVED.txt", "scenario.yaml"}
	if !slices.Equal(r.Saved.Files, want) {
		t.Errorf("saved %q, want %q", r.Saved.Files, want)
	}

	again := ran(t, "netns", "run", r.Saved.Directory, "--size", r.Saved.Size)
	s := again.summary(t)
	verdicts := map[string]string{}
	for _, v := range s.Variants {
		verdicts[v.Name] = v.Verdict
	}
	for name, want := range map[string]string{
		"baseline": law.Reproduced, "keepalive": law.Mitigated, "tw-reuse": law.Mitigated, "more-backends": law.Postponed,
	} {
		if verdicts[name] != want {
			t.Errorf("%s is %s, want %s", name, verdicts[name], want)
		}
	}
	// From an empty table on: the same load on as many ports.
	forecast := float64(ports) / x.TimeWaitsPerS
	off := law.Tolerance(forecast) + 0.02*forecast // of the run, and of the rate that one look tells
	if first := s.Variants[0].FirstError; first == nil || math.Abs(*first-forecast) > off {
		t.Errorf("first error 99 after %v s, forecast %.3f s", first, forecast)
	}
	again.nothingLeft(t)
}

// TestSaveSaysWhatItWrote: without a load nothing is saved, and with one it is said what
// was, and what comes next.
func TestSaveSaysWhatItWrote(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	needs.Network(t)
	setIPv4(t, map[string]string{"ip_local_port_range": "20000 20199", "tcp_tw_reuse": "0"})
	dir := filepath.Join(t.TempDir(), "saved")
	look := func() (code, out, talk string) {
		var stderr strings.Builder
		cmd := exec.Command(path, "diagnose", "--netns", "/proc/self/ns/net", "--save", dir)
		cmd.Stderr = &stderr
		b, err := cmd.Output()
		return exitStatus(err), string(b), stderr.String()
	}
	code, out, talk := look()
	_, err := os.Stat(dir)
	if code != "2" || !strings.Contains(talk, "nothing to save: there is no outgoing connection") || err == nil {
		t.Errorf("an idle namespace: exit code %s, directory %v: %s%s", code, err, out, talk)
	}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 60 {
		if err := closedHere(l); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	code, out, talk = look()
	for _, want := range []string{
		"saved: scenario.yaml in " + dir, "re-enacts: 127.0.0.1 → 127.0.0.1:80",
		"left out: all names", "next: lab99 run " + dir + " --size quick",
	} {
		if code != "1" || talk != "" || !strings.Contains(out, want) {
			t.Errorf("exit code %s, want 1 and %q: %s%s", code, want, out, talk)
		}
	}
	if out, err := exec.Command(path, "validate", dir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if code, _, talk := look(); code != "64" || !strings.Contains(talk, "is not empty") {
		t.Errorf("a second time: exit code %s: %s", code, talk)
	}
}

// closedHere makes a connection to a listener on 127.0.0.1:80 and closes it at this end
// first, so that its TIME_WAIT holds a port.
func closedHere(l *net.TCPListener) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}})
	unix.Close(fd)
	if err != nil {
		return err
	}
	c, err := l.Accept()
	if err != nil {
		return err
	}
	return c.Close()
}
