package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

const (
	apiVersion   = "lab99/v1"
	scenarioFile = "scenario.yaml"
	maxFileSize  = 1 << 20
)

// Names lists the built-in scenarios.
func Names() []string {
	found, err := fs.Glob(builtin, "*/"+scenarioFile)
	if err != nil { // the pattern is a constant
		panic(err)
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = path.Dir(f)
	}
	return names
}

// Builtin loads the built-in scenarios in the order of Kinds, and by name
// within a kind.
func Builtin() ([]*Scenario, error) {
	var all []*Scenario
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b *Scenario) int {
		return slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind)
	})
	return all, nil
}

// Load reads a built-in scenario by its name, or one on disk by the path of its
// directory or file. A name that is both means the built-in one; ./NAME means
// the other. Load checks every size with every variant and renders their
// configurations. Its error, an Errors, has all mistakes.
func Load(nameOrPath string) (*Scenario, error) {
	if slices.Contains(Names(), nameOrPath) {
		return parse(files{fsys: builtin, dir: nameOrPath}, scenarioFile)
	}
	info, err := os.Stat(nameOrPath)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrPath, `/\.`):
		return nil, &Error{
			File: nameOrPath, Msg: "no scenario of this name is built in, and no such file or directory exists",
			Hint: orListed(nameOrPath),
		}
	case err != nil:
		return nil, &Error{
			File: nameOrPath, Msg: "cannot read the scenario: " + plain(err),
			Hint: "name a built-in scenario (`lab99 list` lists them), a directory with a scenario.yaml, " +
				"or a YAML file",
		}
	case info.IsDir():
		return parse(files{dir: nameOrPath}, scenarioFile)
	}
	return parse(files{dir: filepath.Dir(nameOrPath)}, filepath.Base(nameOrPath))
}

// files is where a scenario's own files are: in fsys, or on disk when it is nil.
type files struct {
	fsys fs.FS
	dir  string
	// confined refuses paths that lead out of dir: absolute ones, "..", symbolic
	// links. A scenario may come from anywhere, and reports copy the files that
	// it names. A command line may name any file.
	confined bool
}

// read gives a file's text and the name to report it by.
func (f files) read(name string) (text []byte, label string, err error) {
	var file fs.File
	if f.fsys != nil {
		label = path.Join(f.dir, name)
		file, err = f.fsys.Open(label)
	} else {
		label = name
		if !filepath.IsAbs(name) {
			label = filepath.Join(f.dir, name)
		}
		file, err = f.open(name, label)
	}
	if err != nil {
		return nil, label, errors.New(plain(err))
	}
	defer file.Close()
	text, err = io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, label, errors.New(plain(err))
	}
	if len(text) > maxFileSize {
		return nil, label, fmt.Errorf("longer than %d bytes", maxFileSize)
	}
	return text, label, nil
}

