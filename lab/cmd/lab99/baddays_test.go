package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// tiny is a scenario of one variant that exhausts 100 ports in one second and
// goes on for some more.
const tiny = "testdata/tiny.yaml"

// TestKill9TakesTheLabAlong: the tether sees its input close, and the kernel
// does the rest. The network stays until the next start, or lab99 clean.
func TestKill9TakesTheLabAlong(t *testing.T) {
	share(t, "docker", tinyLab)
	i := start(t, "run", tiny)
	i.waitForLoad(t, 5)
	if n := len(containers(t, "name=lab99-"+filepath.Base(i.dir(t)))); n != 5 {
		t.Errorf("%d containers run, want 5", n)
	}
	killed := time.Now()
	if err := i.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	i.cmd.Wait()
	nothingLeft(t, 3*time.Second, false)
	path, _ := binary()
	lastSecondIsThere(t, i.dir(t), killed)
	if out, err := exec.Command(path, "report", i.dir(t)).CombinedOutput(); err != nil {
		t.Errorf("no report of what is there: %v: %s", err, out)
	}
	if page, err := os.ReadFile(filepath.Join(i.dir(t), "report.md")); err != nil ||
		!strings.Contains(string(page), "**Partial:**") {
		t.Errorf("the report does not say that it is partial: %v", err)
	}
	if out, err := exec.Command(path, "clean").CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "removed network") {
		t.Errorf("clean: %v: %s", err, out)
	}
	nothingLeft(t, 0, true)
}

// killBackend kills Apache's first process.
func (i *invocation) killBackend(t *testing.T) {
	t.Helper()
	if i.driver == "docker" {
		docker(t, append([]string{"kill"}, containers(t, "name=lab99-"+filepath.Base(i.dir(t))+".*-backend-backend")...)...)
		return
	}
	if err := syscall.Kill(i.find(t, "httpd"), syscall.SIGKILL); err != nil {
		t.Fatal("kill httpd: ", err)
	}
}

// lastSecondIsThere: of every host there is a sample taken in the last second
// before the kill. The events tell when t = 0 was on this machine's clock.
func lastSecondIsThere(t *testing.T, dir string, killed time.Time) {
	t.Helper()
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	last, at := map[string]float64{}, math.Inf(1)
	for _, e := range r.Variants[0].Events {
		if when, err := time.Parse(time.RFC3339Nano, e.Time); err == nil && e.T != nil {
			at = min(at, killed.Sub(when).Seconds()+*e.T)
		}
	}
	for _, s := range r.Variants[0].Samples {
		last[s.Host] = max(last[s.Host], s.T)
	}
	for _, host := range []string{results.HostLoad, results.HostProxy, results.HostBackend} {
		if !(last[host] > at-1) {
			t.Errorf("killed %.2f s into the load, and the last sample of host %s is of %.2f s", at, host, last[host])
		}
	}
}

func TestBackendDiesMidRun(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i := startOn(t, driver, "run", tiny)
		i.waitForLoad(t, 5)
		i.killBackend(t)
		i.wait(t, "2")
		v := i.summary(t).Variants[0]
		if v.Verdict != "invalid" || !strings.Contains(v.Why, "the backend ended by itself") {
			t.Errorf("verdict %s: %s", v.Verdict, v.Why)
		}
		if v.OK == nil || *v.OK == 0 {
			t.Error("what was measured until then is lost")
		}
		i.nothingLeft(t)
	})
}

func TestInterruptOnceStillJudges(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i := startOn(t, driver, "run", tiny)
		i.waitForLoad(t, 20)
		if err := i.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		i.wait(t, "130")
		s := i.summary(t)
		if !s.Partial || s.Variants[0].Verdict != "reproduced" {
			t.Errorf("partial %v, verdict %s: %s", s.Partial, s.Variants[0].Verdict, s.Variants[0].Why)
		}
		if _, err := os.Stat(filepath.Join(i.dir(t), "report.html")); err != nil {
			t.Error("there is no report: ", err)
		}
		i.nothingLeft(t)
	})
}

func TestInterruptTwiceStopsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i := startOn(t, driver, "run", tiny)
		i.waitForLoad(t, 5)
		for range 2 {
			if err := i.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		began := time.Now()
		i.wait(t, "130")
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		i.nothingLeft(t)
	})
}

func TestFullDiskKeepsWhatWasMeasured(t *testing.T) {
	share(t, "netns", tinyLab)
	needs.Root(t)
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=48k"); err != nil {
		t.Fatal("mount a small tmpfs: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(small, 0) })
	i := startOn(t, "netns", "run", tiny, "--out", small)
	i.wait(t, "3")
	stdout, stderr := &i.stdout, &i.stderr
	if !strings.Contains(stderr.String(), "results cannot be written") ||
		!strings.Contains(stderr.String(), "no space left") {
		t.Errorf("it does not say what is wrong: %s", stderr.String())
	}
	if !strings.Contains(stdout.String(), "baseline") || !strings.Contains(stdout.String(), "Finding: ") {
		t.Errorf("what was measured is not printed: %s", stdout.String())
	}
	i.nothingLeft(t)
}

func TestRefusedConfigurationIsQuoted(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i := startOn(t, driver, "run", tiny, "--set", "proxy.config=testdata/bad-nginx.conf")
		i.wait(t, "64")
		if got := i.stderr.String(); !strings.Contains(got, `unknown directive "proxy_pss"`) ||
			!strings.Contains(got, "nginx.conf:4") {
			t.Errorf("nginx's complaint is not quoted: %s", got)
		}
		i.nothingLeft(t)
	})
}

