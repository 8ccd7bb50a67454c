package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/diagnose"
)

// scene is a proxy to look at: an nginx in a network namespace of its own, whose worker is
// another user's and holds a connection to a backend.
type scene struct {
	master, worker int
	backend        string // the destination that only this scene has
}

// daemon is the user of the scene's workers.
const daemon = 1

// stage begins a scene, which ends with the test. Its namespace is also that of the test's
// thread.
func stage(t *testing.T) scene {
	t.Helper()
	needs.Root(t)
	needs.Program(t, "netns", "nginx")
	dir := t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) { // as /etc/nginx, it is for everybody to read
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	needs.Network(t)
	// It accepts, and never answers. The machine's own namespace has TIME_WAITs of other tests
	// towards thousands of ports of 127.0.0.1, and none towards this address.
	l, err := net.Listen("tcp4", "127.0.99.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	backend := l.Addr().String()
	nginx := nginxtest.Start(t, dir, `daemon off; pid `+dir+`/pid; error_log `+dir+`/log; user daemon daemon;
events {}
http {
	access_log off; proxy_read_timeout 1h;
	server { listen 127.0.0.1:8080; location / { proxy_pass http://`+backend+`; } }
}
`)
	s := scene{master: nginx.Pid, backend: backend}
	var client net.Conn
	for range 500 {
		if client, err = net.Dial("tcp4", "127.0.0.1:8080"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if _, err := client.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	upstream, err := l.Accept() // so that the worker holds it now
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { upstream.Close() })
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.master))
	if err != nil {
		t.Fatal(err)
	}
	if s.worker, err = strconv.Atoi(strings.Fields(string(children) + " none")[0]); err != nil {
		t.Fatalf("nginx has no worker: %q", children)
	}
	return s
}

// sight is what somebody sees of a scene, in the words of the table in docs/diagnose.md.
type sight struct {
	Own, Connections, Ports, Holders, Configuration bool
}

// elsewhere runs a command from another thread: the test's own is in the scene.
func elsewhere(cmd *exec.Cmd) (out []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		out, err = cmd.Output()
	}()
	<-done
	return out, err
}

// look runs diagnose and reads what it sees.
func (s scene) look(t *testing.T, cmd *exec.Cmd) (sight, *diagnose.Report, string) {
	t.Helper()
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := elsewhere(cmd)
	code := exitStatus(err)
	if talk.Len() > 0 {
		t.Errorf("exit code %s: %.3000s", code, talk.String()) // a filter makes Go say where
	}
	if err := schematest.Diagnose(t, out); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var r diagnose.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	var saw sight
	if len(r.Namespaces) > 0 {
		saw.Own = r.Namespaces[0].Member && r.Namespaces[0].Ports != nil
	}
	times := 0
	for _, n := range r.Namespaces {
		if !slices.ContainsFunc(n.Tuples, func(x diagnose.Tuple) bool { return x.Destination == s.backend }) {
			continue
		}
		times++
		saw.Connections = true
		saw.Ports = n.Member && n.Ports != nil
		saw.Holders = slices.Contains(n.Processes, fmt.Sprintf("nginx %d", s.worker))
		saw.Configuration = slices.ContainsFunc(r.Findings, func(f diagnose.Finding) bool {
			return f.ID == "nginx-config" && f.Namespace == n.Name && f.Line == 5
		})
	}
	if times > 1 {
		t.Errorf("the namespace is listed %d times", times)
	}
	return saw, &r, code
}
