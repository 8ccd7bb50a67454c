package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestReproduceQuick is the main job: error 99 in real nginx before a real
// Apache, and the three fixes, as the laws have it, with the same verdicts on
// every driver. It is alone, for it has limits of time.
func TestReproduceQuick(t *testing.T) {
	verdicts := map[string]string{} // by driver
	for _, driver := range []string{"docker", "netns"} {
		t.Run(driver, func(t *testing.T) {
			for _, v := range reproduceQuick(t, driver).Variants {
				verdicts[driver] += v.Name + " " + v.Verdict + "\n"
			}
		})
	}
	if d, n := verdicts["docker"], verdicts["netns"]; d != "" && n != "" && d != n {
		t.Errorf("the drivers disagree: docker has\n%snetns has\n%s", d, n)
	}
}

// limit is how long it may take, in seconds, until a lab is up, until it is
// down, and from the start of the command to the baseline's first error 99.
type limit struct{ up, down, error99 float64 }

// limitOf is the limit of a driver. A lab has five containers and a network, so
// an engine that takes long for a single container (0.8 s with fuse-overlayfs,
// 0.2 s with overlay2) has six of those to bring a lab up, and two to end it.
// All four labs come up, one after the other, before the first is under load:
// an engine with 0.56 s for a container took 10.1 s to the first error 99.
func limitOf(t *testing.T, driver string, one float64) limit {
	const error99 = 10
	if driver == "netns" {
		return limit{0.5, 0.2, error99}
	}
	t.Logf("the engine takes %.2f s for a container", one)
	up := max(2, 6*one)
	return limit{up, max(1, 2*one), max(error99, 4*up+2.5)}
}

// oneContainer is how long the engine takes for a container that does nothing,
// in seconds, the median of three. The image is one that a run has left.
func oneContainer(t *testing.T) float64 {
	t.Helper()
	out, err := exec.Command("docker", "images", "--quiet", "--filter", "label=org.lab99.role=nginx").Output()
	image, _, _ := strings.Cut(string(out), "\n")
	if err != nil || image == "" {
		t.Fatalf("no image of nginx to time the engine with: %v", err)
	}
	var took []float64
	for range 3 {
		began := time.Now()
		cmd := exec.Command("docker", "run", "--rm", "--entrypoint", "/usr/sbin/nginx", image, "-v")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker run: %v: %s", err, out)
		}
		took = append(took, time.Since(began).Seconds())
	}
	slices.Sort(took)
	return took[1]
}

