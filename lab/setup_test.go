package lab

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// TestPlansKeepWhatTheLawsWereTold: every prediction in a plan follows from the setup
// beside it, and what a plan of before setups were kept tells agrees with it.
func TestPlansKeepWhatTheLawsWereTold(t *testing.T) {
	for _, name := range scenarios.Names() {
		r := resolved(t, name, "quick")
		p, err := Plan(r, "docker", 2, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Variants {
			kept := v.Laws()
			v.Setup = nil
			older := v.Laws()
			if kept.Tuples() != v.Predicted.Tuples || kept.Rho() != v.Predicted.Rho {
				t.Errorf("%s/%s: K %d and ρ %g, predicted %d and %g",
					name, v.Name, kept.Tuples(), kept.Rho(), v.Predicted.Tuples, v.Predicted.Rho)
			}
			if kept.Conduct != nil || kept.NamedPorts > 0 || kept.Held() {
				continue // plans have kept setups for longer than there are these
			}
			same := kept.Tuples() == older.Tuples() && kept.PerDestination() == older.PerDestination() &&
				kept.Race == older.Race && kept.Poisson == older.Poisson && kept.Burst == older.Burst &&
				kept.Ejection == older.Ejection && kept.MaxTwBuckets == older.MaxTwBuckets &&
				kept.HoldTime() == older.HoldTime() && math.Abs(kept.InFlight-older.InFlight) < 1e-9
			if !same {
				t.Errorf("%s/%s: kept %+v\nan older plan tells %+v", name, v.Name, kept, older)
			}
		}
	}
}

// TestWhatNginxSpeaksDecides: who closes first, and whether a pool has anything to keep, is
// the protocol's, and what is said of the backend is said of the one that runs.
func TestWhatNginxSpeaksDecides(t *testing.T) {
	for name, want := range map[string]struct {
		share float64
		race  bool
		pool  int
		who   string
	}{
		"fastcgi/default": {0, false, 0, "php-fpm"}, "fastcgi/keep-conn": {1, false, 0, "php-fpm"},
		"fastcgi/pool-alone": {0, false, 0, "php-fpm"}, "fastcgi/both": {1, false, 20, "php-fpm"},
		"uwsgi/baseline": {1, true, 0, "uWSGI"}, "uwsgi/pool": {1, true, 0, "uWSGI"},
		"memcached/baseline": {1, false, 0, "memcached"}, "memcached/pool": {1, false, 20, "memcached"},
		"grpc/baseline": {1, false, 0, ""}, "grpc/pool": {1, false, 20, ""},
		"port-exhaustion/keepalive": {1, false, 20, ""},
	} {
		scenario, variant, _ := strings.Cut(name, "/")
		r := resolved(t, scenario, "quick")
		p, err := Plan(r, "docker", 2, "")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.Variants, func(v results.VariantPlan) bool { return v.Name == variant })
		if got := p.Variants[i].Setup; got.CloseShare != want.share || got.Race != want.race || got.Keepalive != want.pool {
			t.Errorf("%s: f = %g, race %v, a pool of %d; want %+v", name, got.CloseShare, got.Race, got.Keepalive, want)
		}
		if p.Variants[i].Backend != want.who {
			t.Errorf("%s: the backend is called %q, want %q", name, p.Variants[i].Backend, want.who)
		}
	}
}

// TestHTTP10KeepsNothing: a pool beside HTTP/1.0 is inert, in a file as in nginx.
func TestHTTP10KeepsNothing(t *testing.T) {
	v := scenarios.Variant{
		Rate:  100,
		Ports: scenarios.Ports{Low: 20000, High: 20099},
		Proxy: scenarios.Proxy{Kind: "nginx", HTTP: scenarios.HTTP10, Keepalive: 32, Workers: 1, Addresses: 1},
		Backend: scenarios.Backend{
			Kind:              scenarios.BackendHttpd,
			Addresses:         1,
			Ports:             1,
			KeepAlive:         true,
			KeepAliveRequests: 600,
		},
	}
	if s := setup(v, 100, 2, nil, nil); s.Keepalive != 0 || s.Churn != 1 || !s.Race {
		t.Errorf("HTTP/1.0: a pool of %d, %g new connections per request, race %t; want none, 1 and true",
			s.Keepalive, s.Churn, s.Race)
	}
	v.Proxy.HTTP = scenarios.HTTP11
	if s := setup(v, 100, 2, nil, nil); s.Keepalive != 32 || s.Churn == 1 {
		t.Errorf("HTTP/1.1: a pool of %d, %g new connections per request; want 32, and hardly any",
			s.Keepalive, s.Churn)
	}
}

// TestBurstsOfHeldConnectionsAreWhole: load.connections bounds those of requests only.
func TestBurstsOfHeldConnectionsAreWhole(t *testing.T) {
	r := resolved(t, "websockets", "quick", "load.connections=64", "load.profile=burst:200")
	if got := setup(r.Variants[0], 500, 2, nil, nil).BurstSize; got != 200 {
		t.Errorf("a burst has %g connections at once, want 200", got)
	}
}
