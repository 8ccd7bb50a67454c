package loadgen

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

const nginxConf = `
worker_processes 1;
daemon off;
pid DIR/pid;
error_log DIR/error.log;
events { worker_connections 1024; }
http {
	client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
	log_format path "$uri";
	access_log DIR/access.log path;
	gzip_types text/plain;
	gzip_min_length 1;
	keepalive_requests 1000000;
	server {
		listen 127.0.0.1:PORT;
		listen unix:DIR/socket;
		root DIR;
		location /nothing { return 204; }
		location /moved { return 302 /elsewhere; }
		location /gone { return 410 "gone\n"; }
		location /bad { proxy_pass http://127.0.0.1:1; }
		location /chunked { default_type text/plain; gzip on; alias DIR/big; }
		location /ten { keepalive_requests 10; return 200 "ok\n"; }
		location /close { keepalive_timeout 0; return 200 "ok\n"; }
		location /hangup { return 444; }
		location /slow { limit_rate 1m; alias DIR/big; }
		location /limited { client_max_body_size 10; return 413; }
	}
}
`

const apacheConf = `
ServerName lab99
ServerRoot DIR
PidFile DIR/pid
ErrorLog DIR/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
Listen 127.0.0.1:PORT
DocumentRoot DIR
LogFormat "%U" path
CustomLog DIR/access.log path
KeepAlive On
MaxKeepAliveRequests 9
KeepAliveTimeout 5
`

// startServer runs a server in the foreground with a configuration of ours, in
// a directory of its own, until the test ends.
func startServer(t *testing.T, conf string, command ...string) (url, dir string) {
	t.Helper()
	needs.Program(t, "netns", command[0])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	_ = l.Close()
	// Not t.TempDir: a server that drops root must be able to read it.
	if dir, err = os.MkdirTemp("", "loadgen"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	conf = strings.NewReplacer("DIR", dir, "PORT", fmt.Sprint(addr.Port)).Replace(conf)
	filetest.Tree(t, dir, map[string]string{"conf": conf, "small": strings.Repeat("x", 1024), "big": strings.Repeat("hello ", 50_000)})
	var out bytes.Buffer
	cmd := exec.Command(command[0], append(command[1:], filepath.Join(dir, "conf"))...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", addr.String()); err == nil {
			_ = c.Close()
			return "http://" + addr.String(), dir
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s does not listen: %s", command[0], out.String())
	return "", ""
}

// logged waits until the access log holds n lines of a path, and returns how
// many it holds.
func logged(t *testing.T, dir, path string, n int64) (got int64) {
	t.Helper()
	for range 100 {
		b := filetest.Read(t, filepath.Join(dir, "access.log"))
		if got = int64(bytes.Count(b, []byte(path+"\n"))); got >= n {
			break
		}
		time.Sleep(20 * time.Millisecond) // a server logs after it has answered
	}
	return got
}

// TestUnixSocketOfRealNginx: it announces its closes there too.
func TestUnixSocketOfRealNginx(t *testing.T) {
	_, dir := startServer(t, nginxConf, "nginx", "-c")
	for _, c := range []Config{{Profile: Constant(1000)}, {Mode: Closed}} {
		c.URL, c.Unix, c.Requests = "http://localhost/ten", filepath.Join(dir, "socket"), 100
		if r := mustRun(t, c); r.OK != 100 || r.ConnectionsOpened != 10 {
			t.Errorf("%v: ok %d, causes %v, opened %d", c.Mode, r.OK, r.Causes, r.ConnectionsOpened)
		}
	}
}

func TestConformanceWithRealServers(t *testing.T) {
	type row struct {
		path   string
		with   func(*Config)
		ok     int64
		causes map[string]int64
		opened int64
	}
	for _, server := range []struct {
		conf    string
		command []string
		rows    []row
	}{
		{nginxConf, []string{"nginx", "-c"}, []row{
			{path: "/small", ok: 100, opened: 1},
			{path: "/big", ok: 100, opened: 1},
			{path: "/small", with: method("HEAD"), ok: 100, opened: 1},
			{path: "/small", with: func(c *Config) {
				c.Header = []string{"If-Modified-Since: Fri, 31 Dec 2099 00:00:00 GMT"}
				c.Classify = func(int, []byte) string { return "304 is not a failure" }
			}, ok: 100, opened: 1},
			{path: "/nothing", ok: 100, opened: 1},
			{path: "/moved", ok: 100, opened: 1},
			{path: "/gone", causes: map[string]int64{Cause4xx: 100}, opened: 1},
			{path: "/bad", causes: map[string]int64{Cause5xx: 100}, opened: 1},
			{path: "/chunked", with: func(c *Config) { c.Header = []string{"Accept-Encoding: gzip"} }, ok: 100, opened: 1},
			{path: "/ten", ok: 100, opened: 10},
			{path: "/close", ok: 100, opened: 100},
			{path: "/hangup", causes: map[string]int64{CauseEmptyReply: 100}, opened: 100},
			{
				path:   "/slow",
				with:   func(c *Config) { c.Requests = 3; c.Profile = Constant(100); c.Connections = 3 },
				ok:     3,
				opened: 3,
			},
			{
				path:   "/limited",
				with:   func(c *Config) { c.Method, c.Body = "POST", make([]byte, 100) },
				causes: map[string]int64{Cause4xx: 100},
				opened: 100,
			},
		}},
		{apacheConf, []string{"apache2", "-DFOREGROUND", "-f"}, []row{
			{path: "/small", ok: 100, opened: 10}, // a limit of 9 serves 10
			{path: "/big", ok: 100, opened: 10},
			{path: "/small", with: method("HEAD"), ok: 100, opened: 10},
			{path: "/none", causes: map[string]int64{Cause4xx: 100}, opened: 10},
		}},
	} {
		t.Run(server.command[0], func(t *testing.T) {
			url, dir := startServer(t, server.conf, server.command...)
			sent := make(map[string]int64)
			for _, tt := range server.rows {
				c := Config{URL: url + tt.path, Profile: Constant(1000), Requests: 100}
				if tt.with != nil {
					tt.with(&c)
				}
				r := mustRun(t, c)
				if r.OK != tt.ok || !maps.Equal(r.Causes, tt.causes) || r.ConnectionsOpened != tt.opened {
					t.Errorf("%s: ok %d, causes %v, opened %d; want %d, %v, %d",
						tt.path, r.OK, r.Causes, r.ConnectionsOpened, tt.ok, tt.causes, tt.opened)
				}
				sent[tt.path] += r.Sent
			}
			for path, n := range sent {
				if got := logged(t, dir, path, n); got != n {
					t.Errorf("%s: sent %d, the access log has %d", path, n, got)
				}
			}
		})
	}
}
