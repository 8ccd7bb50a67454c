//go:build soak

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
	"k8s.io/utils/ptr"
)

// TestSoakQuick is twenty quick runs in a row: twenty as expected.
func TestSoakQuick(t *testing.T) {
	const runs = 20
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "run\texit\tbaseline ok\tfirst error 99\tmulti-ip ok\tfirst error 99\tkeepalive "+
		"connections\tρ\ttw-reuse failed\tlate\tup s\tenter to error 99\ttook")
	asExpected := 0
	for n := range runs {
		began := time.Now()
		i := start(t, "reproduce", "--size", "quick")
		code := exitStatus(i.cmd.Wait())
		took := time.Since(began)
		s := i.summary(t)
		if code == "0" {
			asExpected++
			holdMain(t, s, 500, 200)
		} else {
			t.Errorf("run %d: exit code %s: %s\n%s", n+1, code, s.Finding, i.stdout.String())
		}
		b, k, r, m := s.Variant("baseline"), s.Variant("keepalive"), s.Variant("tw-reuse"), s.Variant("multi-ip")
		if b == nil || k == nil || r == nil || m == nil {
			continue
		}
		var late int64
		for _, v := range s.Variants {
			late += *v.Late
		}
		fmt.Fprintf(tw, "%d\t%s\t%d\t%.3f\t%d\t%.3f\t%d\t%.3f\t%d\t%d\t%.2f\t%.2f\t%.1f s\n",
			n+1, code, *b.OK, ptr.Deref(b.FirstError, -1), *m.OK, ptr.Deref(m.FirstError, -1),
			*k.NewConns, ptr.Deref(k.RhoSteady, -1), *r.Failed, late,
			*b.Timing.UpS, ptr.Deref(b.Timing.EnterToError99S, -1), took.Seconds())
	}
	tw.Flush()
	t.Logf("%d of %d as expected\n%s", asExpected, runs, table.String())
	nothingLeft(t, 0, true)
}

// TestSoakReproduceWithPoolingNginx is the main job with an nginx that pools by default.
func TestSoakReproduceWithPoolingNginx(t *testing.T) {
	const ports, rate = 250, 200
	i := ran(t, "netns", "reproduce", "--size", "quick", "--set", "proxy.image=apt:forky", "--parallel", "2",
		"--set", fmt.Sprint("size.ports=", ports), "--set", "size.duration=5s", "--set", "load.stop.after_error_99=1s")
	s := i.summary(t)
	holdMain(t, s, ports, rate)
	r, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("nginx", r.Env.Variants[0].Hosts[results.HostProxy].Version)
}

// TestSoakKill9 kills the command thirty times, at any moment of its life.
func TestSoakKill9(t *testing.T) {
	const kills = 30
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range kills {
		i := start(t, "run", tiny)
		at := time.Duration(rnd.Int64N(int64(7 * time.Second)))
		time.Sleep(at)
		i.cmd.Process.Signal(syscall.SIGKILL)
		i.cmd.Wait()
		t.Logf("kill %d after %v", n+1, at.Round(time.Millisecond))
		leftAfterKill(t)
	}
	// The next start sweeps whatever networks, and half-made containers, are
	// left and are too old to be those of a run just coming up.
	time.Sleep(4 * time.Second)
	ran(t, "docker", "run", tiny)
	nothingLeft(t, 0, true)
}

// TestSoakKill9Netns does the same to thirty runs in namespaces. Nothing is
// ever left to sweep.
func TestSoakKill9Netns(t *testing.T) {
	const kills = 30
	rnd := rand.New(rand.NewPCG(3, 4))
	for range kills {
		killAnywhere(t, time.Duration(rnd.Int64N(int64(tinyTakes))))
	}
}