func (f files) open(name, label string) (fs.File, error) {
	if !f.confined {
		if err := regular(os.Stat(label)); err != nil {
			return nil, err
		}
		return os.Open(label)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := regular(root.Stat(name)); err != nil {
		return nil, err
	}
	return root.Open(name)
}

// regular refuses a FIFO, since opening one blocks, and a device, which may
// never end.
func regular(info fs.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	return err
}

// plain is an error without the path that the message around it names already.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// document is a scenario file taken apart, before any merge.
type document struct {
	text     []byte
	start    position
	base     *node // the overlay keys of the top level
	sizes    []overlay
	variants []overlay
}

// frame has the keys of a file that no size or variant may change.
type frame struct {
	APIVersion string `yaml:"apiVersion,required" in:"lab99/v1" help:"the version of this format"`
	Name       string `yaml:"name,required" form:"name" help:"names a directory of the results"`
	Title      string `yaml:"title" help:"one line for the report"`
	Kind       string `yaml:"kind" in:"kinds" help:"where lab99 list puts it"`

	Incident Incident `yaml:"incident" help:"the public report that it re-enacts"`
	Aliases  Aliases  `yaml:"aliases" help:"words for --set, each with the keys that it sets, such as to: [variants.after.proxy.kind]"`
}

// label has the keys of a variant that are not part of its overlay.
type label struct {
	Name  string `yaml:"name,required" form:"name" help:"names a directory of the results"`
	Title string `yaml:"title" help:"one line for the report"`
}

// overlayKeys are the keys that a size, a variant or --set may change.
var overlayKeys = keysOf(reflect.TypeFor[Variant]())

// overlay is a named change.
type overlay struct {
	label
	at       position
	change   *node
	variants *node // of a size: changes to single variants, by name
}

func parse(f files, name string) (*Scenario, error) {
	text, label, err := f.read(name)
	if err != nil {
		return nil, &Error{File: label, Msg: "cannot read the scenario: " + err.Error()}
	}
	return parseText(f, label, text)
}

func parseText(f files, label string, text []byte) (*Scenario, error) {
	root, err := parseYAML(newSource(label, text), text)
	if err != nil {
		return nil, err
	}
	d := &decoder{}
	s := d.scenario(root)
	s.doc.text, s.files = text, f
	// Report the mistakes of all sizes now, not when a size is first used, and
	// report them beside those of the frame.
	sizes := s.Sizes
	if len(sizes) == 0 {
		sizes = []string{""}
	}
	for _, size := range sizes {
		if _, err := s.Resolve(size, nil); err != nil {
			d.addErr(label, err)
		}
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// scenario decodes the frame of the file and takes the overlays apart.
func (d *decoder) scenario(root *node) *Scenario {
	s := &Scenario{doc: &document{start: root.at, base: &node{kind: mapping, at: root.at}}}
	if root.kind != mapping {
		d.add(root.at.error("the file is "+root.kind.String()+", want a mapping", "begin with apiVersion: "+apiVersion))
		return s
	}
	d.mapping(root, "", slices.Concat(keysOf(reflect.TypeFor[frame]()), []string{"sizes", "variants"}, overlayKeys))
	var f frame
	d.fill(root, "", blame{position: root.at}, reflect.ValueOf(&f).Elem())
	if root.get("variants") == nil {
		d.add(root.at.error("variants is missing", ""))
	}
	s.Name, s.Title, s.Kind, s.Incident, s.Aliases = f.Name, cmp.Or(f.Title, f.Name), f.Kind, f.Incident, f.Aliases
	s.doc.base = root.only(overlayKeys...)
	d.sizes(s, root.get("sizes"))
	d.variants(s, root.get("variants"))

	names := s.variantNames()
	d.aliases(root.get("aliases"), names)
	for _, size := range s.doc.sizes {
		if size.variants != nil {
			d.mapping(size.variants, "sizes."+size.Name+".variants", names)
		}
	}
	return s
}

const anOverlay = "{ports: 500, rate: 200, duration: 10s}"

func (d *decoder) sizes(s *Scenario, n *node) {
	if n == nil {
		return
	}
	if n.kind != mapping {
		d.add(n.at.error("sizes is "+n.kind.String()+", want a mapping of names to overlays",
			"for example quick: "+anOverlay))
		return
	}
	for _, e := range n.entries {
		if !forms["name"].re.MatchString(e.key) {
			d.add(e.at.error(fmt.Sprintf("size %q: want lower-case letters, digits and dashes", e.key), ""))
		}
		if e.val.kind != mapping {
			d.add(e.val.at.error(fmt.Sprintf("size %s is %s, want an overlay",
				e.key, e.val.kind), "for example "+anOverlay))
			continue
		}
		s.Sizes = append(s.Sizes, e.key)
		o := overlay{
			label:    label{Name: e.key},
			at:       e.at,
			change:   e.val.without("variants"),
			variants: e.val.get("variants"),
		}
		s.doc.sizes = append(s.doc.sizes, o)
	}
}

func (d *decoder) variants(s *Scenario, n *node) {
	if n == nil {
		return
	}
	if n.kind != sequence || len(n.items) == 0 {
		is := n.kind.String()
		if n.kind == sequence {
			is = "an empty list"
		}
		d.add(n.at.error("variants is "+is+", want a list of at least one", "for example - name: baseline"))
		return
	}
	for _, item := range n.items {
		if item.kind != mapping {
			d.add(item.at.error("a variant is "+item.kind.String()+", want a mapping with a name",
				"for example - name: baseline"))
			continue
		}
		var l label
		who := blame{item.at, "each variant has one, for example - name: baseline"}
		d.fill(item, "", who, reflect.ValueOf(&l).Elem())
		if l.Name == "" {
			continue
		}
		o := overlay{label: l, at: item.at, change: item.without(keysOf(reflect.TypeFor[label]())...)}
		o.Title = cmp.Or(o.Title, o.Name)
		if slices.Contains(s.variantNames(), o.Name) {
			d.add(item.get("name").at.error(fmt.Sprintf("a second variant named %q", o.Name), ""))
		}
		s.doc.variants = append(s.doc.variants, o)
	}
}

func (s *Scenario) variantNames() []string {
	names := make([]string, len(s.doc.variants))
	for i, v := range s.doc.variants {
		names[i] = v.Name
	}
	return names
}
