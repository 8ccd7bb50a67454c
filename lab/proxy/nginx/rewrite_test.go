package nginx

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// own is a variant with a configuration of the user's own.
func own(text string, addresses int) scenarios.Variant {
	return scenarios.Variant{
		Name: "own", Proxy: scenarios.Proxy{Workers: 1}, Backend: scenarios.Backend{Addresses: addresses},
		ProxyFile: &scenarios.ConfigFile{Name: "nginx.conf", Label: "nginx.conf", Text: []byte(text)},
	}
}

func TestOwnConfigurationsAreRewritten(t *testing.T) {
	files, err := filepath.Glob("testdata/own/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, file := range files {
		for addresses, kind := range map[int]string{1: "one", 3: "three"} {
			name := strings.TrimSuffix(filepath.Base(file), ".conf") + "." + kind
			t.Run(name, func(t *testing.T) {
				text := filetest.Read(t, file)
				v := own(string(text), addresses)
				v.Proxy.Keepalive = 20
				f := site(v, "1.29.7")
				got, err := Kind{}.Configure(v, f)
				if err != nil {
					golden.Compare(t, "testdata/own/"+name+".golden", err.Error()+"\n")
					return
				}
				golden.Compare(t, "testdata/own/"+name+".golden", string(got.Text)+"\n---\n"+strings.Join(got.Rewrites, "\n")+"\n")
			})
		}
	}
}

func TestAnOlderNginxGetsNoKeepaliveZero(t *testing.T) {
	v := own("events {} http { server { location / { proxy_pass http://a; } } }", 2)
	for version, want := range map[string]bool{"1.22.1": false, "1.29.7": true} {
		c, err := Kind{}.Configure(v, site(v, version))
		if err != nil || strings.Contains(string(c.Text), "keepalive 0;") != want {
			t.Errorf("nginx %s: want keepalive 0: %v, got %v\n%s", version, want, err, c.Text)
		}
	}
}

// FuzzRewrite holds the rewriter to its promises on any input: it never
// panics, keeps every line's number, and what it writes it can read back, with
// one error_log, one pid and no address but the lab's.
func FuzzRewrite(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/own/*.conf")
	for _, file := range seeds {
		text := filetest.Read(f, file)
		f.Add(string(text), uint8(2))
	}
	f.Add("http { server { location / { proxy_pass http://a; proxy_pass http://unix:/s:$x; } } }", uint8(0))
	f.Fuzz(func(t *testing.T, text string, addresses uint8) {
		v := own(text, 1+int(addresses%4))
		lab := site(v, "1.29.7")
		c, err := Kind{}.Configure(v, lab)
		if err != nil {
			return
		}
		out := c.Text
		if a, b := strings.Count(text, "\n"), strings.Count(string(out), "\n"); a != b && a+1 != b { // a fragment is wrapped
			t.Errorf("%d lines became %d:\n%s", a, b, out)
		}
		tree, err := nginxconf.Parse("nginx.conf", out)
		if err != nil {
			t.Fatalf("unreadable: %v\n%s", err, out)
		}
		count := map[string]int{}
		var walk func(ds []*nginxconf.Directive, path string)
		walk = func(ds []*nginxconf.Directive, path string) {
			for _, d := range ds {
				if d.Kind == nginxconf.NoBlock {
					count[d.Name()]++
				}
				if path == "/http/upstream" && d.Name() == "server" && len(d.Words) > 1 && !d.HasBlock() &&
					!slices.ContainsFunc(lab.Backends, func(a netip.AddrPort) bool { return a.String() == d.Arg(1) }) {
					t.Errorf("a foreign address, %s:\n%s", d.Arg(1), out)
				}
				if d.Kind == nginxconf.Directives {
					walk(d.Block, path+"/"+d.Name())
				}
			}
		}
		walk(tree.Root, "")
		for _, name := range []string{"error_log", "pid", "daemon", "user"} {
			if count[name] != 1 {
				t.Errorf("%d times %s:\n%s", count[name], name, out)
			}
		}
		// Everything is in place, so a second time must be possible too.
		if _, err := (Kind{}).Configure(own(string(out), 1+int(addresses%4)), lab); err != nil {
			t.Fatalf("not to be rewritten a second time: %v\n%s", err, out)
		}
	})
}

// site is a lab host, with as many backend addresses as v asks for.
func site(v scenarios.Variant, release string) proxy.Site {
	at := proxy.Site{
		Version: release, Listen: netip.MustParseAddrPort("198.18.77.10:8080"),
		Dir: "/etc/lab", RunDir: "/run/lab", ErrorLog: "/run/lab/error.log", DocumentRoot: "/srv/lab", NoFile: 20000,
	}
	for i := range v.Backend.Addresses {
		at.Backends = append(at.Backends, netip.MustParseAddrPort(fmt.Sprintf("198.18.77.%d:8080", 20+i)))
	}
	return at
}