// TestTakenSubnet: the next candidate is taken, and only then is there an error.
func TestTakenSubnet(t *testing.T) {
	share(t, "docker", tinyLab)
	needs.Docker(t)
	const name = "lab99-test-taken"
	docker(t, "network", "create", "--internal", "--subnet", "198.18.99.0/24", name)
	t.Cleanup(func() { docker(t, "network", "rm", name) })
	i := ran(t, "docker", "run", tiny, "--set", "load.stop.after_error_99=500ms")
	events, err := os.ReadFile(filepath.Join(i.dir(t), "baseline", results.EventsFile))
	if err != nil || !strings.Contains(string(events), "198.19.99.0/24") {
		t.Errorf("the next candidate was not taken: %v: %s", err, events)
	}
	i = start(t, "run", tiny, "--subnet", "198.18.99.0/24")
	i.wait(t, "3")
	if !strings.Contains(i.stderr.String(), "--subnet") {
		t.Errorf("no next step: %s", i.stderr.String())
	}
	nothingLeft(t, 0, true)
}

// TestOwnConfiguration: the user's nginx.conf, with only addresses put in,
// reproduces all the same; nginx's log has the last word about causes.
func TestOwnConfiguration(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", tiny, "--set", "proxy.config=testdata/own-nginx.conf", "--set",
		"load.stop.after_error_99=1s")
	v := i.summary(t).Variants[0]
	if v.Verdict != "reproduced" || v.NginxLog.Error99 == 0 || v.Errors.Error99 != v.NginxLog.Error99 {
		t.Errorf("verdict %s, errors %+v, log %+v", v.Verdict, v.Errors, v.NginxLog)
	}
	if v.Neighbour != nil {
		t.Error("a configuration without the neighbour's location has a neighbour's latency")
	}
}

// TestOwnHAProxy: a haproxy.cfg of the user's own in TCP mode, with only what the lab sets
// put in, runs out after K/R, with a try for `retries` besides the first. With a list of ten
// ports in it it never does.
func TestOwnHAProxy(t *testing.T) {
	needs.Program(t, "netns", "haproxy")
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", "testdata/own-haproxy.yaml", "--size", "quick")
	s := i.summary(t)
	v := s.Variants[0]
	if v.Verdict != "reproduced" || v.FirstError == nil || v.NginxLog == nil {
		t.Fatalf("verdict %s, errors %+v, log %+v", v.Verdict, v.Errors, v.NginxLog)
	}
	if at := *v.FirstError; math.Abs(at-2) > 0.04 { // 200 ports at 100/s
		t.Errorf("the first error 99 came after %.3f s", at)
	}
	if lines := float64(v.NginxLog.Error99) / float64(v.Errors.Error99); math.Abs(lines-2) > 0.1 {
		t.Errorf("%.2f lines per failure", lines)
	}
	if v := s.Variants[1]; v.Verdict != "mitigated" || v.Errors.Error99 != 0 || v.OK == nil || *v.OK < 490 {
		t.Errorf("ports of its own: verdict %s, %+v", v.Verdict, v.Errors)
	}
}

// TestStrayFailureDoesNotEndTheLoad: a configuration of the user's own answers
// a request in sixteen by 502 itself. Only error 99 in nginx's log ends the load.
func TestStrayFailureDoesNotEndTheLoad(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", tiny, "--set", "proxy.config=testdata/stray-502-nginx.conf", "--set",
		"load.stop.after_error_99=500ms")
	v := i.summary(t).Variants[0]
	if v.Verdict != "reproduced" || *v.FirstError < 0.9 || *v.OKBefore < 90 {
		t.Errorf("verdict %s (%s), error 99 after %v s and %v ok", v.Verdict, v.Why, *v.FirstError, *v.OKBefore)
	}
	if end := *v.LoadEndS - *v.FirstError; end < 0.4 || end > 1.5 {
		t.Errorf("the load went on for %.2f s after error 99, want 0.5", end)
	}
}

func TestEngineOfAnotherVersion(t *testing.T) {
	needs.Docker(t)
	path := binaryOf(t)
	cmd := exec.Command(path, "run", tiny, "--driver", "docker", "--out", t.TempDir())
	cmd.Env = append(os.Environ(), "DOCKER_API_VERSION=1.99")
	out, err := cmd.CombinedOutput()
	if got := exitStatus(err); got != "3" || !strings.Contains(string(out), "DOCKER_API_VERSION=1.99 is set") {
		t.Errorf("exit code %s: %s", got, out)
	}
}
