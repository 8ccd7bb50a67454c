package nginx

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// resolved is the first variant of a scenario.
func resolved(t *testing.T, name string, set ...string) scenarios.Variant {
	t.Helper()
	s, err := scenarios.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve("quick", set)
	if err != nil {
		t.Fatal(err)
	}
	return r.Variants[0]
}

func TestRenderedProtocols(t *testing.T) {
	for _, name := range []string{"stream", "websockets"} {
		v := resolved(t, name)
		golden.Compare(t, filepath.Join("testdata/rendered", name+".conf"), text(t, Kind{}, v, site(v, "1.22.1")))
	}
}

func TestStreamPassesConnectionsOn(t *testing.T) {
	v := resolved(t, "stream")
	p, ok := proxy.PolicyOf(v)
	if !ok || !p.Laws.Passes || p.Laws.Tries != 1 || p.Laws.Lines != 1 || !proxy.Silent(v) || proxy.ReadyPath(v) != "" {
		t.Errorf("%+v, %v, silent %v, ready at %q", p, ok, proxy.Silent(v), proxy.ReadyPath(v))
	}
	v = resolved(t, "stream", "backend.addresses=3", "proxy.next_upstream=error")
	if p, _ := proxy.PolicyOf(v); p.Laws.Tries != 3 {
		t.Errorf("it tries %d of three peers", p.Laws.Tries)
	}
	v = resolved(t, "websockets")
	if p, ok := proxy.PolicyOf(v); ok || proxy.Silent(v) || proxy.ReadyPath(v) == "" {
		t.Errorf("a websocket begins as HTTP, not as %+v", p)
	}
}

func TestStreamIsAModule(t *testing.T) {
	const printed = `nginx: [emerg] unknown directive "stream" in /etc/lab/nginx.conf:12`
	if why := proxy.Lacks(Kind{}, printed); !strings.Contains(why, "libnginx-mod-stream") {
		t.Errorf("%q names no package", why)
	}
	if why := proxy.Lacks(Kind{}, `nginx: [emerg] unknown directive "streams" in /etc/lab/nginx.conf:12`); why != "" {
		t.Errorf("another directive is called %q", why)
	}
}
