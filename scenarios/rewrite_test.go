package scenarios

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
)

// own is a variant with a configuration of the user's own.
func own(text string, addresses int) Variant {
	return Variant{
		Name: "own", Proxy: Proxy{Workers: 1}, Backend: Backend{Addresses: addresses},
		proxyFile: &configFile{asked: "nginx.conf", label: "nginx.conf", text: []byte(text)},
	}
}

func TestOwnConfigurationsAreRewritten(t *testing.T) {
	files, err := filepath.Glob("testdata/nginx/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, file := range files {
		for addresses, kind := range map[int]string{1: "one", 3: "three"} {
			name := strings.TrimSuffix(filepath.Base(file), ".conf") + "." + kind
			t.Run(name, func(t *testing.T) {
				text, _, err := readFile(file)
				if err != nil {
					t.Fatal(err)
				}
				v := own(string(text), addresses)
				v.Proxy.Keepalive = 20
				f := facts(v, "1.29.7")
				got, err := v.NginxConf(f)
				if err != nil {
					golden.Compare(t, "testdata/nginx/"+name+".golden", err.Error()+"\n")
					return
				}
				notes, err := v.Rewrites(f)
				if err != nil {
					t.Fatal(err)
				}
				golden.Compare(t, "testdata/nginx/"+name+".golden", string(got)+"\n---\n"+strings.Join(notes, "\n")+"\n")
			})
		}
	}
}

func readFile(name string) ([]byte, string, error) { return files{}.read(name) }

func TestTemplatesHaveNoRewrites(t *testing.T) {
	v := resolve(t, load(t, "port-exhaustion"), "quick").Variants[0]
	notes, err := v.Rewrites(facts(v, ""))
	if v.OwnConfig() || notes != nil || err != nil {
		t.Errorf("own %v, notes %v, error %v", v.OwnConfig(), notes, err)
	}
}

func TestAnOlderNginxGetsNoKeepaliveZero(t *testing.T) {
	v := own("http { server { location / { proxy_pass http://a; } } }", 2)
	for version, want := range map[string]bool{"1.22.1": false, "1.29.7": true} {
		text, err := v.NginxConf(facts(v, version))
		if err != nil || strings.Contains(string(text), "keepalive 0;") != want {
			t.Errorf("nginx %s: want keepalive 0: %v, got %v\n%s", version, want, err, text)
		}
	}
}

// FuzzRewrite holds the rewriter to its promises on any input: it never
// panics, keeps every line's number, and what it writes it can read back, with
// one error_log, one pid and no address but the lab's.
func FuzzRewrite(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/nginx/*.conf")
	for _, file := range seeds {
		text, _, err := readFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), uint8(2))
	}
	f.Add("http { server { location / { proxy_pass http://a; proxy_pass http://unix:/s:$x; } } }", uint8(0))
	f.Fuzz(func(t *testing.T, text string, addresses uint8) {
		v := own(text, 1+int(addresses%4))
		lab := facts(v, "1.29.7")
		out, err := v.NginxConf(lab)
		if err != nil {
			return
		}
		if a, b := strings.Count(text, "\n"), strings.Count(string(out), "\n"); a != b {
			t.Errorf("%d lines became %d:\n%s", a, b, out)
		}
		root, err := parseNginx(string(out))
		if err != nil {
			t.Fatalf("unreadable: %v\n%s", err, out)
		}
		count := map[string]int{}
		var walk func(ds []*directive, path string)
		walk = func(ds []*directive, path string) {
			for _, d := range ds {
				if d.open == 0 {
					count[d.name()]++
				}
				if path == "/http/upstream" && d.name() == "server" && !slices.ContainsFunc(lab.Backends, func(a netip.AddrPort) bool { return a.String() == d.arg(1) }) && len(d.words) > 1 {
					t.Errorf("a foreign address, %s:\n%s", d.arg(1), out)
				}
				walk(d.block, path+"/"+d.name())
			}
		}
		walk(root, "")
		for _, name := range []string{"error_log", "pid", "daemon", "user"} {
			if count[name] != 1 {
				t.Errorf("%d times %s:\n%s", count[name], name, out)
			}
		}
		// Everything is in place, so a second time must be possible too.
		if _, err := own(string(out), 1+int(addresses%4)).NginxConf(lab); err != nil {
			t.Fatalf("not to be rewritten a second time: %v\n%s", err, out)
		}
	})
}

// FuzzLoad: any file either loads, and then every size resolves, or gives an
// error that names the file.
func FuzzLoad(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/invalid/*.yaml")
	for _, file := range append(seeds, "port-exhaustion/scenario.yaml", "testdata/sizes.yaml") {
		text, _, err := readFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseText(files{fsys: builtin, dir: "port-exhaustion"}, "fuzz.yaml", []byte(text))
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.yaml") && !strings.Contains(err.Error(), ".tmpl") && !strings.Contains(err.Error(), "port-exhaustion/") {
				t.Errorf("names no file: %v", err)
			}
			return
		}
		for _, size := range append(s.Sizes, "") {
			r, err := s.Resolve(size, nil)
			if err != nil {
				t.Fatalf("size %q: %v", size, err)
			}
			for _, v := range r.Variants {
				if v.Rate <= 0 || v.Duration <= 0 || v.Ports.N() < 1 || v.Ports.Low < lowestPort || v.Ports.High > highestPort || v.Backend.Addresses < 1 {
					t.Errorf("out of bounds: %+v", v)
				}
			}
		}
	})
}

// FuzzSet: no --set argument panics, and a refused one is named.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"size.ports=737", "variants.keepalive.proxy.keepalive=64", "load={stop: none}", "proxy.sysctls.net.ipv4.tcp_tw_reuse=1", "=", "a.b.c={"} {
		f.Add(s)
	}
	s := load(f, "port-exhaustion")
	f.Fuzz(func(t *testing.T, arg string) {
		if strings.Contains(arg, "config") {
			t.Skip("would open a file of that name")
		}
		if _, err := s.Resolve("quick", []string{arg}); err != nil && !strings.Contains(err.Error(), "--set "+arg) {
			t.Errorf("%q is not named in: %v", arg, err)
		}
	})
}
