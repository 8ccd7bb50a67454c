package diagnose

import (
	"bytes"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// TestErrnosOfAnHAProxyAreAsSaid: what the configuration is said to do wrong, HAProxy answers and
// its log says as well. It has a master and a worker, and one configuration.
func TestErrnosOfAnHAProxyAreAsSaid(t *testing.T) {
	needs.Root(t)
	needs.Program(t, "netns", "haproxy")
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "conf.d/1.cfg"), `defaults
	mode http
	retries 0
	timeout connect 2s
	timeout client 5s
	timeout server 5s
	log stdout format raw local0
`)
	filetest.Write(t, filepath.Join(dir, "conf.d/2.cfg"), `frontend f
	bind 127.0.0.1:8080
	use_backend %[path,field(2,/)]
backend address
	source 10.9.9.9
	server s 127.0.0.1:81
backend ipv6
	server s [::1]:81
backend port
	server s 127.0.0.1:81 source 127.0.0.1:4001
backend range
	server s 127.0.0.1:81 source 127.0.0.1:4100-4101
backend fine
	source 127.0.0.9
	server s 127.0.0.1:81
`)
	filetest.Write(t, filepath.Join(dir, "conf.d/.hidden.cfg"), "backend hidden\n\tsource 10.8.8.8\n"+
		"\tserver s 127.0.0.1:81\n")
	needs.Network(t)
	l := load{Low: 20000, High: 20099, Addresses: []string{"10.3.0.1/32"}, Sysctls: map[string]string{noIPv6: "1"}}
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	listener, err := listenAt(netip.MustParseAddrPort("127.0.0.1:81"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	var log bytes.Buffer
	haproxy := exec.Command("haproxy", "-W", "-db", "-f", filepath.Join(dir, "conf.d"))
	haproxy.Stdout, haproxy.Stderr = &log, &log
	if err := haproxy.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		haproxy.Process.Signal(unix.SIGTERM)
		haproxy.Wait()
	}
	defer end()
	for _, held := range []string{"/port", "/range", "/range"} { // they wait for an answer, and have the ports
		defer unix.Close(ask(t, held))
		if _, _, err := unix.Accept(listener); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/address", "/ipv6", "/port", "/range"} {
		fd := ask(t, path)
		b := make([]byte, 12)
		n, err := unix.Read(fd, b)
		unix.Close(fd)
		if err != nil || !strings.HasSuffix(string(b[:n]), "503") {
			t.Errorf("%s is answered %q, %v; want 503", path, b[:n], err)
		}
	}
	s, err := Look(t.Context(), Target{PID: haproxy.Process.Pid})
	if err != nil {
		t.Fatal(err)
	}
	end()
	for backend, words := range map[string]string{
		"address": "Cannot bind to source address", "range": "Cannot bind to source address", "ipv6": "no free ports",
		"port": "no free ports",
	} {
		said := false
		for line := range strings.Lines(log.String()) {
			said = said || strings.Contains(line, words) && strings.Contains(line, "backend "+backend)
		}
		if !said {
			t.Errorf("HAProxy's log does not say %q of %s:\n%s", words, backend, log.String())
		}
	}
	found := map[string]string{}
	for _, f := range conclude(t, s.Namespaces...).Findings {
		if strings.HasPrefix(f.Text, "haproxy ") {
			found[f.ID] += fmt.Sprintf("%s:%d ", filepath.Base(f.File), f.Line)
		}
	}
	for id, at := range map[string]string{
		"no-source-address": "2.cfg:5 ", "no-ipv6": "2.cfg:8 ", "fixed-source-port": "2.cfg:10 ",
		"own-source-ports": "2.cfg:12 ",
	} {
		if found[id] != at {
			t.Errorf("%s is found at %q, want %q; unseen: %q", id, found[id], at, s.Unseen)
		}
	}
}

func TestArgumentsOfAnHAProxy(t *testing.T) {
	for args, want := range map[string]string{
		"haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid -S /run/m.sock": "/etc/haproxy/haproxy.cfg",
		"haproxy -f /a -f /b.d -sf 12 13 -- /c /d":                                   "/a /b.d /c /d",
		"haproxy -C /srv/x -f h.cfg -f /e":                                           "/srv/x/h.cfg /srv/x/e",
		"haproxy -f h.cfg":                                                           "relative",
		"haproxy -v":                                                                 "",
	} {
		names, err := haproxyFiles(strings.Fields(args))
		if got := strings.Join(names, " "); got != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v, want %q", args, got, err, want)
		}
	}
}
