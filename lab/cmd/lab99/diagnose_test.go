package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/diagnose"
)

// TestDiagnoseFindsAnExhaustedNamespace: 40 ports, all of them taken, in a namespace that
// has a path and a process but no name.
func TestDiagnoseFindsAnExhaustedNamespace(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	needs.Network(t)
	setIPv4(t, map[string]string{"ip_local_port_range": "20000 20039", "tcp_tw_reuse": "0"})
	there := sleeper(t)
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	look := func(args ...string) (*diagnose.Report, string, string) {
		t.Helper()
		cmd := exec.Command(path, append([]string{"diagnose", "--pid", fmt.Sprint(there.Pid)}, args...)...)
		var talk strings.Builder
		cmd.Stderr = &talk
		out, err := cmd.Output()
		code := exitStatus(err)
		if !slices.Contains(args, "--json") {
			return nil, code, string(out)
		}
		if err := schematest.Diagnose(t, out); err != nil {
			t.Errorf("%v: %s%s", err, out, talk.String())
		}
		var r diagnose.Report
		if err := json.Unmarshal(out, &r); err != nil || len(r.Namespaces) != 1 {
			t.Fatalf("%v: %s%s", err, out, talk.String())
		}
		return &r, code, ""
	}
	if r, code, _ := look("--json"); code != "0" || len(r.Namespaces[0].Tuples) != 0 ||
		r.Namespaces[0].Ports.Usable != 40 {
		t.Errorf("an idle namespace: exit code %s, %+v", code, r.Namespaces[0])
	}
	made := 0
	for ; err == nil; made++ {
		err = closedHere(l)
	}
	if made != 41 || err != unix.EADDRNOTAVAIL {
		t.Fatalf("connection %d: %v, want EADDRNOTAVAIL at the 41st", made, err)
	}
	r, code, _ := look("--json")
	if code != "1" {
		t.Errorf("exit code %s of an exhausted namespace, want 1", code)
	}
	x := r.Namespaces[0].Tuples[0]
	if x.State != diagnose.Exhausted || x.Destination != "127.0.0.1:80" || x.Taken != 40 || *x.Tuples != 40 ||
		*x.FirstError99S != 0 || x.FreesS == nil || *x.FreesS < 50 || *x.FreesS > 66 {
		t.Errorf("%+v, want 40 of 40 towards 127.0.0.1:80, the first of which ends in a minute", x)
	}
	_, code, text := look()
	if code != "1" || !strings.Contains(text, "[exhausted]") ||
		!strings.Contains(text, "40 of 40 ports are taken (40 TIME_WAIT)") {
		t.Errorf("exit code %s: %s", code, text)
	}
}
