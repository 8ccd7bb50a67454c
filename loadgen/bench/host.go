//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// host is this machine, with a scratch directory.
type host struct {
	o     options
	work  string
	tools map[string]tool
}

func newHost(o options, work string) (*host, error) {
	if runtime.NumCPU() < 2 {
		return nil, errors.New("one core for the server and one for the generator are needed; this machine has one")
	}
	if err := os.Chmod(work, 0o755); err != nil { // nginx may read it as nobody
		return nil, err
	}
	return &host{o: o, work: work, tools: toolset(o.tools)}, nil
}

// server is a running one.
type server struct {
	cmd  *exec.Cmd
	port string
	out  *bytes.Buffer
}

// start starts a server on its core and waits until it answers.
func (h *host) start(ctx context.Context, port string, args ...string) (*server, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", serverCore}, args...)...)
	s := &server{cmd, port, new(bytes.Buffer)}
	s.cmd.Stdout, s.cmd.Stderr = s.out, os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
			return s, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("%s does not answer on port %s", args[0], port)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// nginx serves 1 KB from its cache of open files, as one process. sendfile
// would send header and body in two segments, and cost every tool a wake-up.
func (h *host) nginx(ctx context.Context) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(h.work+"/1k", bytes.Repeat([]byte("x"), 1024), 0o644); err != nil {
		return nil, err
	}
	conf := strings.NewReplacer("WORK", h.work, "PORT", port).Replace(`
pid WORK/nginx.pid; error_log WORK/nginx.err; daemon off; master_process off;
events { worker_connections 4096; }
http {
    access_log off; sendfile off;
    client_body_temp_path WORK/1; proxy_temp_path WORK/2;
    fastcgi_temp_path WORK/3; uwsgi_temp_path WORK/4; scgi_temp_path WORK/5;
    server {
        listen 127.0.0.1:PORT backlog=4096;
        keepalive_requests 1000000000; keepalive_timeout 600s;
        root WORK; open_file_cache max=10 inactive=600s; open_file_cache_valid 600s;
    }
}
`)
	if err := os.WriteFile(h.work+"/nginx.conf", []byte(conf), 0o644); err != nil {
		return nil, err
	}
	return h.start(ctx, port, "nginx", "-c", h.work+"/nginx.conf")
}

// bare is the server in C; with stamp it records arrivals.
func (h *host) bare(ctx context.Context, stamp bool) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{h.o.tools + "/server", port}
	if stamp {
		args = append(args, "stamp")
	}
	return h.start(ctx, port, args...)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func (s *server) run(r run) run {
	r.port, r.path = s.port, "/1k"
	r.url = "http://127.0.0.1:" + s.port + r.path
	if r.conns == 0 {
		r.conns = 64
	}
	if r.mode == "" {
		r.mode = "exact"
	}
	return r
}
