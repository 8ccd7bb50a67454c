package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	dockerdriver "github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/results"
)

// lacking is a scenario with a variant that no kernel since 4.12 can run.
const lacking = "testdata/lacking.yaml"

// TestWhatTheKernelLacksIsSkipped: the rest runs, and whoever reads of it is told.
func TestWhatTheKernelLacksIsSkipped(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i := ran(t, driver, "run", lacking)
		s := i.summary(t) // held against its schema
		if len(s.Variants) != 1 || s.Variants[0].Verdict != "reproduced" || s.Partial {
			t.Errorf("%+v", s)
		}
		if len(s.Skipped) != 1 || s.Skipped[0].Name != "recycle" ||
			!strings.Contains(s.Skipped[0].Why, "has no net.ipv4.tcp_tw_recycle") {
			t.Errorf("skipped: %+v", s.Skipped)
		}
		report := filetest.Read(t, filepath.Join(i.dir(t), "report.md"))
		for _, text := range []string{i.stdout.String(), string(report), s.Finding} {
			if !strings.Contains(text, "recycle") || !strings.Contains(text, results.Skipped) ||
				!strings.Contains(text, s.Skipped[0].Why) {
				t.Errorf("nothing is said of it in\n%s", text)
			}
		}
		i.nothingLeft(t)
	})
}

// TestLackingBaselineIsUnfit: nothing is brought up, and nothing written.
func TestLackingBaselineIsUnfit(t *testing.T) {
	share(t, "netns", tinyLab)
	i := startOn(t, "netns", "run", lacking, "--set", "variants.baseline.proxy.sysctls={net.ipv4.tcp_tw_recycle: 1}")
	i.wait(t, "3")
	if !strings.Contains(i.stderr.String(), "none of the variants can run here: Linux ") {
		t.Errorf("it said: %s", i.stderr.String())
	}
	i.nothingLeft(t)
}

// TestAMisspeltSysctlIsAUsageError: skipped, it would be read as the kernel's lack.
func TestAMisspeltSysctlIsAUsageError(t *testing.T) {
	share(t, "netns", tinyLab)
	i := startOn(t, "netns", "run", lacking, "--set", "variants.recycle.proxy.sysctls={net.ipv4.tcp_tw_resue: 1}")
	i.wait(t, "64")
	if !strings.Contains(i.stderr.String(), "did you mean net.ipv4.tcp_tw_reuse?") {
		t.Errorf("it said: %s", i.stderr.String())
	}
	i.nothingLeft(t)
}

// TestEngineSaysWhatItsKernelLacks: an engine may run on another kernel than this
// one's, and then tells when a container starts.
func TestEngineSaysWhatItsKernelLacks(t *testing.T) {
	needs.Docker(t)
	share(t, "docker", tinyLab)
	program := binaryOf(t)
	d, err := dockerdriver.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.Program = program
	const madeUp = "net.ipv4.lab99_made_up"
	l, err := d.Up(t.Context(), driver.Spec{
		Run: filepath.Base(t.TempDir()) + "-lacking", Variant: "made-up", OnRecord: func(string, agent.Record) {},
		Configure: func(driver.Topology) (proxy, backend driver.Server, err error) {
			s := driver.Server{Name: "a server", Agent: true, Command: []string{"backend", "--listen", "0.0.0.0:8080"}}
			lacking := s
			lacking.Sysctls = map[string]string{madeUp: "1"}
			return lacking, s, nil
		},
	})
	if err == nil {
		l.Down(context.Background())
		t.Fatal("it came up")
	}
	if e := new(driver.LackingError); !errors.As(err, &e) || e.Sysctl != madeUp ||
		!errors.As(err, new(*driver.UnfitError)) {
		t.Errorf("%v: want an UnfitError that names %s", err, madeUp)
	}
	nothingLeft(t, 0, false)
}