func reproduceQuick(t *testing.T, driver string) results.Summary {
	t.Helper()
	const most = 25.0 // seconds, with the images present
	i := ran(t, driver, "reproduce", "--size", "quick")
	took := time.Since(i.began)
	s := i.summary(t)
	holdMain(t, s, 500, 200)
	i.nothingLeft(t)
	one := 0.0
	if driver == "docker" {
		one = oneContainer(t)
	}
	limit := limitOf(t, driver, one)
	if took.Seconds() > most {
		t.Errorf("the command took %v, want at most %.0f s with the images present", took, most)
	}
	if e := s.Variants[0].Timing.EnterToError99S; e == nil {
		t.Error("no time from enter to the first error 99")
	} else if *e > limit.error99 {
		t.Errorf("the first error 99 came %.1f s after enter, want at most %.1f", *e, limit.error99)
	}
	var up, down []float64
	for _, v := range s.Variants {
		up, down = append(up, *v.Timing.UpS), append(down, *v.Timing.DownS)
	}
	slices.Sort(up)
	slices.Sort(down)
	t.Logf("up %v s, down %v s", up, down)
	// All but the slowest: a shared machine may stall once.
	if up[2] > limit.up || down[2] > limit.down {
		t.Errorf("labs came up in %v s and went down in %v s, want at most %v and %v", up, down, limit.up, limit.down)
	}
	for _, name := range []string{
		"report.html", "report.md", "plan.json", "env.json",
		"charts/comparison.svg", "charts/comparison.png", "charts/comparison.json",
		"metrics.txt", "monitoring/alerts.yml", "monitoring/grafana-dashboard.json",
		"baseline/latency.hlog", "baseline/nginx.conf",
	} {
		if info, err := os.Stat(filepath.Join(i.dir(t), name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := results.Open(i.dir(t))
	if err != nil || len(r.Variants) != 4 || r.Variants[0].Latency == nil {
		t.Fatalf("the run cannot be read back: %v", err)
	}
	if r.Env.Driver != driver || r.Env.DriverWhy == "" {
		t.Errorf("env.json says that the driver was %q, %q", r.Env.Driver, r.Env.DriverWhy)
	}
	return s
}

// TestPoolingNginxRunsOut: from 1.29.7 on nginx pools upstream connections unless told not
// to, and speaks HTTP/1.1 by default. The law is the same, because the configuration leaves
// nothing to defaults. TestSoakReproduceWithPoolingNginx has the fixes, too.
func TestPoolingNginxRunsOut(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", tiny, "--set", "proxy.image=apt:forky", "--set", "load.stop.after_error_99=500ms")
	exhausted(t, i.summary(t).Variants[0], 100, 1)
}

// holdMain holds a run of the main scenario against the table of what it must show.
func holdMain(t *testing.T, s results.Summary, ports int64, rate float64) {
	t.Helper()
	if s.AsExpected == nil || !*s.AsExpected || len(s.Variants) != 4 {
		t.Fatalf("as expected: %v of %d variants: %s", s.AsExpected, len(s.Variants), s.Finding)
	}
	for _, v := range s.Variants {
		if *v.Scheduled != *v.Sent+*v.Dropped || *v.Sent != *v.OK+*v.Failed+*v.Unfinished {
			t.Errorf("%s: %d scheduled, %d sent, %d dropped, %d ok, %d failed, %d unfinished do not add up",
				v.Name, *v.Scheduled, *v.Sent, *v.Dropped, *v.OK, *v.Failed, *v.Unfinished)
		}
		if v.Errors.Error99 != v.NginxLog.Error99 {
			t.Errorf("%s: %d requests failed by error 99, nginx logged %d",
				v.Name, v.Errors.Error99, v.NginxLog.Error99)
		}
		switch v.Name {
		case "baseline":
			exhausted(t, v, ports, float64(ports)/rate)
		case "multi-ip":
			exhausted(t, v, 3*ports, 3*float64(ports)/rate)
		default:
			if *v.Failed != 0 {
				t.Errorf("%s: %d requests failed", v.Name, *v.Failed)
			}
		}
	}
	k := s.Variant("keepalive")
	if share := float64(*k.NewConns) / float64(*k.Sent); share > 0.05 {
		t.Errorf("keepalive: %.1f %% of the requests opened a connection, want at most 5 %%", 100*share)
	}
	if *k.RhoSteady > 0.9 {
		t.Errorf("keepalive: load factor %.2f", *k.RhoSteady)
	}
}

// exhausted: K successes (+0..2), and the first error 99 at K/R.
func exhausted(t *testing.T, v results.Variant, ok int64, first float64) {
	t.Helper()
	if v.FirstError == nil {
		t.Errorf("%s: no error 99", v.Name)
		return
	}
	if *v.OK < ok || *v.OK > ok+2 {
		t.Errorf("%s: %d succeeded, want %d (+0..2)", v.Name, *v.OK, ok)
	}
	within := law.Tolerance(first)
	for _, c := range v.Comparisons {
		if c.ID == law.FirstError99.ID { // and a pause of the generator, as it was measured
			within = max(within, c.Tolerance)
		}
	}
	if math.Abs(*v.FirstError-first) > within {
		t.Errorf("%s: first error 99 after %.3f s, want %.2f s within %.0f ms",
			v.Name, *v.FirstError, first, 1000*within)
	}
	if *v.TimeWait.ProxyPeak != ok {
		t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d", v.Name, *v.TimeWait.ProxyPeak, ok)
	}
	if *v.CloseShare < 0.98 {
		t.Errorf("%s: nginx closed %.1f %% of the connections first, want all", v.Name, 100**v.CloseShare)
	}
}

// TestSlowLeakIsNoCure: nothing fails in four seconds, and yet the ports of
// three addresses will be used up after six.
func TestSlowLeakIsNoCure(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ranTo(t, "2", "netns", "run", "testdata/slow-leak.yaml")
	v := i.summary(t).Variants[0]
	if *v.Failed != 0 || v.Verdict != "inconclusive" {
		t.Errorf("%d failed, verdict %s: %s", *v.Failed, v.Verdict, v.Why)
	}
	if want := 100 * 61.0 / 600; math.Abs(*v.RhoSteady-want) > 0.05*want {
		t.Errorf("load factor %.2f, want %.2f within 5 %%", *v.RhoSteady, want)
	}
}
