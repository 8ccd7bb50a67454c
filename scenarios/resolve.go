package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// DefaultSize is taken when none is asked for and the scenario has it.
const DefaultSize = "standard"

// Resolve lays the size over the scenario's top level, --set size.… over that,
// then each variant, and every other --set over everything. An empty size means
// the default one, or else the scenario's first. The error is an Errors, in which
// a mistake in --set names the argument.
func (s *Scenario) Resolve(size string, set []string) (*Resolved, error) {
	return s.resolve(size, set, func(more string) error {
		_, err := s.resolve(size, append(slices.Clone(set), more), nil)
		return err
	})
}

// resolve is Resolve, where try resolves with one more --set; nil: nothing is tried.
func (s *Scenario) resolve(size string, set []string, try func(more string) error) (*Resolved, error) {
	d := &decoder{}
	over := d.parseSets(s.Aliases.expand(set), s.variantNames())
	chosen, err := s.size(size)
	if err != nil {
		d.add(err)
		return nil, d.err()
	}
	sized := merge(merge(s.doc.base, chosen.change), over.size)
	base := merge(sized, d.multiplied(over.all, sized))
	r := &Resolved{Name: s.Name, Title: s.Title, Kind: s.Kind, Size: chosen.Name, Set: slices.Clone(set)}
	hashed := map[string][]byte{scenarioFile: s.doc.text}
	var proxyConfigs []*node
	for _, o := range s.doc.variants {
		tree := sized
		for _, change := range []*node{o.change, chosen.variants.get(o.Name), over.all, over.one[o.Name]} {
			tree = merge(tree, d.multiplied(change, tree))
		}
		v := d.variant(tree, chosen.at)
		v.Name, v.Title, v.Changes = o.Name, o.Title, changes(base, tree)
		proxyConfigs = append(proxyConfigs, tree.get("proxy").get("config"))
		v.ProxyFile = d.configFile(s.files, tree.get("proxy").get("config"), v.proxyKind().Template)
		v.BackendFile = d.configFile(s.files, tree.get("backend").get("config"), v.backendKind().Template)
		for _, f := range []*ConfigFile{v.ProxyFile, v.BackendFile} {
			if f != nil {
				hashed[f.Name] = f.Text
			}
		}
		r.Variants = append(r.Variants, v)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	for i, v := range r.Variants {
		v.checkConfigs(&d.report, func(err error) error { return s.asOther(v, proxyConfigs[i], err, try) })
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	r.Hash = hash(hashed)
	if len(set) == 0 {
		return r, nil
	}
	var asWritten error // none: Load has resolved each size
	r.AsWritten, asWritten = s.Resolve(chosen.Name, nil)
	return r, asWritten
}

// size finds a size's overlay; a scenario without sizes has one, nameless and
// empty.
func (s *Scenario) size(name string) (overlay, *Error) {
	switch {
	case len(s.doc.sizes) == 0 && name == "":
		return overlay{at: s.doc.start}, nil
	case len(s.doc.sizes) == 0:
		return overlay{}, s.doc.start.error(fmt.Sprintf("the scenario has no sizes, so none named %q", name), "")
	case name == "":
		name = s.Sizes[0]
		if slices.Contains(s.Sizes, DefaultSize) {
			name = DefaultSize
		}
	}
	for _, o := range s.doc.sizes {
		if o.Name == name {
			return o, nil
		}
	}
	return overlay{}, &Error{
		File: s.doc.start.src.name, Msg: fmt.Sprintf("no size %q", name), Hint: didYouMean(name, s.Sizes),
	}
}

// changes lists where a tree differs from base, except in what it claims.
func changes(base, tree *node) []Change {
	before := map[string]string{}
	base.flatten("", func(path, value string) { before[path] = value })
	var c []Change
	tree.flatten("", func(path, value string) {
		if was, ok := before[path]; (!ok || was != value) && !strings.HasPrefix(path, "expect.") {
			c = append(c, Change{path, value})
		}
	})
	return c
}

// configFile reads the file a node names: beside the scenario when the
// scenario names it, from the working directory when --set does. Without a
// node it is the kind's own template.
func (d *decoder) configFile(f files, n *node, own *ConfigFile) *ConfigFile {
	if n == nil {
		return own
	}
	if n.kind != scalar || n.text == "" {
		return nil // reported already
	}
	f.confined = true
	if n.set() {
		f = files{}
	}
	text, label, err := f.read(n.text)
	if err != nil {
		hint := "a path in a scenario is relative to the scenario's directory and stays below it; " +
			"--set may name any file"
		if n.set() {
			hint = "a path in --set is relative to the working directory"
		}
		d.add(n.at.error(fmt.Sprintf("cannot read the configuration %s: %v", label, err), hint))
		return nil
	}
	return &ConfigFile{Name: n.text, Label: label, Text: text, OnDisk: f.fsys == nil}
}

// hash names a set of files by their content. Names and lengths go in too, so
// that no two sets read alike.
func hash(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%s %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
