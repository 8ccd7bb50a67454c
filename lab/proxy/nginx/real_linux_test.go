package nginx

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/httpd"
	"github.com/lab99/lab99/scenarios"
)

// debianRoot is where Debian's apache2-bin has its modules/.
const debianRoot = "/usr/lib/apache2"

// The rendered files on the real servers of this machine: they are accepted,
// they serve, and the connection policy is the one they promise. Whoever closes
// first holds the TIME_WAIT, so the policy is read off the sockets.
func TestRealServersFollowTheRenderedPolicy(t *testing.T) {
	needs.Program(t, "netns", "nginx")
	needs.Program(t, "netns", "apache2")
	const requests = 50
	for _, v := range variants(t, "quick") {
		t.Run(v.Name, func(t *testing.T) {
			f := startServers(t, v)
			// What an earlier test left on the same port number.
			leftProxy, leftBackend := sockets(t, f.Backends[0].Port(), "06")
			upstreams := map[string]int{}
			for i := range requests {
				resp, err := http.Get("http://" + f.Listen.String() + "/")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || len(body) != 1024 {
					t.Fatalf("request %d: status %d, %d bytes, %v", i, resp.StatusCode, len(body), err)
				}
				peer, took, _ := strings.Cut(resp.Header.Get("X-Lab99-Upstream"), " connect=")
				if !strings.HasPrefix(took, "0.") {
					t.Errorf("request %d: X-Lab99-Upstream does not say how long the connect took", i)
				}
				upstreams[peer]++
			}
			if len(upstreams) != v.Backend.Addresses {
				t.Errorf("want %d upstream addresses in turn, got %v", v.Backend.Addresses, upstreams)
			}
			want := requests
			if v.Proxy.Keepalive > 0 {
				want = 0
			}
			var proxy, backend int
			for range 100 { // the last ones wait in FIN_WAIT2 until httpd closes too
				proxy, backend = sockets(t, f.Backends[0].Port(), "06")
				proxy, backend = proxy-leftProxy, backend-leftBackend
				if proxy+backend >= want {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if proxy != want || backend != 0 {
				t.Errorf("after %d requests TIME_WAIT is %d on nginx and %d on httpd, want %d and 0",
					requests, proxy, backend, want)
			}
		})
	}
}

// startServers runs both servers on loopback until the test ends.
func startServers(t *testing.T, v scenarios.Variant) proxy.Site {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lab99-nginx-") // t.TempDir is closed to httpd's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	page := strings.Repeat("0123456789abcde\n", 64)
	filetest.Write(t, dir+"/index.html", page)
	f := proxy.Site{
		Version: nginxVersion(t), Dir: dir, RunDir: dir, ErrorLog: dir + "/error.log",
		ServerRoot: debianRoot, DocumentRoot: dir, NoFile: 1024,
		Listen: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), needs.Port(t)),
	}
	port := needs.Port(t)
	for i := range v.Backend.Addresses {
		f.Backends = append(f.Backends, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(20 + i)}), port))
	}
	start(t, dir, "httpd.conf", text(t, httpd.Kind{}, v, f), f.Backends[0], "apache2", "-DFOREGROUND", "-f")
	start(t, dir, "nginx.conf", text(t, Kind{}, v, f), f.Listen, "nginx", "-c")
	return f
}

func start(t *testing.T, dir, file, conf string, at netip.AddrPort, command ...string) {
	t.Helper()
	path := filepath.Join(dir, file)
	filetest.Write(t, path, conf)
	// Not t.Context: it ends before the clean-up, and would kill where SIGTERM lets the servers end their children.
	cmd := exec.CommandContext(context.Background(), command[0], append(command[1:], path)...)
	cmd.Cancel, cmd.WaitDelay = nil, 5*time.Second
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("%s: %s%s", command[0], out.String(), log)
		}
	})
	for range 250 { // looked up, not dialled: a probe would leave a TIME_WAIT of its own
		if _, listening := sockets(t, at.Port(), "0A"); listening > 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s does not listen on %s", command[0], at)
}

func nginxVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "nginx", "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), "nginx/")
	return version
}

// sockets counts those in a state of the kernel's (0A LISTEN, 06 TIME_WAIT) by
// the end at which they have a port: remote is nginx's end of a connection to
// the backend, local the backend's.
func sockets(t *testing.T, port uint16, state string) (remote, local int) {
	t.Helper()
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(name)
		if err != nil {
			continue // no IPv6
		}
		defer file.Close()
		for scan := bufio.NewScanner(file); scan.Scan(); {
			fields := strings.Fields(scan.Text())
			if len(fields) < 4 || fields[3] != state {
				continue
			}
			switch uint64(port) {
			case hexPort(fields[2]):
				remote++
			case hexPort(fields[1]):
				local++
			}
		}
	}
	return remote, local
}

func hexPort(address string) uint64 {
	_, port, _ := strings.Cut(address, ":")
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return 0
	}
	return p
}
