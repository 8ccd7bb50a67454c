package httpd

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// fronted is a variant under a policy, and a site for it.
func fronted(policy string, backends int) (scenarios.Variant, proxy.Site) {
	v := scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "httpd", Policy: policy, Workers: 2, Addresses: 1},
		Backend:   scenarios.Backend{Addresses: backends, Ports: 1},
		Load:      scenarios.LoadSpec{Connections: 16},
		ProxyFile: reverseTemplate,
	}
	at := proxy.Example(v)
	at.Sources = nil
	return v, at
}

// TestApacheTakesEachPolicy renders every policy, and has Apache read it.
func TestApacheTakesEachPolicy(t *testing.T) {
	needs.Program(t, "netns", "apache2")
	root, err := Kind{}.Image().Installed.ServerRoot()
	needs.Had(t, "netns", err)
	for _, p := range (Reverse{}).Policies() {
		for backends := 1; backends <= 2; backends++ {
			v, at := fronted(p.Name, backends)
			dir := t.TempDir()
			at.ServerRoot, at.RunDir, at.ErrorLog = root, dir, filepath.Join(dir, "error.log")
			c, err := Reverse{}.Configure(v, at)
			if one := p.Laws.Blackout > 0 || p.Name == balancer; err != nil {
				if backends == 1 || !one {
					t.Errorf("%s: %v", p.Name, err)
				}
				continue
			} else if one && backends > 1 {
				t.Errorf("%s takes %d backends: whose error state is it?", p.Name, backends)
			}
			file := filepath.Join(dir, reverseFile)
			filetest.Write(t, file, c.Text)
			if out, err := exec.CommandContext(t.Context(), "apache2", "-t", "-f", file).CombinedOutput(); err != nil {
				t.Errorf("%s with %d backends: %v\n%s\n%s", p.Name, backends, err, out, c.Text)
			}
		}
	}
}

// TestThePolicyIsWhatItsWordsSay: what its law rests on is in the file.
func TestThePolicyIsWhatItsWordsSay(t *testing.T) {
	for _, p := range (Reverse{}).Policies() {
		v, at := fronted(p.Name, 1)
		c, err := Reverse{}.Configure(v, at)
		if err != nil {
			t.Fatal(err)
		}
		text := string(c.Text)
		for words, want := range map[string]bool{
			"disablereuse=On":            p.Laws.Idle == 0,
			"status=-I":                  p.Name == errorState || p.Name == errorState5s,
			"retry=5":                    p.Laws.Blackout == retryShort,
			"forcerecovery=Off":          p.Name == balancerNoRecovery,
			"ProxySourceAddress 192.0.2": p.Laws.BindsFirst,
		} {
			if got := strings.Contains(text, words); got != want {
				t.Errorf("%s: %q is in its configuration: %t, want %t\n%s", p.Name, words, got, want, text)
			}
		}
	}
}

// TestApachesLines are of Apache 2.4.71, in the order in which it wrote them.
func TestApachesLines(t *testing.T) {
	const stamp = "[Mon Nov 30 14:48:20.306504 2026] "
	log := (Reverse{}).ErrorLog()
	for _, c := range []struct {
		line    string
		want    probe.Class
		message string
	}{
		{stamp + "[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4.71 (Debian) configured -- resuming normal operations",
			probe.ClassNotice, "[notice] AH00489: Apache/2.4.71 (Debian) configured -- resuming normal operations"},
		{stamp + "[proxy:error] [pid 2:tid 33] (98)Address already in use: AH00956: http: " +
			"failed to bind socket to local address",
			probe.ClassNotice, "[error] (98)Address already in use: AH00956: http: " +
				"failed to bind socket to local address"},
		{stamp + "[proxy:error] [pid 2:tid 33] (99)Cannot assign requested address: AH00957: http: " +
			"attempt to connect to 198.18.99.20:8080 (198.18.99.20:8080) failed",
			probe.ClassError99, "[error] (99)Cannot assign requested address: AH00957: http: " +
				"attempt to connect to … (…) failed"},
		{stamp + "[proxy:error] [pid 2:tid 33] AH00959: " +
			"ap_proxy_connect_backend disabling worker for (198.18.99.20:8080) for 5s",
			probe.ClassProcess, "[error] AH00959: ap_proxy_connect_backend disabling worker for (…) for 5s"},
		{stamp + "[proxy_http:error] [pid 2:tid 34] [client 198.18.99.9:50044] AH01114: HTTP: " +
			"failed to make connection to backend: 198.18.99.20",
			probe.ClassNoLiveUpstreams, "[error] AH01114: HTTP: failed to make connection to backend: …"}, // of another thread
		{stamp + "[proxy_http:error] [pid 2:tid 33] [client 198.18.99.9:50042] AH01114: HTTP: " +
			"failed to make connection to backend: 198.18.99.20",
			probe.ClassNotice, "[error] AH01114: HTTP: failed to make connection to backend: …"},
		{stamp + "[proxy_http:error] [pid 2:tid 33] [client 198.18.99.9:50042] AH01114: HTTP: " +
			"failed to make connection to backend: 198.18.99.20",
			probe.ClassNoLiveUpstreams,
			"[error] AH01114: HTTP: failed to make connection to backend: …"}, // of another request
		{stamp + "[proxy:error] [pid 2:tid 35] AH00940: http: disabled connection for (198.18.99.20:8080)",
			probe.ClassNoLiveUpstreams, "[error] AH00940: http: disabled connection for (…)"},
		{stamp + "[proxy_balancer:error] [pid 2:tid 34] [client 198.18.99.9:50282] AH01170: balancer://lab99: " +
			"All workers are in error state",
			probe.ClassNoLiveUpstreams, "[error] AH01170: balancer://lab99: All workers are in error state"},
		{stamp + "[proxy:error] [pid 2:tid 33] (111)Connection refused: AH00957: http: " +
			"attempt to connect to 198.18.99.20:8080 (198.18.99.20:8080) failed",
			probe.ClassRefused, "[error] (111)Connection refused: AH00957: http: attempt to connect to … (…) failed"},
		{stamp + "[mpm_event:error] [pid 1:tid 1] AH00484: server reached MaxRequestWorkers setting, " +
			"consider raising the MaxRequestWorkers setting",
			probe.ClassOwnLimit, "[error] AH00484: server reached MaxRequestWorkers setting, " +
				"consider raising the MaxRequestWorkers setting"},
		{"(99)Cannot assign requested address: AH00957:", probe.ClassForeign,
			"(99)Cannot assign requested address: AH00957:"},
		{"", probe.ClassForeign, ""},
	} {
		if got := log.Classify([]byte(c.line)); got != c.want {
			t.Errorf("%s\nis of class %s, want %s", c.line, got, c.want)
		}
		if got := string(log.AppendMessage(nil, []byte(c.line))); got != c.message {
			t.Errorf("%s\nis counted as %q, want %q", c.line, got, c.message)
		}
	}
}
