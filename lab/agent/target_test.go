package agent

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestAgentRefusesStrangers: what an agent may load is fixed when it starts,
// and no command can name another target, nor a readiness probe.
func TestAgentRefusesStrangers(t *testing.T) {
	c, _, _ := pair(t, nil)
	load := Load{URL: "http://127.0.0.1:1/", Connections: 1, RatePerS: 1, DurationS: 1, TimeoutS: 1}
	stranger, neighbour, name := load, load, load
	stranger.URL = "http://192.0.2.1:80/"
	neighbour.NeighbourURL = "http://192.0.2.1:80/"
	name.URL = "http://localhost:80/"
	for what, tc := range map[string]struct {
		cmd  Command
		want string
	}{
		"load":      {Command{Load: &stranger}, "192.0.2.1 is neither loopback"},
		"neighbour": {Command{Load: &neighbour}, "192.0.2.1 is neither loopback"},
		"a name":    {Command{Load: &name}, "localhost"},
		"readiness": {Command{Ready: &Ready{Proxy: netip.MustParseAddrPort("192.0.2.1:80"), TimeoutMs: 10}},
			"192.0.2.1 is neither loopback"},
		"readiness (all)": {
			Command{Ready: &Ready{
				Backends:  []netip.AddrPort{netip.MustParseAddrPort("192.0.2.2:80")},
				Proxy:     netip.MustParseAddrPort("127.0.0.1:80"),
				TimeoutMs: 10,
			}},
			"192.0.2.2 is neither loopback",
		},
	} {
		if _, err := c.Call(t.Context(), tc.cmd); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", what, err, tc.want)
		}
	}
}

func TestPermitTakesTheRunsNetworkAndLoopback(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("198.18.99.0/24"), netip.MustParsePrefix("10.244.1.7/32")}
	for target, want := range map[string]bool{
		"198.18.99.10:8080": true, "127.0.0.1:80": true, "[::1]:80": true, "[::ffff:198.18.99.10]:80": true,
		"10.244.1.7:80": true, "198.18.98.10:8080": false, "192.0.2.1:80": false, "10.244.1.8:80": false,
		"[fe80::1]:80": false, "0.0.0.0:80": false,
	} {
		if got := permit(networks, netip.MustParseAddrPort(target)) == nil; got != want {
			t.Errorf("%s permitted: %v, want %v", target, got, want)
		}
	}
}

// TestAgentStaysWhereItWasSent: redirects are answers, for the load and for the
// neighbour, and both say who they are.
func TestAgentStaysWhereItWasSent(t *testing.T) {
	var strayed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	var mu sync.Mutex
	names := map[string]string{}
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		names[r.URL.Path] = r.UserAgent()
		mu.Unlock()
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	defer target.Close()
	l := Load{
		URL: target.URL + "/load", NeighbourURL: target.URL + "/neighbour", UserAgent: "lab99/1.2.3",
		Connections: 2, RatePerS: 50, DurationS: 0.3, TimeoutS: 1, NeighbourMs: 50, StartInMs: 50,
	}
	statuses := map[int]bool{}
	done, err := l.run(context.Background(), nil, func(r Record) {
		if r.Neighbour != nil {
			mu.Lock()
			defer mu.Unlock()
			statuses[r.Neighbour.Status] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := strayed.Load(); n != 0 || done.OK != 15 {
		t.Errorf("%d requests followed the redirect, %d of 15 ok", n, done.OK)
	}
	if !statuses[http.StatusFound] || len(statuses) != 1 {
		t.Errorf("the neighbour's statuses are %v, want 302", statuses)
	}
	if names["/load"] != "lab99/1.2.3" || names["/neighbour"] != "lab99/1.2.3" {
		t.Errorf("user agents %v", names)
	}
}
