package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// aServiceIsOneDestination: two pods behind a ClusterIP have the ports of one, and what
// leads to them is told of each node. The load comes from two pods, and is that of one.
func aServiceIsOneDestination(t *testing.T, c *cluster) {
	runs := t.TempDir()
	cmd := c.run(t, "kubernetes-service", runs,
		"--nodes", "load=n1,load-2=n2,proxy=n2,backend=n1,backend-2=n2", "--set", "load.pods=2")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("run: %v", err)
	}
	nothingLeft(t, c, 10*time.Second)
	r := hasVerdicts(t, runs, map[string]string{
		"baseline":   "reproduced",
		"cluster-ip": "reproduced",
		"headless":   "postponed",
	})
	addsUp(t, r)
	for _, v := range r.Env.Variants {
		for host, node := range map[string]int{
			results.HostLoad:    1,
			"load-2":            2,
			results.HostProxy:   2,
			results.HostBackend: 1,
		} {
			got := v.Hosts[host].Place
			want := results.Place{
				Node:    fmt.Sprintf("n%d", node),
				Kernel:  driver.Here().Kernel,
				Service: results.ByIPTables,
			}
			if proxyModes[node-1] == "nftables" {
				want.Service = results.ByOther
			}
			if host == results.HostProxy {
				want.NAT = results.NoNAT
				if v.Name == "cluster-ip" {
					want.NAT = results.DestinationNAT
				}
			}
			if got == nil || !strings.HasPrefix(got.Network, "veth of MTU 1500, 10.244.") {
				t.Errorf("%s, %s: %+v", v.Name, host, got)
				continue
			}
			want.Network = got.Network
			if *got != want {
				t.Errorf("%s, %s: %+v, want %+v", v.Name, host, *got, want)
			}
		}
	}
}

// addsUp: of a load that two pods share, the samples come to the totals, and the schedule is
// that of one generator.
func addsUp(t *testing.T, r *results.Run) {
	t.Helper()
	for _, v := range r.Variants {
		b := filetest.Read(t, filepath.Join(r.Dir, v.Name, results.TotalsFile))
		var totals results.Totals
		if err := json.Unmarshal(b, &totals); err != nil {
			t.Fatal(err)
		}
		var sum results.Counts
		for _, s := range v.Samples {
			if s.Load != nil {
				figures.Add(&sum, &s.Load.Counts)
			}
		}
		// A response that drains after the last interval is in the totals alone.
		if totals.Generators != 2 || sum.Sent != totals.Sent || totals.OK-sum.OK > 2 || totals.OK < sum.OK {
			t.Errorf("%s: %d generators have %+v, and the samples %+v", v.Name, totals.Generators, totals.Counts, sum)
		}
		t.Logf("%s: 2 generators sent %d requests in %.3f s: %v",
			v.Name, totals.Sent, totals.LoadSeconds(), totals.SentBy)
		if by := totals.SentBy; len(by) != 2 || by[0]+by[1] != totals.Sent || min(by[0], by[1]) < 2*totals.Sent/5 {
			t.Errorf("%s: of %d requests the pods have sent %v, want half of them each", v.Name, totals.Sent, by)
		}
		// What stops one stops the other as soon as it hears of it: on a busy machine too late to tell.
		if want := 200 * totals.LoadSeconds(); r.Summary.Variant(v.Name).Verdict != law.Invalid &&
			math.Abs(float64(totals.Scheduled)-want) > 3 {
			t.Errorf("%s: %d requests were scheduled, want %.0f", v.Name, totals.Scheduled, want)
		}
	}
}

// knowsClocks: the nodes here have one kernel, so nothing may be ahead or drift, and what was
// read of them, in so many readings at least, says how well it knows that.
func knowsClocks(t *testing.T, r *results.Run, readings int) {
	t.Helper()
	const most = 0.001
	for _, v := range r.Env.Variants {
		for _, host := range []string{results.HostProxy, results.HostBackend} {
			c := v.Clocks[host]
			t.Logf("%s, %s: %.3f ms ahead, drift %.1f ± %.1f ppm, known to %.3f ms by %d readings",
				v.Name, host, 1e3*c.AheadS, c.DriftPPM, c.DriftBoundPPM, 1e3*c.BoundS, c.Readings)
			if math.Abs(c.AheadS) > most || math.Abs(c.AheadS) > c.BoundS || math.Abs(c.DriftPPM) > c.DriftBoundPPM ||
				c.Readings < readings {
				t.Errorf("%s: the clock of %s: %+v, want within %g s of none", v.Name, host, c, most)
			}
		}
	}
}

// seesEndsWithoutAWatch: a lab that was told of its pods, and not of their end, goes down.
func seesEndsWithoutAWatch(t *testing.T, c *cluster) {
	config, err := c.Config("admin")
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(t.Context(), Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{d: d, lab: "deaf", agentImage: "lab99.test/pause:1"}
	l := newLab(d, b)
	pod := b.pod(results.HostProxy, map[string]driver.Server{results.HostProxy: {Image: b.agentImage}})
	if err := d.api.createPod(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	l.see(pod, false)
	if err := d.api.deletePod(t.Context(), pod.Name); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := l.waitUntilGone(ctx); err != nil {
		t.Error(err)
	}
}

// TestNAT: what a backend sees of the proxy's connection tells what was translated.
func TestNAT(t *testing.T) {
	own, node := netip.MustParseAddrPort("10.244.2.5:20001"), netip.MustParseAddrPort("10.99.0.12:61000")
	for want, seen := range map[string][]netip.AddrPort{
		results.DestinationNAT: {node, own}, results.BothNAT: {node}, "": nil,
	} {
		if got := natOf(own, seen); got != want {
			t.Errorf("%v is seen: %q, want %q", seen, got, want)
		}
	}
}
