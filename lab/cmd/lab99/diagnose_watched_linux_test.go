package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
	"github.com/lab99/lab99/lab/diagnose/exporter"
	"github.com/lab99/lab99/lab/probe"
)

// watchedNginx is a proxy that closes its connections first, and its backend.
const watchedNginx = `
daemon off;
worker_processes %[2]d;
pid %[1]s/pid;
error_log %[1]s/error.log error;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 1000000000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	server { listen 127.0.0.1:8080; location / { proxy_pass http://127.0.0.2:81; } }
	server { listen 127.0.0.2:81; location / { return 200 ok; } }
}
`

// timeWaitsKept is how many the kernel keeps: a proxy that is asked for all that it can do
// makes that many in some seconds, and has them from then on.
const timeWaitsKept = 30000

// clients ask a proxy for all that it can do, one request after the other on each of their
// connections, until the test ends. The calling thread decides the namespace.
func clients(b *testing.B, n int) *atomic.Int64 {
	b.Helper()
	const request = "GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
	answered := &atomic.Int64{}
	for range n {
		var c net.Conn
		var err error
		for range 100 {
			if c, err = net.Dial("tcp", "127.0.0.1:8080"); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond) // nginx is still starting
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		buf := make([]byte, 4096)
		io.WriteString(c, request)
		length, err := c.Read(buf)
		if err != nil || !bytes.HasPrefix(buf, []byte("HTTP/1.1 200")) {
			b.Fatalf("%v: %s", err, buf[:length])
		}
		go func() {
			for { // each answer is as long as the first
				if _, err := io.WriteString(c, request); err != nil {
					return
				}
				if _, err := io.ReadFull(c, buf[:length]); err != nil {
					return
				}
				answered.Add(1)
			}
		}()
	}
	return answered
}

// busyFor is the processor time of processes, in seconds.
func busyFor(b *testing.B, pids []string) (s float64) {
	b.Helper()
	for _, pid := range pids {
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			b.Fatal(err)
		}
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')'):]))
		for _, ticks := range f[12:14] { // utime and stime, proc_pid_stat(5)
			n, err := strconv.ParseFloat(ticks, 64)
			if err != nil {
				b.Fatal(err)
			}
			s += n / 100
		}
	}
	return s
}

// BenchmarkWatched asks an nginx for all that it can do, in pairs of a round in which it is
// watched and one in which it is not, now the one first and now the other. loss-% is what it
// answers less while it is watched, the median of the pairs, and ±% the standard error of
// that: other work on the machine makes it large. cpu-% is how much more processor time of
// its own it takes per request. scrape is diagnose --listen, asked once in a round of 5 s;
// every-second is diagnose --watch, which is stopped for the rounds without it: the same five
// times as often, so that a fifth of its loss tells that of a scrape with less noise.
func BenchmarkWatched(b *testing.B) {
	for _, c := range []struct {
		name  string
		round time.Duration
		watch func(b *testing.B, path, pid string) (round func() (end func()))
	}{
		{"scrape", exporter.Interval, func(b *testing.B, path, pid string) func() func() {
			l := listen(b, path, nil, "--listen", ":0", "--pid", pid)
			return func() func() { l.metrics(b); return func() {} }
		}},
		{"every-second", 2 * time.Second, func(b *testing.B, path, pid string) func() func() {
			cmd := exec.Command(path, "diagnose", "--watch", "--json", "--pid", pid)
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				cmd.Process.Kill()
				cmd.Wait()
			})
			stop := func() { cmd.Process.Signal(unix.SIGSTOP) }
			stop()
			return func() func() {
				cmd.Process.Signal(unix.SIGCONT)
				return stop
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			path, err := binary()
			if err != nil {
				b.Fatal(err)
			}
			pids, master := proxyAtItsLimit(b)
			watched := c.watch(b, path, master)
			answered := clients(b, 32)
			tw := func() int64 {
				n, err := probe.ReadTimeWait()
				if err != nil {
					b.Fatal(err)
				}
				return n
			}
			for begun := time.Now(); tw() < timeWaitsKept; time.Sleep(100 * time.Millisecond) {
				if time.Since(begun) > 50*time.Second { // the first ones end after a minute
					b.Fatalf("%d TIME_WAITs after %v", tw(), time.Since(begun))
				}
			}
			round := func(watch bool) (perS, cpu float64) {
				end := func() {}
				n, busy, begun := answered.Load(), busyFor(b, pids), time.Now()
				if watch {
					end = watched()
				}
				time.Sleep(time.Until(begun.Add(c.round)))
				done, took := float64(answered.Load()-n), time.Since(begun).Seconds()
				busy = busyFor(b, pids) - busy
				end()
				return done / took, busy / done
			}
			var loss, cpu, rate []float64
			for b.Loop() {
				first := len(loss)%2 == 0
				aPerS, aCPU := round(first)
				bPerS, bCPU := round(!first)
				if !first {
					aPerS, aCPU, bPerS, bCPU = bPerS, bCPU, aPerS, aCPU
				}
				loss, cpu, rate = append(loss, 100*(1-aPerS/bPerS)), append(cpu, 100*(aCPU/bCPU-1)), append(rate, bPerS)
			}
			b.ReportMetric(middle(loss), "loss-%")
			b.ReportMetric(errorOfMiddle(loss), "±%")
			b.ReportMetric(middle(cpu), "cpu-%")
			b.ReportMetric(middle(rate), "requests/s")
			b.ReportMetric(float64(tw()), "TIME_WAITs")
		})
	}
}

// proxyAtItsLimit runs an nginx that is its own backend in a network namespace of the
// benchmark's own.
func proxyAtItsLimit(b *testing.B) (pids []string, master string) {
	b.Helper()
	needs.Network(b)
	setIPv4(b, map[string]string{
		"ip_local_port_range": "1024 65535", "tcp_max_tw_buckets": strconv.Itoa(timeWaitsKept), "tcp_tw_reuse": "0",
	})
	dir := b.TempDir()
	const workers = 2
	master = strconv.Itoa(nginxtest.Start(b, dir, fmt.Sprintf(watchedNginx, dir, workers)).Pid)
	for range 100 {
		text, err := os.ReadFile("/proc/" + master + "/task/" + master + "/children")
		if err != nil {
			b.Fatal(err)
		}
		if pids = strings.Fields(string(text)); len(pids) == workers {
			return pids, master
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Fatalf("nginx has the workers %v", pids)
	return nil, ""
}

// errorOfMiddle is the standard error of the median of what is about normal in its middle
// half.
func errorOfMiddle(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	deviation := (x[len(x)*3/4] - x[len(x)/4]) / 1.35
	return 1.25 * deviation / math.Sqrt(float64(len(x)))
}

// middle is the median.
func middle(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
