package caddy

import (
	"os"
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

func configured(t *testing.T, policy string, backends int, at func(*proxy.Site)) string {
	t.Helper()
	v := scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "caddy", Policy: policy, Workers: 1, Addresses: 1},
		Backend:   scenarios.Backend{Addresses: backends, Ports: 1},
		ProxyFile: ownTemplate,
	}
	site := proxy.Example(v)
	at(&site)
	c, err := Kind{}.Configure(v, site)
	if err != nil {
		t.Fatal(err)
	}
	return string(c.Text)
}

// TestCaddyTakesEachPolicy renders every policy, and has Caddy read it.
func TestCaddyTakesEachPolicy(t *testing.T) {
	needs.Program(t, "netns", "caddy")
	for _, p := range (Kind{}).Policies() {
		for backends := 1; backends <= 2; backends++ {
			dir := t.TempDir()
			text := configured(t, p.Name, backends, func(at *proxy.Site) {
				at.RunDir, at.ErrorLog = dir, filepath.Join(dir, "error.log")
			})
			file := filepath.Join(dir, confFile)
			filetest.Write(t, file, text)
			cmd := exec.CommandContext(t.Context(), "caddy", "validate", "--config", file, "--adapter", "caddyfile")
			cmd.Env = append(os.Environ(), "HOME="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s with %d backends: %v\n%s\n%s", p.Name, backends, err, out, text)
			}
		}
	}
}

// TestThePolicyIsWhatItsWordsSay: what its law rests on is in the file.
func TestThePolicyIsWhatItsWordsSay(t *testing.T) {
	for _, p := range (Kind{}).Policies() {
		text := configured(t, p.Name, 1, func(*proxy.Site) {})
		for words, want := range map[string]bool{
			"keepalive off":                   p.Laws.Idle == 0,
			"keepalive_idle_conns_per_host 2": p.Laws.Idle == 2,
			"conns_per_host 1024":             p.Laws.Idle == 1024,
		} {
			if got := strings.Contains(text, words); got != want {
				t.Errorf("%s: %q is in its configuration: %t, want %t\n%s", p.Name, words, got, want, text)
			}
		}
	}
}

// TestOneProcess: it has no workers, and a pool for all its threads.
func TestOneProcess(t *testing.T) {
	v := scenarios.Variant{Proxy: scenarios.Proxy{Policy: proxy.PolicyDefault, Workers: 2}, ProxyFile: ownTemplate}
	if _, err := (Kind{}).Configure(v, proxy.Example(v)); err == nil || !strings.Contains(err.Error(), "proxy.workers") {
		t.Errorf("proxy.workers: 2 gives %v", err)
	}
}

// TestCaddysLines are of Caddy 2.6.2.
func TestCaddysLines(t *testing.T) {
	failed := func(msg string) string {
		return `{"level":"error","ts":1796049926.123,"logger":"http.log.error","msg":"` + msg +
			`","request":{"remote_ip":"198.18.99.9","remote_port":"50042","proto":"HTTP/1.1","method":"GET",` +
			`"host":"198.18.99.9","uri":"/no%20upstreams%20available","headers":{}},` +
			`"duration":0.000184,"status":502,"err_id":"6w9vjtxsm","err_trace":"reverseproxy.statusError (reverseproxy.go:1299)"}`
	}
	for _, c := range []struct {
		line    string
		want    probe.Class
		message string
	}{
		{failed("dial tcp 198.18.99.20:8080: connect: cannot assign requested address"),
			probe.ClassError99, "[error] dial tcp …: connect: cannot assign requested address"},
		{failed("dial tcp 198.18.99.20:8080: connect: connection refused"),
			probe.ClassRefused, "[error] dial tcp …: connect: connection refused"},
		{failed("read tcp 198.18.99.9:20001->198.18.99.20:8080: read: connection reset by peer"),
			probe.ClassReset, "[error] read tcp …: read: connection reset by peer"},
		{failed("dial tcp 198.18.99.20:8080: i/o timeout"), probe.ClassTimedOut, "[error] dial tcp …: i/o timeout"},
		{failed("no upstreams available"), probe.ClassNoLiveUpstreams, "[error] no upstreams available"},
		{failed("EOF"), probe.ClassPrematureClose, "[error] EOF"},
		{failed("dial tcp 198.18.99.20:8080: socket: too many open files"),
			probe.ClassOwnLimit, "[error] dial tcp …: socket: too many open files"},
		{failed("context canceled"), probe.ClassRequest, "[error] context canceled"},
		{`{"level":"info","ts":1,"msg":"serving initial configuration"}`, probe.ClassNotice,
			"[info] serving initial configuration"},
		{`{"level":"error","ts":1,"msg":"unable to autosave config","file":"/x","error":"read-only file system"}`,
			probe.ClassProcess, "[error] unable to autosave config"},
		{"panic: no", probe.ClassForeign, "panic: no"},
		{"", probe.ClassForeign, ""},
	} {
		if got := (errorLog{}).Classify([]byte(c.line)); got != c.want {
			t.Errorf("%s\nis of class %s, want %s", c.line, got, c.want)
		}
		if got := string((errorLog{}).AppendMessage(nil, []byte(c.line))); got != c.message {
			t.Errorf("%s\nis counted as %q, want %q", c.line, got, c.message)
		}
	}
}
