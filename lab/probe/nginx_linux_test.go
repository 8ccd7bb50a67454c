package probe

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
	"github.com/lab99/lab99/results"
)

const nginxConf = `
daemon off;
worker_processes 2;
worker_rlimit_nofile 777;
pid %[1]s/pid;
error_log %[1]s/error.log error;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	upstream two { server 127.0.0.1:82; server 127.0.0.2:82; }
	server {
		listen 127.0.0.1:8080;
		location /one { proxy_pass http://127.0.0.1:81; }
		location /two { proxy_pass http://two; }
		location /refused { proxy_pass http://127.0.0.1:83; }
	}
}
`

// startNginx runs nginx in the calling thread's namespace until the test ends.
func startNginx(t *testing.T) (master *os.Process, log string) {
	t.Helper()
	dir := t.TempDir()
	return nginxtest.Start(t, dir, fmt.Sprintf(nginxConf, dir)), filepath.Join(dir, nginxtest.LogFile)
}

// backend answers every request at addr, in the calling thread's namespace.
func backend(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
}

// get makes n requests on one connection, dialled on the calling thread because
// that decides the namespace, and counts the replies by status.
func get(t *testing.T, path string, n int) map[int]int {
	t.Helper()
	var c net.Conn
	var err error
	for range 100 {
		if c, err = net.Dial("tcp", "127.0.0.1:8080"); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond) // nginx is still starting
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	got := map[int]int{}
	for range n {
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: lab\r\n\r\n", path)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 512); err == nil; {
			_, err = resp.Body.Read(buf)
		}
		got[resp.StatusCode]++
	}
	return got
}

// What the classifier was told nginx writes is what nginx writes.
func TestTailOfRealNginx(t *testing.T) {
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 20009")
	for _, addr := range []string{"127.0.0.1:81", "127.0.0.1:82", "127.0.0.2:82"} {
		backend(t, addr)
	}
	_, log := startNginx(t)
	tl := NewTail(log, LogOfTests, 1)
	defer tl.Close()

	if got := get(t, "/one", 15); got[200] != 10 || got[502] != 5 {
		t.Fatalf("one backend: replies %v, want 10 × 200 and 5 × 502", got)
	}
	drain(t, tl, results.Errors{Error99: 5})
	// One worker serves the connection, so its view of the peers is all.
	if got := get(t, "/two", 30); got[200] != 20 || got[502] != 10 {
		t.Fatalf("two backends: replies %v, want 20 × 200 and 10 × 502", got)
	}
	drain(t, tl, results.Errors{Error99: 5 + 2, NoLiveUpstreams: 9})
	get(t, "/refused", 3)
	drain(t, tl, results.Errors{Error99: 7, NoLiveUpstreams: 9, Other: 3})
	if n := tl.Count(ClassRefused); n != 3 {
		t.Errorf("%d refused, want 3: %v", n, tl.ByMessage())
	}
	if len(tl.Excerpt()) != 3 {
		t.Errorf("excerpt %q, want one line of each of 3 classes", tl.Excerpt())
	}
}

func drain(t *testing.T, tl *Tail, want results.Errors) {
	t.Helper()
	if err := tl.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tl.Totals(); got != want {
		t.Errorf("log %+v, want %+v:\n%s", got, want, strings.Join(tl.Excerpt(), "\n"))
	}
}

// TestWhoIsEndingIsNotOurs: a server of another lab that has ended, and that nobody has waited
// for yet, has no namespace any more.
func TestWhoIsEndingIsNotOurs(t *testing.T) {
	namespace(t)
	needs.Program(t, "netns", "nginx")
	cmd := exec.Command("nginx", "-v") // somebody else's
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	link := fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid)
	for by := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Readlink(link); err != nil {
			break
		}
		if time.Now().After(by) {
			t.Fatal("nginx -v does not end")
		}
	}
	namespace(t)
	p, err := NewProcesses("nginx")
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.find()
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(found, func(s procStat) bool { return s.pid == cmd.Process.Pid }) {
		t.Errorf("a process that is ending counts as one of this namespace's: %+v", found)
	}
}

func TestProcessesOfRealNginx(t *testing.T) {
	namespace(t)
	startNginx(t) // somebody else's
	namespace(t)
	p, err := NewProcesses("nginx")
	if err != nil {
		t.Fatal(err)
	}
	poll := func() Usage {
		t.Helper()
		u, err := p.Poll()
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if u := poll(); u.Alive {
		t.Fatalf("before there is any in this namespace: %+v", u)
	}
	if _, err := p.NoFile(); err == nil {
		t.Error("a limit of nobody's")
	}
	master, log := startNginx(t)
	get(t, "/nowhere", 50)
	u := poll()
	if !u.Alive || len(u.PIDs) != 3 || u.PIDs[0] != master.Pid {
		t.Errorf("%+v, want master %d and two workers", u, master.Pid)
	}
	// What the master has does not count.
	if err := unix.Prlimit(master.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 555, Max: 1000}, nil); err != nil {
		t.Fatal(err)
	}
	if n, err := p.NoFile(); err != nil || n != 777 {
		t.Errorf("limit of open files %d, %v; want the workers' 777", n, err)
	}
	path, err := p.Path(log)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("/proc/%d/root%s", master.Pid, log); path != want {
		t.Errorf("path %s, want %s", path, want)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, err := p.Path("/proc/self/cwd"); err == nil {
		t.Error("a link that leads out of the root was followed")
	}

	// A worker that dies takes no processor time with it, and is replaced.
	if err := syscall.Kill(u.PIDs[1], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	v := poll()
	if !v.Alive || v.CPUSeconds < u.CPUSeconds {
		t.Errorf("after a worker's death %+v, before it %+v", v, u)
	}
	master.Signal(unix.SIGTERM)
	master.Wait()
	if w := poll(); w.Alive || len(w.PIDs) != 0 || w.CPUSeconds < v.CPUSeconds {
		t.Errorf("after its end %+v, before it %+v", w, v)
	}
}
