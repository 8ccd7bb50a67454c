package proxytest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Own is a variant of a kind with a configuration of the user's own. A label with a slash is
// the path of a file.
func Own(kind, label, text string, backends int) scenarios.Variant {
	return scenarios.Variant{
		Proxy:   scenarios.Proxy{Kind: kind, Config: label, Workers: 1, Addresses: 1},
		Backend: scenarios.Backend{Kind: scenarios.BackendHttpd, Addresses: backends, Ports: 1, KeepAlive: true},
		Load:    scenarios.LoadSpec{Connections: 16, Path: "/", Method: "GET"},
		ProxyFile: &scenarios.ConfigFile{
			Name:   label,
			Label:  label,
			Text:   []byte(text),
			OnDisk: strings.Contains(label, "/"),
		},
	}
}

// OwnFiles are variants with files of the test's own.
func OwnFiles(t testing.TB, kind string, names ...string) (all []scenarios.Variant) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Own(kind, name, string(text), 3))
	}
	return all
}

// Rewritten holds what becomes of a file against a golden one beside it.
func Rewritten(t *testing.T, k proxy.Kind, v scenarios.Variant) {
	t.Helper()
	c, err := k.Configure(v, proxy.Example(v))
	if err != nil {
		t.Fatal(err)
	}
	text := string(c.Text)
	for _, name := range slices.Sorted(maps.Keys(c.More)) {
		text += "=== " + name + "\n" + string(c.More[name])
	}
	golden.Compare(t, v.ProxyFile.Label+".golden", text+"=== said\n"+strings.Join(c.Rewrites, "\n")+"\n")
}

// TakesOwn has the real program check what becomes of a file. argv are its arguments for
// that, of a configuration and the directory that it lies in; bad is a complaint that the exit
// status does not tell.
func TakesOwn(t *testing.T, k proxy.Kind, v scenarios.Variant, at proxy.Site,
	argv func(c proxy.Config, dir string) []string, bad ...string,
) {
	t.Helper()
	at.Dir = t.TempDir()
	at.RunDir, at.ErrorLog = at.Dir, filepath.Join(at.Dir, "error.log")
	c, err := k.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(c.More)
	if files == nil {
		files = map[string][]byte{}
	}
	files[filepath.Join(at.Dir, c.File)] = c.Text
	for name, text := range files {
		filetest.Write(t, name, text)
	}
	args := argv(c, at.Dir)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+at.Dir)
	out, err := cmd.CombinedOutput()
	if err != nil || slices.ContainsFunc(bad, func(word string) bool { return strings.Contains(string(out), word) }) {
		t.Errorf("%s: %v\n%s\n%s", v.ProxyFile.Label, err, out, c.Text)
	}
}

// Refused holds mistakes against what is said of them: text to the beginning of the error.
func Refused(t *testing.T, k proxy.Kind, label string, mistakes map[string]string) {
	t.Helper()
	for text, want := range mistakes {
		v := Own(k.Name(), label, text, 1)
		_, err := k.Configure(v, proxy.Example(v))
		switch {
		case err == nil || !strings.HasPrefix(err.Error(), want):
			t.Errorf("%s\nis   %v\nwant %s", text, err, want)
		case !strings.Contains(err.Error(), "\n  hint: "):
			t.Errorf("%v\nhas no next step", err)
		}
		if v = proxy.WithDefaults(v, ""); v.Own != nil {
			t.Errorf("%s: %+v", text, v.Own)
		}
	}
}

// Readable checks of any text that it is read, with each line in its place, or refused with a
// place.
func Readable(t *testing.T, k proxy.Kind, label, text string) {
	t.Helper()
	v := Own(k.Name(), label, text, 2)
	c, err := k.Configure(v, proxy.Example(v))
	if err != nil {
		if !strings.HasPrefix(err.Error(), label+":") {
			t.Fatalf("%q: %v", text, err)
		}
		return
	}
	if strings.Count(string(c.Text), "\n") != strings.Count(text, "\n") {
		t.Fatalf("lines have moved:\n%s\nto\n%s", text, c.Text)
	}
	proxy.WithDefaults(v, "")
}

// Unknown holds what files do not tell against what is said of it: text to the beginning of
// that. No law is taken for granted.
func Unknown(t *testing.T, k proxy.Kind, label string, files map[string]string) {
	t.Helper()
	for text, want := range files {
		v := proxy.WithDefaults(Own(k.Name(), label, text, 2), "")
		if p, ok := proxy.PolicyOf(v); ok || v.Own == nil || !strings.HasPrefix(v.Own.Unknown, want) {
			t.Errorf("%s: %+v, %+v", text, p, v.Own)
		}
	}
}

// FuzzReadable begins with files, and more texts, and checks that all others are Readable.
func FuzzReadable(f *testing.F, k proxy.Kind, label string, files []scenarios.Variant, more ...string) {
	f.Helper()
	for _, v := range files {
		f.Add(string(v.ProxyFile.Text))
	}
	for _, text := range more {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { Readable(t, k, label, text) })
}

// Mutated checks texts as Readable does, after many small changes, the same ones each time.
func Mutated(t *testing.T, k proxy.Kind, label string, texts []string, signs string) {
	t.Helper()
	r := rand.New(rand.NewPCG(99, 99))
	for range 3000 {
		text := []byte(texts[r.IntN(len(texts))])
		for range r.IntN(12) {
			if len(text) == 0 {
				break
			}
			i, j := r.IntN(len(text)), r.IntN(len(text))
			switch r.IntN(3) {
			case 0:
				text[i] = signs[r.IntN(len(signs))]
			case 1:
				text = slices.Delete(text, i, min(len(text), i+r.IntN(20)))
			case 2:
				text = slices.Insert(text, i, slices.Clone(text[j:min(len(text), j+r.IntN(60))])...)
			}
		}
		done := false
		func() {
			defer func() {
				if !done && !t.Failed() {
					fmt.Printf("%q\n", text)
				}
			}()
			Readable(t, k, label, string(text))
			done = true
		}()
	}
}
