package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// dependency is a module that code of the program comes from.
type dependency struct{ Path, Version, Dir string }

// dependencies are those of the targets, by path.
func dependencies(ctx context.Context, r *release, targets ...target) ([]dependency, error) {
	found := map[string]dependency{}
	for _, t := range targets {
		if err := dependenciesOf(ctx, r, t, found); err != nil {
			return nil, err
		}
	}
	all := slices.Collect(maps.Values(found))
	slices.SortFunc(all, func(a, b dependency) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

func dependenciesOf(ctx context.Context, r *release, t target, found map[string]dependency) error {
	out, err := output(ctx, r.source, t.env(), "go", "list", "-deps", "-json=Module,Standard", "./lab/cmd/lab99")
	if err != nil {
		return err
	}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			Module *struct {
				dependency
				Main    bool
				Replace *dependency
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = p.Module.dependency
		}
	}
}

// licence files are what a module says of its terms. NOTICE goes with Apache-2.0.
var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense|notice)`)

// notices is the project's licence, and below it those of all that is linked into the
// program, which ask for it. That they are fit to be linked is a test of the main module.
func notices(ctx context.Context, r *release, t target) ([]byte, error) {
	own, err := os.ReadFile(filepath.Join(r.source, "LICENSE"))
	if err != nil {
		return nil, err
	}
	modules, err := dependencies(ctx, r, t, target{"linux", t.arch}) // macOS gets both
	if err != nil {
		return nil, err
	}
	root, err := output(ctx, r.source, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	version, err := output(ctx, r.source, nil, "go", "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	// Most have one of few texts: each stands once, below all that it is of.
	var texts []string
	of := map[string][]string{}
	for _, m := range append([]dependency{{"The Go standard library", version, root}}, modules...) {
		entries, err := os.ReadDir(m.Dir)
		if err != nil {
			return nil, err
		}
		found := false
		for _, e := range entries {
			if e.IsDir() || !licence.MatchString(e.Name()) {
				continue
			}
			b, err := os.ReadFile(filepath.Join(m.Dir, e.Name()))
			if err != nil {
				return nil, err
			}
			found = true
			text := strings.Trim(string(b), "\n")
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], fmt.Sprintf("%s %s: %s", m.Path, m.Version, e.Name()))
		}
		if !found {
			return nil, fmt.Errorf("%s %s has no licence file", m.Path, m.Version)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "lab99\n\n%s", own)
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(of[text], "\n"), text)
	}
	return b.Bytes(), nil
}
