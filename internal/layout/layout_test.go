// Package layout holds the tree to its design: who may depend on whom, under
// which licences, and that every package says what it is for.
package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lab99/lab99"

type pkg struct {
	ImportPath string
	Doc        string
	Deps       []string
	Imports    []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,Deps,Imports", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// laws know no part of the module and no library, so that scenarios and results
// may use their words.
const laws = "lab/law"

// abilities are what a kernel can do, and the words for it, which reports use. They
// know the laws, and no library: what tries them is below.
const abilities = "lab/ability"

// figures are what a load leaves: the generator's, and of use without it.
const figures = "loadgen/figures"

// own says which packages of the module each part may use, besides itself.
var own = map[string][]string{
	"loadgen":   {},
	"scenarios": {laws},
	"results":   {laws, abilities, figures},
	"internal":  {"results", laws, abilities, figures}, // for the tests of others
	// The last two for lab/proxy/proxytest.
	"lab": {"loadgen", "scenarios", "results", "internal/table", "internal/golden", "internal/filetest"},
}

// words is what every part may use: it writes numbers and lists for people, and
// uses no package of the module itself.
const words = "internal/format"

// alone are the packages that use no library, with those of the module that each may
// use.
var alone = map[string][]string{laws: {}, abilities: {laws, words}}

// outside says where a module may appear at all, by the longest prefix of the
// importing package. What a library drags in itself is its own affair: the
// rule is on packages of this module that (transitively) reach it.
var outside = map[string][]string{
	"github.com/testcontainers/testcontainers-go": {"lab/driver/docker", "lab/cli", "lab/cmd"},
	"github.com/vishvananda/netlink": {
		"lab/probe", "lab/ability/trial", "lab/proxy", "lab/driver", "lab/agent", "lab/diagnose", "lab/doctor",
		"lab/explain", "lab/reenact", "lab", "lab/cli", "lab/cmd",
	},
	"github.com/cilium/ebpf":       {"lab/trace", "lab/diagnose", "lab/reenact", "lab/cli", "lab/cmd"},
	"github.com/vbauerster/mpb/v8": {"lab/cli", "lab/cmd"},
	"gonum.org/v1/plot":            {"results/chart", "results/report", "lab", "lab/cli", "lab/cmd"},
	// The agent asks a kind of proxy how its replies and its log read, explain the latter, and a kind also renders scenarios.
	"github.com/goccy/go-yaml": {
		"scenarios", "lab/proxy", "lab/upstream", "lab/agent", "lab/explain", "lab/driver", "lab/doctor", "lab",
		"lab/cli", "lab/cmd",
	},
}

// mayUse is all that a program that imports a part gets besides the standard
// library. A library's own dependencies are its own affair, so this is about
// what the packages of the part import themselves.
var mayUse = map[string][]string{
	"loadgen":   {"golang.org/x/sys", "github.com/HdrHistogram/hdrhistogram-go", "github.com/gorilla/websocket"},
	"scenarios": {"github.com/goccy/go-yaml", "github.com/hashicorp/go-version", "github.com/dlclark/regexp2"},
	"results": {"github.com/HdrHistogram/hdrhistogram-go", "gonum.org/v1/plot", "golang.org/x/perf",
		"golang.org/x/image", "github.com/rogpeppe/go-internal"},
}

func TestDependenciesPointOneWay(t *testing.T) {
	for _, p := range list(t) {
		rel := strings.TrimPrefix(p.ImportPath, module+"/")
		part, _, _ := strings.Cut(rel, "/")
		for _, dep := range p.Deps {
			if d, ok := strings.CutPrefix(dep, module+"/"); ok {
				to, _, _ := strings.Cut(d, "/")
				if d == words && part != "loadgen" && rel != words {
					continue
				}
				if rel == words || to != part && !slices.Contains(own[part], to) && !slices.Contains(own[part], d) {
					t.Errorf("%s depends on %s: dependencies point from lab to loadgen, scenarios and results", rel, d)
				}
				continue
			}
			for lib, where := range outside {
				if dep != lib && !strings.HasPrefix(dep, lib+"/") {
					continue
				}
				if !slices.ContainsFunc(where, func(w string) bool {
					return rel == w || strings.HasPrefix(rel, w+"/") && w != "lab"
				}) {
					t.Errorf("%s reaches %s, which belongs in %v", rel, dep, where)
				}
			}
		}
		if only, limited := alone[rel]; limited && slices.ContainsFunc(p.Deps, func(dep string) bool {
			d, _ := strings.CutPrefix(dep, module+"/")
			return strings.Contains(strings.Split(dep, "/")[0], ".") && !slices.Contains(only, d)
		}) {
			t.Errorf("%s depends on %v: the standard library has to do, and %v", rel, p.Deps, only)
		}
		for _, dep := range p.Imports {
			allowed, limited := mayUse[part]
			if limited && strings.Contains(strings.Split(dep, "/")[0], ".") && !strings.HasPrefix(dep, module) &&
				!slices.ContainsFunc(allowed, func(ok string) bool { return strings.HasPrefix(dep, ok) }) {
				t.Errorf("%s imports %s; %s may use %v", rel, dep, part, allowed)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range list(t) {
		name := path.Base(p.ImportPath)
		if p.ImportPath == module+"/internal/layout" {
			continue // tests only
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, name) {
			t.Errorf("%s: a package is named after what it provides", p.ImportPath)
		}
	}
}
