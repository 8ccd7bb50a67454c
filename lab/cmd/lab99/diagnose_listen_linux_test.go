package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/diagnose/exporter"
)

// exhaustedNamespace is a process in a network namespace of the test's own, 40 source ports
// of which 40 are in TIME_WAIT. The test stays in that namespace.
func exhaustedNamespace(t testing.TB) (pid int) { return timeWaits(t, "20000 20039", 40, 1) }

// timeWaits makes n TIME_WAITs in a network namespace of its own, towards as many
// destinations, and leaves a process there.
func timeWaits(t testing.TB, ports string, n, destinations int) (pid int) {
	t.Helper()
	needs.Network(t)
	setIPv4(t, map[string]string{"ip_local_port_range": ports, "tcp_tw_reuse": "0"})
	there := sleeper(t)
	for i := range destinations {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80 + i})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		for range n / destinations {
			c, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
			if err != nil {
				t.Fatal(err)
			}
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.Close() // first, so that TIME_WAIT is here
			accepted.Close()
		}
	}
	return there.Pid
}

// served is diagnose --listen, as a program.
type served struct {
	url  string
	pid  int
	end  func(syscall.Signal) (code string) // which may be called twice
	talk *strings.Builder
}

// listen starts the program outside of the namespace that the calling thread is in, and
// waits until it says where it listens.
func listen(t testing.TB, path string, as *syscall.SysProcAttr, args ...string) *served {
	t.Helper()
	cmd := exec.Command(path, append([]string{"diagnose"}, args...)...)
	cmd.SysProcAttr = as
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error)
	go func() { started <- cmd.Start() }() // another thread is where the test began
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	r := &served{talk: &strings.Builder{}}
	r.pid = cmd.Process.Pid
	read := make(chan bool)
	told := make(chan string, 1)
	go func() {
		defer close(read)
		defer close(told)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			r.talk.WriteString(lines.Text() + "\n")
			if m := regexp.MustCompile(`http://\S+`).FindString(lines.Text()); m != "" {
				told <- m
			}
		}
	}()
	ended := false
	r.end = func(s syscall.Signal) string {
		if ended {
			return ""
		}
		ended = true
		cmd.Process.Signal(s)
		<-read
		return exitStatus(cmd.Wait())
	}
	t.Cleanup(func() { r.end(unix.SIGKILL) })
	if r.url = <-told; r.url == "" {
		t.Fatalf("exit code %s: %s", r.end(unix.SIGKILL), r.talk)
	}
	return r
}

func (l *served) metrics(t testing.TB) string {
	t.Helper()
	resp, err := http.Get(l.url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", resp.Status, err, text)
	}
	return string(text)
}

// ofExhausted are the series that an exhausted namespace has.
var ofExhausted = regexp.MustCompile(`(?m)^(lab99_\w+)\{namespace="[^"]+",source="127\.0\.0\.1",destination="127\.0\.0\.1:80"\} (\S+)$`)

// TestDiagnoseServesMetrics: what is exhausted is 40 of 40 and due in 0 s; it ends by SIGTERM
// with 0, and who asks for the same port meanwhile gets an error.
func TestDiagnoseServesMetrics(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	pid := fmt.Sprint(exhaustedNamespace(t))
	l := listen(t, path, nil, "--listen", "127.0.0.1:0", "--pid", pid)
	for name, want := range map[string]string{
		"ephemeral_ports_taken":  "40",
		"ephemeral_ports_usable": "40",
		"seconds_to_exhaustion":  "0",
	} {
		got := ""
		for _, m := range ofExhausted.FindAllStringSubmatch(l.metrics(t), -1) {
			if m[1] == "lab99_"+name {
				got = m[2]
			}
		}
		if got != want {
			t.Errorf("lab99_%s is %q, want %s: %s", name, got, want, l.metrics(t))
		}
	}
	address := strings.TrimSuffix(strings.TrimPrefix(l.url, "http://"), "/metrics")
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("it listens on %s", address)
	}
	taken := make(chan string)
	go func() { // outside of the namespace, as the other one
		out, err := exec.Command(path, "diagnose", "--listen", address, "--pid", pid).CombinedOutput()
		taken <- exitStatus(err) + " " + string(out)
	}()
	if got := <-taken; !strings.HasPrefix(got, "3 ") || !strings.Contains(got, "address already in use") {
		t.Errorf("a second one on %s ends with %s", address, got)
	}
	if code := l.end(unix.SIGTERM); code != "0" {
		t.Errorf("exit code %s after SIGTERM: %s", code, l.talk)
	}
}

