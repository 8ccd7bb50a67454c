package diagnose

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
)

// ask sends a request to nginx, and gets what it answers within two seconds.
func ask(t *testing.T, path string) (fd int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := sockaddrOf(netip.MustParseAddrPort("127.0.0.1:8080"))
	for range 200 { // until it listens
		if err = unix.Connect(fd, to); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fd, []byte("GET "+path+" HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	return fd
}

// TestErrnosOfAnNginxAreAsSaid: what the configuration is said to do wrong, nginx's log says
// as well, with the errno and no port taken.
func TestErrnosOfAnNginxAreAsSaid(t *testing.T) {
	needs.Root(t)
	dir := t.TempDir()
	conf := `daemon off; pid ` + dir + `/pid; error_log ` + dir + `/log;
events {}
http {
	access_log off;
	server {
		listen 127.0.0.1:8080;
		location /address { proxy_bind 10.9.9.9; proxy_pass http://127.0.0.1:81; }
		location /ipv6 { proxy_pass http://[::1]:81; }
		location /port { proxy_bind 127.0.0.1:4001; proxy_pass http://127.0.0.1:81; }
		location /fine { proxy_bind 127.0.0.9; proxy_pass http://127.0.0.1:81; }
	}
}
`
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
	nginx := nginxtest.Start(t, dir, conf)
	defer unix.Close(ask(t, "/port")) // it waits for an answer, and has the port
	for path, status := range map[string]string{"/address": "500", "/ipv6": "502", "/port": "500"} {
		fd := ask(t, path)
		b := make([]byte, 12)
		n, err := unix.Read(fd, b)
		unix.Close(fd)
		if err != nil || !strings.HasSuffix(string(b[:n]), status) {
			t.Errorf("%s is answered %q, %v; want %s", path, b[:n], err, status)
		}
	}
	text, err := os.ReadFile(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bind(10.9.9.9) failed (99:", "connect() to [::1]:81 failed (99:",
		"bind(127.0.0.1:4001) failed (98:"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("nginx's log does not have %q:\n%s", want, text)
		}
	}
	s, err := Look(t.Context(), Target{PID: nginx.Pid})
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, f := range conclude(t, s.Namespaces...).Findings {
		if f.ID == "no-source-address" || f.ID == "no-ipv6" || f.ID == "fixed-source-port" {
			if lines[f.ID] != 0 || f.File != dir+"/nginx.conf" {
				t.Errorf("%+v", f)
			}
			lines[f.ID] = f.Line
		}
	}
	if lines["no-source-address"] != 7 || lines["no-ipv6"] != 8 || lines["fixed-source-port"] != 9 {
		t.Errorf("found in lines %v, want 7, 8 and 9", lines)
	}
}
