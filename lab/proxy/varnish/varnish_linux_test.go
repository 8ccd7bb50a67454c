package varnish

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

func configured(t *testing.T, policy string, backends int) (proxy.Config, proxy.Site) {
	t.Helper()
	v := scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "varnish", Policy: policy, Workers: 1, Addresses: 1},
		Backend:   scenarios.Backend{Kind: scenarios.BackendHttpd, Addresses: backends, Ports: 1},
		ProxyFile: ownTemplate,
	}
	at := proxy.Example(v)
	at.Dir = t.TempDir()
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	return c, at
}

// TestVarnishTakesEachPolicy: the real program translates what the template makes.
func TestVarnishTakesEachPolicy(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for _, p := range (Kind{}).Policies() {
		for _, backends := range []int{1, 2} {
			c, at := configured(t, p.Name, backends)
			file := filepath.Join(at.Dir, c.File)
			filetest.Write(t, file, c.Text)
			out, err := exec.CommandContext(t.Context(), program,
				"-j", "none", "-C", "-n", t.TempDir(), "-f", file).CombinedOutput()
			if err != nil {
				t.Errorf("%s, %d backends: %v\n%s\n%s", p.Name, backends, err, out, c.Text)
			}
			if n := strings.Count(string(c.Text), ".host = "); n != backends {
				t.Errorf("%s: %d backends in\n%s", p.Name, n, c.Text)
			}
		}
	}
}

// TestPolicies: what the configuration says and what the laws are told go together.
func TestPolicies(t *testing.T) {
	for _, p := range (Kind{}).Policies() {
		c, _ := configured(t, p.Name, 1)
		if got := strings.Contains(string(c.Text), ".proxy_header = 1;"); got != p.ProxyProtocol {
			t.Errorf("%s: .proxy_header is there: %v, and the backend is told %v", p.Name, got, p.ProxyProtocol)
		}
		if got := slices.Contains(c.Serve, "backend_local_error_holddown=0"); got != (p.Laws.Blackout == 0) {
			t.Errorf("%s: the holddown is off: %v, and the blackout is %v", p.Name, got, p.Laws.Blackout)
		}
	}
}

// TestTheLabsBackendSpeaksNoProxyProtocol: it would answer each request with 400.
func TestTheLabsBackendSpeaksNoProxyProtocol(t *testing.T) {
	v := scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "varnish", Policy: proxyHeader, Workers: 1, Addresses: 1},
		Backend:   scenarios.Backend{Kind: scenarios.BackendAgent, Addresses: 1, Ports: 1},
		ProxyFile: ownTemplate,
	}
	if _, err := (Kind{}).Configure(v, proxy.Example(v)); err == nil ||
		!strings.Contains(err.Error(), "backend.kind: httpd") {
		t.Errorf("configured, or no way out told: %v", err)
	}
}

// TestLines are of Varnish 7.1.
func TestLines(t *testing.T) {
	for words, want := range map[string]probe.Class{
		"backend s0: fail errno 99 (Cannot assign requested address)": probe.ClassError99,
		"backend s0: fail errno 0 (Success)":                          probe.ClassNoLiveUpstreams,
		"backend s0: fail errno 111 (Connection refused)":             probe.ClassRefused,
		"backend s0: fail errno 110 (Connection timed out)":           probe.ClassTimedOut,
		"backend s0: unhealthy":                                       probe.ClassNoLiveUpstreams,
		"backend s0: busy":                                            probe.ClassOwnLimit,
		"HTC eof (-1)":                                                probe.ClassPrematureClose,
		"first byte timeout":                                          probe.ClassRequest,
	} {
		if got := (errorLog{}).Classify([]byte("    983109 FetchError     b " + words)); got != want {
			t.Errorf("%q is %v, want %v", words, got, want)
		}
	}
	if got := (errorLog{}).Classify([]byte("         0 CLI            - Rd ping")); got != probe.ClassForeign {
		t.Errorf("another tag is %v", got)
	}
	line := []byte("    983109 FetchError     b backend s0: fail errno 0 (Success)")
	if got := string(errorLog{}.AppendMessage(nil, line)); got != "backend …: fail errno 0 (Success)" {
		t.Error(got)
	}
}

// TestRecount: a log that was written over is no log.
func TestRecount(t *testing.T) {
	const lines = "     3 FetchError     b backend s0: fail errno 0 (Success)\n"
	for cycles, whole := range map[string]bool{
		"MAIN.shm_cycles              0         0.00 SHM cycles through buffer\n": true,
		"MAIN.shm_cycles              2         0.10 SHM cycles through buffer\n": false,
		"": false,
	} {
		got, err := Kind{}.Recount(proxy.Site{}, func(argv ...string) (string, error) {
			if argv[0] == "/usr/bin/varnishstat" {
				return cycles, nil
			}
			return lines, nil
		})
		if (err == nil) != whole || whole && string(got) != lines {
			t.Errorf("%q: %q, %v", cycles, got, err)
		}
	}
	gone := errors.New("the lab is gone")
	if _, err := (Kind{}).Recount(proxy.Site{}, func(...string) (string, error) { return "", gone }); !errors.Is(err,
		gone) {
		t.Errorf("%v", err)
	}
}
