package reenact

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios"
)

func live(g diagnose.Group, n int) diagnose.Group {
	g.States["established"] = n
	for i := range n {
		g.LivePorts = append(g.LivePorts, uint16(40000+i))
	}
	return g
}

// TestNothingToSave says why, and whether it is for want of rights.
func TestNothingToSave(t *testing.T) {
	blind := host(100, waiting("10.0.0.5", "10.0.0.9:8080", 90, 9))
	blind.Namespaces[0].Ports, blind.Namespaces[0].Outside = nil, true
	for name, c := range map[string]struct {
		s     *diagnose.Snapshot
		says  string
		blind bool
	}{
		"nothing was seen":    {&diagnose.Snapshot{}, "no network namespace", true},
		"no connection":       {host(100), "no outgoing connection", false},
		"ports are unknown":   {blind, "look as root", true},
		"hardly any load":     {host(100, waiting("10.0.0.5", "10.0.0.9:8080", 12, 0.2)), "fewer than 1 connection", false},
		"a pool that stays":   {host(100, live(waiting("10.0.0.5", "10.0.0.9:8080", 0, 1), 40)), "fewer than 1", false},
		"no port is usable":   {host(0, waiting("10.0.0.5", "10.0.0.9:8080", 90, 9)), "how many ports", true},
		"nothing but arrived": {host(100), "no outgoing connection", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Choose(diagnose.Conclude(c.s, diagnose.Options{Horizon: time.Minute}))
			var nothing *NothingError
			if !errors.As(err, &nothing) || nothing.Blind != c.blind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// TestNearestIsChosen: of several loads the one whose ports end first, though --top hides
// its peers.
func TestNearestIsChosen(t *testing.T) {
	s := host(1000,
		waiting("10.0.0.5", "10.0.0.1:80", 700, 12),   // fuller, and holds
		waiting("10.0.0.5", "10.0.0.9:8080", 400, 40), // runs out
		waiting("10.0.0.5", "10.0.0.10:8080", 390, 39),
		waiting("10.0.0.5", "10.0.0.11:9999", 390, 39), // of another service
		waiting("10.0.0.6", "10.0.0.9:8080", 390, 38),
	)
	c := choose(t, s)
	if c.Tuple.Destination != "10.0.0.9:8080" || c.sources != 2 || c.destinations != 2 || c.share != 0.25 {
		t.Errorf("%s, %d sources and %d destinations, share %g",
			c.Tuple.Destination, c.sources, c.destinations, c.share)
	}
}

// TestScaledAlike: at every size the law has error 99 at the same moment, and the same load
// factor, as for the host.
func TestScaledAlike(t *testing.T) {
	for _, ports := range []int{40, 500, 4000, 28232, 64512} {
		for _, perS := range []float64{2, 30, 700, 9000} {
			s := host(1, waiting("10.0.0.5", "10.0.0.9:8080", 300, perS))
			n := &s.Namespaces[0]
			n.Ports.Low, n.Ports.High, n.Ports.Usable = 1024, 1023+ports, ports
			c, _, _ := save(t, s)
			host := c.lab()
			host.MaxTwBuckets = 0 // it is out of reach of the ports, and so of the lab's
			want := law.Predict(host)
			for _, size := range c.sizes() {
				got := size.Foretold
				// Whole ports and four digits of the rate.
				if math.Abs(got.Rho-want.Rho) > 0.006*want.Rho {
					t.Errorf("%d ports, %g a second, %s: ρ %g, want %g", ports, perS, size.Name, got.Rho, want.Rho)
				}
				if got.Estimated {
					continue // connect() gets expensive in a large range, and the moment is an estimate
				}
				if (got.FirstError99S == nil) != (want.FirstError99S == nil) ||
					want.FirstError99S != nil && math.Abs(*got.FirstError99S-*want.FirstError99S) > 0.006**want.FirstError99S {
					t.Errorf("%d ports, %g a second, %s: %s, want %s",
						ports, perS, size.Name, foretold(got), foretold(want))
				}
				if size.Name == "quick" && got.FirstError99S != nil && *got.FirstError99S < 25 && size.Duration > 32*time.Second {
					t.Errorf("%d ports, %g a second: a load of %v", ports, perS, size.Duration)
				}
			}
		}
	}
}

// TestSettings: what the namespace has goes into the scenario, scaled where it counts
// TIME_WAITs.
func TestSettings(t *testing.T) {
	const reuse = "net.ipv4.tcp_tw_reuse"
	for name, c := range map[string]struct {
		sysctls map[string]string
		want    func(scenarios.Variant) bool
	}{
		"reuse": {map[string]string{reuse: "1", reuse + "_delay": "500"}, func(v scenarios.Variant) bool {
			return v.Proxy.Sysctls[reuse] == "1" && v.Proxy.Sysctls[reuse+"_delay"] == "500"
		}},
		"no timestamps": {map[string]string{"net.ipv4.tcp_timestamps": "0"}, func(v scenarios.Variant) bool {
			return v.Proxy.Sysctls["net.ipv4.tcp_timestamps"] == "0"
		}},
		"few buckets": {map[string]string{"net.ipv4.tcp_max_tw_buckets": "2000"}, func(v scenarios.Variant) bool {
			return v.Proxy.Sysctls["net.ipv4.tcp_max_tw_buckets"] == "250" // 2000 of 4000, as 250 of 500
		}},
		"ample buckets": {nil, func(v scenarios.Variant) bool {
			return v.Proxy.Sysctls["net.ipv4.tcp_max_tw_buckets"] == ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := host(4000, waiting("10.0.0.5", "10.0.0.9:8080", 600, 200))
			maps.Copy(s.Namespaces[0].Sysctls, c.sysctls)
			_, dir, quick := save(t, s)
			if !c.want(quick.Variants[0]) {
				t.Errorf("%v in\n%s", quick.Variants[0].Proxy.Sysctls, read(t, dir, scenarioFile))
			}
			fix := func(v scenarios.Variant) bool { return v.Name == "tw-reuse" }
			if on := c.sysctls[reuse] == "1"; on == slices.ContainsFunc(quick.Variants, fix) {
				t.Errorf("a variant about tcp_tw_reuse where it is on, or none where it is off")
			}
		})
	}
}

// TestReservedPorts are those of the full size alone: the others have a range of the lab's.
func TestReservedPorts(t *testing.T) {
	s := host(28232, waiting("10.0.0.5", "10.0.0.9:8080", 900, 600))
	n := &s.Namespaces[0]
	n.Ports.Reserved, n.Ports.Usable = 232, 28000
	n.Sysctls["net.ipv4.ip_local_reserved_ports"] = "40000-40231"
	_, dir, quick := save(t, s)
	scenario, err := scenarios.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	full, err := scenario.Resolve("full", nil)
	if err != nil {
		t.Fatal(err)
	}
	const reserved = "net.ipv4.ip_local_reserved_ports"
	if v := full.Variants[0]; !v.Ports.Default || v.Proxy.Sysctls[reserved] != "40000-40231" || math.Abs(v.Rate-600) > 1 {
		t.Errorf("full: %v, %g a second, %v", v.Ports, v.Rate, v.Proxy.Sysctls)
	}
	if v := quick.Variants[0]; v.Proxy.Sysctls[reserved] != "" {
		t.Errorf("quick: %v", v.Proxy.Sysctls)
	}
}

// TestSlowBackend: live connections become requests under way.
func TestSlowBackend(t *testing.T) {
	s := host(1000, live(waiting("10.0.0.5", "10.0.0.9:8080", 200, 100), 300))
	c, _, quick := save(t, s)
	v := quick.Variants[0]
	if v.Backend.Kind != scenarios.BackendAgent || v.Backend.Delay.Round(100*time.Millisecond) != 3*time.Second ||
		v.Load.Connections < 150 {
		t.Errorf("%+v, want 3 s for each response: 300 live connections at 100 a second", v.Backend)
	}
	if !slices.ContainsFunc(c.Assumed, func(a string) bool { return strings.Contains(a, "requests under way") }) {
		t.Errorf("assumed in silence: %q", c.Assumed)
	}
}

// TestDirectory: one that has something in it is not touched, and after an error nothing is
// left.
func TestDirectory(t *testing.T) {
	c := choose(t, host(4000, waiting("10.0.0.5", "10.0.0.9:8080", 600, 200)))
	fine := func(string) error { return nil }
	above := t.TempDir()
	full := filepath.Join(above, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{full, filepath.Join(above, "not", "there")} {
		var taken *DirectoryError
		if _, err := c.Write(dir, fine); !errors.As(err, &taken) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	empty := filepath.Join(above, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(above, "fresh")
	bad := errors.New("bad")
	for _, dir := range []string{empty, fresh} {
		if _, err := c.Write(dir, func(string) error { return bad }); !errors.Is(err, bad) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("left in the directory that was there: %v, %v", left, err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory that was made is left: %v", err)
	}
	for _, dir := range []string{empty, fresh} {
		if _, err := c.Write(dir, fine); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if i, err := os.Stat(filepath.Join(dir, scenarioFile)); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v: want a file for the owner alone", i, err)
		}
	}
	if i, err := os.Stat(fresh); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v: want a directory for the owner alone", i, err)
	}
}