// leftAfterKill fails if a container still runs. One that was created and not
// yet started when the command died is nobody's to start, and is swept at the
// next start.
func leftAfterKill(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Second)
	for {
		running := docker(t, "ps", "-q", "--filter", "label=org.lab99.run")
		if len(running) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", running)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestSoakFull is the kernel's own range. The laws: the rate collapses at
// P/(2fR) within 5 %; error 99, if it comes, comes later.
func TestSoakFull(t *testing.T) {
	i := start(t, "reproduce", "--size", "full")
	code := exitStatus(i.cmd.Wait())
	s := i.summary(t)
	t.Logf("exit %s\n%s", code, i.stdout.String())
	b := s.Variant("baseline")
	if !b.Collapsed {
		t.Fatalf("the baseline did not collapse: %s", b.Why)
	}
	want := float64(*b.Ports.Usable) / (2 * b.OfferedPerS)
	if d := *b.CollapseS/want - 1; d < -0.05 || d > 0.05 {
		t.Errorf("collapse after %.2f s, want %.2f s within 5 %%", *b.CollapseS, want)
	}
	if code != "0" {
		t.Errorf("exit code %s", code)
	}
	if dir := os.Getenv("LAB99_KEEP"); dir != "" {
		if err := os.CopyFS(dir, os.DirFS(i.dir(t))); err != nil {
			t.Error(err)
		}
	}
}

// TestSoakCatalogue runs all of it on each driver: every variant as expected
// and as its law has it, the same verdicts on both, in under 25 minutes.
func TestSoakCatalogue(t *testing.T) {
	verdicts := map[string]string{} // by driver
	onEach(t, func(t *testing.T, driver string) {
		i := startWithin(t, 40*time.Minute, driver, "run", "--all", "--size", "quick")
		code := exitStatus(i.cmd.Wait())
		t.Logf("exit %s\n%s", code, i.stdout.String())
		if code != "0" {
			t.Errorf("exit code %s, want 0", code)
		}
		i.nothingLeft(t)
		_, c := i.catalogue(t)
		if limit := 25 * time.Minute; c.TookS > limit.Seconds() {
			t.Errorf("it took %.1f minutes, want at most %v", c.TookS/60, limit)
		}
		for _, r := range c.Scenarios {
			for _, v := range r.Variants {
				verdicts[driver] += r.Name + " " + v.Name + " " + v.Verdict + "\n"
			}
			t.Run(r.Name, func(t *testing.T) { teaches(t, filepath.Join(i.out, r.Run)) })
		}
	})
	if d, n := verdicts["docker"], verdicts["netns"]; d != "" && n != "" && d != n {
		t.Errorf("the drivers disagree: docker has\n%snetns has\n%s", d, n)
	}
}

// TestSoakOtherFigures runs every scenario with figures that are not its
// file's: one pair for all, and one drawn for each. The prediction follows them,
// and the run follows the prediction.
func TestSoakOtherFigures(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, name := range scenarios.Names() {
		// What fails at ten times the rate still leaves nginx half a core: R·P·0.15 µs.
		ports := 300 + rnd.IntN(2700)
		pairs := [][2]int{{737, 91}, {ports, 60 + rnd.IntN(min(340, 330_000/ports-60))}}
		t.Run(name, func(t *testing.T) {
			for _, pair := range pairs {
				t.Run(fmt.Sprintf("%d at %d", pair[0], pair[1]), func(t *testing.T) { runsWith(t, name, pair[0], pair[1]) })
			}
		})
	}
}

// runsWith runs a scenario with so many ports and requests per second. The exit
// code is 0 where the law decides, and 2 where it says that the run cannot: at a
// load factor between 0.9 and 1.
func runsWith(t *testing.T, name string, ports, rate int) {
	t.Helper()
	i := startOn(t, "netns", "run", name, "--size", "quick", "--set", fmt.Sprintf("size.ports=%d", ports), "--set",
		fmt.Sprintf("size.rate=%d", rate))
	code := exitStatus(i.cmd.Wait())
	i.nothingLeft(t)
	s := i.summary(t)
	want := "0"
	for _, v := range s.Variants {
		if v.Predicted.Verdict == "inconclusive" {
			want = "2"
		}
		t.Logf("%-16s %-14s %s", v.Name, v.Verdict, v.Why)
	}
	if code != want {
		t.Errorf("exit code %s, want %s\n%s", code, want, i.stdout.String())
	}
	teaches(t, i.dir(t))
}

// TestSoakSawTooth is 150 s of constant load on 1,000 ports: three bursts of 1,000
// successes, and 60 to 62 s from each to the next; and of a load that falls, none
// fails once the ports are back.
func TestSoakSawTooth(t *testing.T) {
	i := ran(t, "netns", "run", "saw-tooth", "--size", "standard")
	teaches(t, i.dir(t))
	s := i.summary(t)
	if v := s.Variant("constant"); *v.OK < 3000 || *v.OK > 3006 {
		t.Errorf("%d succeeded in 150 s, want 3000 (+0..2 in each of three bursts)", *v.OK)
	}
}
