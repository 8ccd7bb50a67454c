package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"math"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/loadgen"
)

// loadDoc is what a program that reads --json may rely on.
type loadDoc struct {
	loadgen.Report
	RequestedPerS    *float64 `json:"requested_per_s"`
	ConnectionsIdeal int64    `json:"connections_ideal"`
	Hints            []string `json:"hints"`
	Search           *struct {
		RatePerS float64 `json:"rate_per_s"`
		Curve    []struct{ Kept bool }
	}
}

// lab99 is the program, started as a process of its own.
func lab99(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "LAB99_AS_PROGRAM=1")
	return cmd
}

// loaded runs lab99 load --json, checks its exit code and holds its output
// against the schema and the laws of counting.
func loaded(t *testing.T, code string, cmd *exec.Cmd) loadDoc {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if got := exitStatus(cmd.Run()); got != code {
		t.Fatalf("exit code %s, want %s: %s", got, code, stderr.String())
	}
	return checked(t, stdout.Bytes())
}

func checked(t *testing.T, b []byte) loadDoc {
	t.Helper()
	if err := schematest.Load(t, b); err != nil {
		t.Fatalf("the output does not fit its schema: %v\n%s", err, b)
	}
	var d loadDoc
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	var causes int64
	for _, n := range d.Causes {
		causes += n
	}
	if d.Scheduled != d.Sent+d.Dropped || d.Sent != d.OK+d.Failed+d.Unfinished || d.Failed != causes {
		t.Errorf("the counts do not add up: %s", b)
	}
	return d
}