// TestTheUnitsRightsSuffice: as nobody with the capabilities of the systemd unit it sees
// another namespace in full; without either of them, not its ports.
func TestTheUnitsRightsSuffice(t *testing.T) {
	needs.Root(t)
	built := binaryOf(t)
	dir, err := os.MkdirTemp("", "lab99-unit-*") // nobody may not enter the test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "lab99")
	text, err := os.ReadFile(built)
	if err == nil {
		err = os.WriteFile(path, text, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	unit := filetest.Read(t, "../../diagnose/exporter/systemd/lab99-diagnose.service")
	numbers := map[string]uintptr{"CAP_SYS_ADMIN": unix.CAP_SYS_ADMIN, "CAP_SYS_PTRACE": unix.CAP_SYS_PTRACE}
	var all []uintptr
	for _, name := range strings.Fields(string(regexp.MustCompile(`(?m)^AmbientCapabilities=(.*)$`).FindSubmatch(unit)[1])) {
		number, known := numbers[name]
		if !known {
			t.Fatalf("the test does not know %s", name)
		}
		all = append(all, number)
	}
	pid := fmt.Sprint(exhaustedNamespace(t))
	look := func(rights []uintptr) (ports bool) {
		as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: rights}
		l := listen(t, path, as, "--listen", "0", "--pid", pid)
		defer l.end(unix.SIGTERM)
		text := l.metrics(t)
		if !ofExhausted.MatchString(text) {
			t.Errorf("with %v its connections are not seen: %s", rights, text)
		}
		return strings.Contains(text, "\nlab99_ephemeral_ports_usable{")
	}
	if !look(all) {
		t.Errorf("the rights of the unit do not show how many ports there are")
	}
	for i := range all {
		if less := append(append([]uintptr{}, all[:i]...), all[i+1:]...); look(less) {
			t.Errorf("%v would do", less)
		}
	}
}

// TestPrometheusScrapes: a real one takes the metrics and fires the alert.
func TestPrometheusScrapes(t *testing.T) {
	needs.Root(t)
	prometheus, err := exec.LookPath("prometheus")
	if err != nil { // no lab needs it
		t.Skip("no prometheus on the PATH: the package prometheus has it")
	}
	path := binaryOf(t)
	l := listen(t, path, nil, "--listen", ":0", "--pid", fmt.Sprint(exhaustedNamespace(t)))
	dir := t.TempDir()
	address := strings.TrimSuffix(strings.TrimPrefix(l.url, "http://"), "/metrics")
	rules, err := filepath.Abs("../../../results/monitoring/diagnose/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`{global: {scrape_interval: 1s, evaluation_interval: 1s}, rule_files: [%q],
  scrape_configs: [{job_name: lab99, static_configs: [{targets: [%q]}]}]}`, rules, address)
	filetest.Write(t, filepath.Join(dir, "prometheus.yml"), config)
	web := make(chan string)
	go func() { // outside of the test's namespace, as the exporter
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			close(web)
			return
		}
		defer free.Close()
		web <- free.Addr().String()
	}()
	at := <-web
	cmd := exec.Command(prometheus, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+at)
	var talk strings.Builder
	cmd.Stderr = &talk
	started := make(chan error)
	go func() { started <- cmd.Start() }()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	query := "http://" + at + `/api/v1/query?query=count(ALERTS{alertname="SourcePortsExhausted",destination="127.0.0.1:80"})`
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(query)
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if strings.Contains(string(text), `"1"]`) {
			return
		}
	}
	t.Errorf("no alert: %s", talk.String())
}

// BenchmarkListen scrapes the program once in 5 s, where there are 30,000 TIME_WAITs.
// core-% is its processor time, and MiB its resident memory, as it says itself; own-MiB is
// what of it is not pages of the program file. A look that takes more than 25 ms of processor
// puts off the next one, and so looks/scrape may be below 1.
func BenchmarkListen(b *testing.B) {
	needs.Root(b)
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	l := listen(b, path, nil, "--listen", ":0", "--pid", fmt.Sprint(timeWaits(b, "20000 34999", 30000, 5)))
	said := func(text, name string) (x float64) {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
		if m == nil {
			b.Fatalf("no %s: %s", name, text)
		}
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	time.Sleep(exporter.Interval)
	first, begun := l.metrics(b), time.Now()
	last := first
	for b.Loop() {
		time.Sleep(exporter.Interval)
		last = l.metrics(b)
	}
	const cpu = "process_cpu_seconds_total"
	b.ReportMetric(100*(said(last, cpu)-said(first, cpu))/time.Since(begun).Seconds(), "core-%")
	b.ReportMetric(said(last, "process_resident_memory_bytes")/(1<<20), "MiB")
	b.ReportMetric((said(last, "lab99_scans_total")-said(first, "lab99_scans_total"))/float64(b.N), "looks/scrape")
	status := filetest.Read(b, fmt.Sprintf("/proc/%d/status", l.pid))
	own, err := strconv.ParseFloat(string(regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(status)[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(own/1024, "own-MiB")
}
