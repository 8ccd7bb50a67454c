package haproxyconf

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/needs"
)

const program = "haproxy"

// TestHAProxyRefusesTheSame: the real program takes and refuses the files that the rules do.
func TestHAProxyRefusesTheSame(t *testing.T) {
	needs.Program(t, "netns", program)
	texts := map[string]bool{}
	files, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[string(text)] = true
	}
	const times = "defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
	for _, text := range []string{
		"backend b\n mode htpp\n", "backend b\n http-reuse sometimes\n", "backend b\n retries x\n",
		"backend b\n retries -1\n",
		"backend b\n source 10.1.0.1:5-9\n", "backend b\n server s\n",
		"frontend f\n bind 127.0.0.1:8003\n default_backend c\n",
		"backend b from d\n", "backend b\n mode http", "backend b\n log \"x\n", "backend b\n log x\\\n",
		"backend\n", "\xef\xbb\xbf",
	} {
		texts[times+text] = false
	}
	for text, taken := range texts {
		file := filepath.Join(t.TempDir(), "haproxy.cfg")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), program, "-c", "-f", file).CombinedOutput()
		if (err == nil) != taken {
			t.Errorf("HAProxy takes it: %t\n%s%s", err == nil, text, out)
		}
		c, err := Parse("haproxy.cfg", []byte(text))
		refused := err != nil
		if err == nil {
			for _, f := range c.Findings() {
				refused = refused || f.ID == haproxyRefuses.ID
			}
		}
		if refused == taken {
			t.Errorf("the rules refuse it: %t\n%s", refused, text)
		}
	}
}

// TestConductIsHAProxys: whose TIME_WAIT a connection leaves is what Conduct says. The
// clients close, each after one request, on the test's own loopback.
func TestConductIsHAProxys(t *testing.T) {
	needs.Program(t, "netns", program)
	needs.Network(t)
	for i, lines := range []string{
		"mode tcp", "mode tcp\n option nolinger", "mode http", "mode http\n http-reuse never",
		"mode http\n option http-server-close",
		"mode http\n option httpclose", "mode http\n http-reuse always",
	} {
		at := fmt.Sprintf("127.0.0.1:%d", 18000+i)
		text := fmt.Sprintf("global\n nbthread 1\ndefaults\n timeout connect 1s\n timeout client 9s\n timeout server 9s\n"+
			" %s\nlisten l\n bind %s\n server s ",
			lines, at)
		c, err := Parse("haproxy.cfg", []byte(text+"192.0.2.1:80\n"))
		if err != nil {
			t.Fatal(err)
		}
		conduct := c.Backends()[0].Conduct()
		const n = 20
		want := 0
		if conduct.CloseShare == 1 {
			want = n
		}
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
		to := backend.Listener.Addr().String()
		got := load(t, text+to+"\n", at, to, n, want)
		backend.Close()
		if got != want {
			t.Errorf("%s: %d of %d requests left a TIME_WAIT on HAProxy's side, want %d", lines, got, n, want)
		}
	}
}

// TestUseServerIsHAProxys: the servers that answer are those of Lanes, one of weight 0 among
// them that only a use-server line chooses.
func TestUseServerIsHAProxys(t *testing.T) {
	needs.Program(t, "netns", program)
	needs.Network(t)
	var lines, to [2]string
	for i := range to {
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, i) }))
		defer backend.Close()
		to[i] = backend.Listener.Addr().String()
		lines[i] = fmt.Sprintf("server %c %s ", 'x'+i, to[i])
	}
	for n, words := range [][2]string{
		{"weight 0", ""}, {"weight 0", "weight 0"}, {"weight 0", "disabled"}, {"backup", ""}, {"disabled", ""}, {"", ""},
		{"weight 0 backup", "disabled"},
	} {
		at := fmt.Sprintf("127.0.0.1:%d", 18100+n)
		text := fmt.Sprintf("defaults\n mode http\n timeout connect 1s\n timeout client 9s\n timeout server 9s\nlisten l\n bind %s\n"+
			" use-server x if { path_beg /x }\n %s\n %s\n", at, lines[0]+words[0], lines[1]+words[1])
		c, err := Parse("haproxy.cfg", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, l := range c.Backends()[0].Lanes() {
			want[l.Destination] = true
		}
		got := map[string]bool{}
		running(t, text, at, func() {
			for _, path := range []string{"/x", "/", "/"} {
				if status, body := get(t, at, path); status == http.StatusOK {
					got[to[body[0]-'0']] = true
				}
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("x %q, y %q: -read +answered\n%s", words[0], words[1], diff)
		}
	}
}

// running does something while HAProxy runs with a configuration.
func running(t *testing.T, text, at string, do func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "-db", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() //nolint:errcheck // it is killed
	defer stop()
	until(t, func() bool { return sockets(t, local, at, listens) == 1 })
	do()
}

// load sends requests through a HAProxy of this configuration, one after the other, each
// on a connection that the client closes, and returns how many TIME_WAIT that leaves
// towards the backend; it waits for those that are expected. It looks before HAProxy is
// ended: the kernel then closes what idles in the pool, in order.
func load(t *testing.T, text, at, to string, n, want int) (left int) {
	t.Helper()
	running(t, text, at, func() {
		for range n {
			get(t, at, "/")
		}
		// At most one waits for a next request.
		until(t, func() bool { return sockets(t, remote, to, established) <= 1 })
		if want > 0 {
			until(t, func() bool { return sockets(t, remote, to, timeWait) >= want })
		}
		left = sockets(t, remote, to, timeWait)
	})
	return left
}

// get makes a request on a connection that it closes, from this thread, whose network it is.
func get(t *testing.T, at, path string) (status int, body []byte) {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ = io.ReadAll(r.Body)
	return r.StatusCode, body
}

// until waits for something that a busy machine takes its time for.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("it took longer than 30 s")
			return
		}
	}
}

// The columns and states of /proc/net/tcp (net/ipv4/tcp_ipv4.c, include/net/tcp_states.h).
const (
	local, remote                  = 1, 2
	established, timeWait, listens = "01", "06", "0A"
)

// sockets counts those of this namespace with an address, on one side, in a state.
func sockets(t *testing.T, side int, address, state string) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddrPort(address)
	ip := a.Addr().As4()
	want := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], a.Port())
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 3 && f[side] == want && f[3] == state {
			n++
		}
	}
	return n
}