func TestLoadJSONFitsItsSchema(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	secure := httptest.NewUnstartedServer(loadHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go answerOnce(l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	closing := "http://" + l.Addr().String() + "/"
	for name, c := range map[string]struct {
		args []string
		code string
		want func(d loadDoc) bool
	}{
		"open loop": {[]string{"--rate", "300"}, "0", func(d loadDoc) bool {
			return d.OK == 60 && *d.RequestedPerS == 300 && d.LatencyMs.P50 > 0 && d.LatenessUs.P50 > 0 &&
				d.ConnectionsIdeal == 4
		}},
		"closed loop": {[]string{"--mode", "closed"}, "0", func(d loadDoc) bool {
			return d.OK > 10 && d.RequestedPerS == nil && d.LatenessUs == nil
		}},
		"failures": {
			[]string{"--rate", "100", "--stop", "any:3", s.URL + "/502"},
			"1",
			func(d loadDoc) bool { return d.Failed >= 3 && d.StoppedBy != "" },
		},
		"nobody listens": {[]string{"--rate", "50", "http://127.0.0.1:1/"}, "1", func(d loadDoc) bool {
			return d.Causes[loadgen.CauseRefused] == 10 && d.ConnectWhy == "127.0.0.1:1: connection refused"
		}},
		"a stranger's certificate": {[]string{"--rate", "50", secure.URL + "/"}, "1", func(d loadDoc) bool {
			return d.Causes[loadgen.CauseTLS] == 10 && strings.Contains(d.ConnectWhy, "x509: ") && len(d.Hints) == 1 &&
				strings.Contains(d.Hints[0], "--insecure")
		}},
		"a stop, with successes": {
			[]string{"--rate", "100", "--mix", "GET /", "--mix", "GET /502", "--stop", "any:3"},
			"1",
			func(d loadDoc) bool { return d.OK > 0 && d.StoppedBy != "" },
		},
		"retries": {[]string{"--mode", "closed", "-n", "200", "--retry-stale", closing}, "0", func(d loadDoc) bool {
			return d.OK == 200 && d.ClosesAfter == 1 && d.ReuseEnded == d.Retried && len(d.Addresses) == 1
		}},
		"close after two": {
			[]string{"--rate", "100", "--close-after", "2"},
			"0",
			func(d loadDoc) bool { return d.ConnectionsIdeal == 10 && d.ConnectionsOpened >= 10 },
		},
		"broken SLO": {[]string{"--rate", "100", "--slo", "max<1us"}, "1", func(d loadDoc) bool { return d.OK == 20 }},
		"search": {[]string{
			"--find-max", "--slo", "p99<20ms", "--rate", "400", "--mode", "relaxed", "--cool", "10ms",
		}, "0", func(d loadDoc) bool {
			return d.Search != nil && d.Search.RatePerS >= 400 && len(d.Search.Curve) > 1 &&
				math.Abs(d.OfferedPerS/d.Search.RatePerS-1) < 0.05
		}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"load", "--json", "--duration", "200ms", "--connections", "4"}, c.args...)
			if !strings.HasPrefix(args[len(args)-1], "http") {
				args = append(args, s.URL+"/")
			}
			if d := loaded(t, c.code, lab99(args...)); !c.want(d) {
				d.Histograms = nil
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestLoadSchemaRefuses shows that the schema can fail.
func TestLoadSchemaRefuses(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	good, err := lab99("load", "--json", "--rate", "50", "--duration", "100ms", s.URL).Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another version":    {"lab99/load/v1", "lab99/load/v2"},
		"a negative count":   {`"dropped": 0`, `"dropped": -1`},
		"an unknown field":   {`"dropped": 0`, `"dropped": 0, "droped": 0`},
		"a missing field":    {`"dropped": 0,`, ``},
		"an unknown limiter": {`"mode": "exact"`, `"mode": "precise"`},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing changed", name)
		}
		if schematest.Load(t, []byte(bad)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestLoadInterruptedStillPrints(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	cmd := lab99("load", "--json", "--rate", "100", "--duration", "30s", s.URL)
	time.AfterFunc(500*time.Millisecond, func() { cmd.Process.Signal(os.Interrupt) })
	began := time.Now()
	d := loaded(t, "130", cmd)
	if took := time.Since(began); !d.Interrupted || d.OK == 0 || took > 5*time.Second {
		t.Errorf("interrupted %v, ok %d, after %v", d.Interrupted, d.OK, took)
	}
}

// TestLoadInterruptedTwiceDoesNotWait: the first interrupt waits for what is in
// flight, here for long; the second does not.
func TestLoadInterruptedTwiceDoesNotWait(t *testing.T) {
	cmd := lab99("load", "--rate", "100", "--duration", "30s", "--timeout", "20s", "http://"+neverAnswers(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 2 {
		time.Sleep(500 * time.Millisecond)
		cmd.Process.Signal(os.Interrupt)
	}
	if got := exitStatus(cmd.Wait()); got != "130" || time.Since(began) > 5*time.Second {
		t.Errorf("exit code %s after %v", got, time.Since(began))
	}
}

// neverAnswers is the address of a listener whose kernel takes connections
// that nobody reads.
func neverAnswers(t *testing.T) string {
	t.Helper()
	s := loadTarget()
	t.Cleanup(s.Close)
	addr := s.Listener.Addr().String()
	f, err := s.Listener.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	s.Listener.Close() // ends Accept; the duplicate keeps the queue open
	t.Cleanup(func() { f.Close() })
	return addr
}

// TestLoadOwnDescriptorsRunOut: a run that its own host cut short is invalid,
// and says whose limit it was.
func TestLoadOwnDescriptorsRunOut(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	self := lab99("load", "--json", "--rate", "500", "--duration", "300ms", "--connections", "200", s.URL)
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 64; exec "$@"`, "sh"}, self.Args...)...)
	cmd.Env = self.Env
	d := loaded(t, "2", cmd)
	if !strings.Contains(d.OwnLimit, "file descriptors: its limit is 64, 200 connections were asked for") {
		t.Errorf("own limit %q, bottleneck %s", d.OwnLimit, d.Bottleneck)
	}
}

// TestLoadOwnPortsRunOut: a client that closes each connection runs out of
// source ports of its own, which must not be taken for the target's failure.
// A network namespace of its own has ten.
func TestLoadOwnPortsRunOut(t *testing.T) {
	needs.Root(t)
	for _, name := range []string{"unshare", "ip", "nginx"} {
		needs.Program(t, "netns", name)
	}
	addr, _, file := nginxConf(t)
	self := lab99("load", "--json", "--rate", "100", "--duration", "500ms", "--connections", "4", "--close-after", "1",
		"http://"+addr)
	script := `ip link set lo up; echo 20000 20009 >/proc/sys/net/ipv4/ip_local_port_range
nginx -c "$0" & trap "kill $!; wait $!" EXIT
sleep 0.5; "$@"; exit $?`
	cmd := exec.Command("unshare", append([]string{"-n", "sh", "-c", script, file}, self.Args...)...)
	cmd.Env = self.Env
	d := loaded(t, "2", cmd)
	if d.OK != 10 || d.Causes[loadgen.CauseNoPorts] != 40 || !strings.Contains(d.OwnLimit, "source ports") ||
		!strings.Contains(d.OwnLimit, "20000-20009") {
		t.Errorf("ok %d, causes %v, own limit %q", d.OK, d.Causes, d.OwnLimit)
	}
}

// TestLoadStartsTogether: two generators given one moment begin at it, and
// their sum is exact.
func TestLoadStartsTogether(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	at := time.Now().Add(1500 * time.Millisecond).UTC()
	dir := t.TempDir()
	var files []string
	var cmds []*exec.Cmd
	for _, name := range []string{"a.json", "b.json"} {
		file := filepath.Join(dir, name)
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd := lab99("load", "--json", "--rate", "200", "--duration", "300ms", "--connections", "2", "--start-at",
			at.Format(time.RFC3339Nano), s.URL)
		cmd.Stdout, cmd.Stderr = f, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		files, cmds = append(files, file), append(cmds, cmd)
	}
	var parts []loadDoc
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		b := filetest.Read(t, files[i])
		d := checked(t, b)
		if off := d.StartUTC.Sub(at).Abs(); off > 5*time.Millisecond {
			t.Errorf("%s began %v off its start", files[i], off)
		}
		parts = append(parts, d)
	}
	sum := loaded(t, "0", lab99(append([]string{"load", "merge", "--json"}, files...)...))
	if sum.OK != parts[0].OK+parts[1].OK || sum.OK != 120 || math.Abs(sum.OfferedPerS-400) > 10 ||
		math.Abs(*sum.RequestedPerS-400) > 10 {
		t.Errorf("the sum: ok %d, offered %v/s, requested %v/s", sum.OK, sum.OfferedPerS, *sum.RequestedPerS)
	}
	if m := math.Max(parts[0].LatencyMs.Max, parts[1].LatencyMs.Max); sum.LatencyMs.Max != m {
		t.Errorf("the highest latency of the sum is %v ms, of its parts %v ms", sum.LatencyMs.Max, m)
	}
}

// TestLoadAgreesWithNginx: what the generator counts is what real nginx logs.
func TestLoadAgreesWithNginx(t *testing.T) {
	needs.Program(t, "docker", "nginx")
	addr, dir, file := nginxConf(t)
	nginx := exec.Command("nginx", "-c", file)
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { nginx.Process.Signal(syscall.SIGQUIT); nginx.Wait() }()
	for range 100 {
		if lab99("load", "--debug", "http://"+addr).Run() == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	before, _ := os.ReadFile(filepath.Join(dir, "access.log"))
	d := loaded(t, "0", lab99("load", "--json", "--rate", "5000", "--duration", "1s", "--connections", "16",
		"--mix", "9 GET /", "--mix", "1 GET /gone", "http://"+addr))
	after := filetest.Read(t, filepath.Join(dir, "access.log"))
	log := string(after[len(before):])
	if ok, gone := strings.Count(log, `" 200 `), strings.Count(log, `" 404 `); int64(ok) != d.Status[200] ||
		int64(gone) != d.Status[404] || ok != 4500 || gone != 500 {
		t.Errorf("nginx logged %d × 200 and %d × 404; reported were %v", ok, gone, d.Status)
	}
	// nginx closes each connection after its 100th request: a reconnect, no failure.
	if d.Failed != 500 || d.ConnectionsOpened < 50 {
		t.Errorf("failed %d, %d connections for 5000 requests of 100 each", d.Failed, d.ConnectionsOpened)
	}
}

// nginxConf writes a configuration for nginx in the foreground, at a free port.
func nginxConf(t *testing.T) (addr, dir, file string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	dir = t.TempDir()
	conf := strings.NewReplacer("DIR", dir, "ADDR", addr).Replace(`
pid DIR/pid; error_log DIR/error.log; daemon off; worker_processes 1;
events { worker_connections 256; }
http {
    access_log DIR/access.log;
    client_body_temp_path DIR/1; proxy_temp_path DIR/2; fastcgi_temp_path DIR/3; uwsgi_temp_path DIR/4; scgi_temp_path DIR/5;
    server { listen ADDR; keepalive_requests 100; location / { return 200 "ok"; } location /gone { return 404; } }
}`)
	file = filepath.Join(dir, "nginx.conf")
	filetest.Write(t, file, conf)
	return addr, dir, file
}
