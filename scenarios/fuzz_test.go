package scenarios

import (
	"path/filepath"
	"strings"
	"testing"
)

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
			if !strings.Contains(err.Error(), "fuzz.yaml") && !strings.Contains(err.Error(), ".tmpl") &&
				!strings.Contains(err.Error(), "port-exhaustion/") {
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
				if v.Rate <= 0 || v.Duration <= 0 || v.Ports.N() < 1 || v.Ports.Low < lowestPort || v.Ports.High > highestPort ||
					v.Backend.Addresses < 1 {
					t.Errorf("out of bounds: %+v", v)
				}
			}
		}
	})
}

// FuzzSet: no --set argument panics, and a refused one is named.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"size.ports=737", "variants.keepalive.proxy.keepalive=64", "load={stop: none}",
		"proxy.sysctls.net.ipv4.tcp_tw_reuse=1", "=", "a.b.c={"} {
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
