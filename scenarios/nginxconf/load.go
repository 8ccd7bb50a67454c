package nginxconf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxIncludes = 32        // files within each other
	maxExpanded = 4_000_000 // directives, with what is included several times
)

// Load reads a configuration and what it includes. An include that is not there
// is in Missing. The error is a *SyntaxError, of the main file or of one that it
// includes, or says why the main file could not be read.
func Load(path string, o Options) (*Config, error) {
	l := &loader{o: o, config: &Config{Name: path}, trees: map[string]*Tree{}}
	if l.o.Open == nil {
		l.o.Open = os.ReadFile
		if l.o.Glob == nil {
			l.o.Glob = filepath.Glob
		}
	}
	text := o.Text
	if text == nil {
		var err error
		if text, err = l.o.Open(path); err != nil {
			return nil, err
		}
	}
	if l.o.Prefix == "" {
		l.o.Prefix = filepath.Dir(path)
	}
	l.o.Prefix = filepath.Clean(l.o.Prefix)
	if parts := splitDump(string(text)); len(parts) > 0 {
		l.useDump(parts)
		path, text = parts[0].name, []byte(parts[0].text)
	}
	l.main = path
	main, err := l.file(path, text)
	if err != nil {
		return nil, err
	}
	if n := expanded(main, map[*Tree]int{}); n > maxExpanded {
		return nil, fmt.Errorf("%s: with its includes it has more than %d directives", path, maxExpanded)
	}
	l.config.Fragment = fragmentOf(main)
	l.config.model = newModel(l.config, main)
	return l.config, nil
}

type loader struct {
	o      Options
	config *Config
	main   string           // path of the main file
	trees  map[string]*Tree // by path
	open   []string         // the files that are being read, outermost first
	dump   map[string]int   // lines before each file of a dump
}

// file parses one file and reads what it includes.
func (l *loader) file(path string, text []byte) (*Tree, error) {
	t, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	t.DumpLines = l.dump[path]
	l.trees[path] = t
	l.config.Files = append(l.config.Files, t)
	l.open = append(l.open, path)
	defer func() { l.open = l.open[:len(l.open)-1] }()
	return t, l.includes(t.Root)
}

func (l *loader) includes(ds []*Directive) error {
	for _, d := range ds {
		if d.Name() == "include" && !d.HasBlock() && len(d.Words) == 2 {
			if err := l.include(d); err != nil {
				return err
			}
		}
		if err := l.includes(d.Block); err != nil {
			return err
		}
	}
	return nil
}

// include brings in what an include names. A pattern that matches nothing is
// none of nginx's mistakes.
func (l *loader) include(d *Directive) error {
	d.Included = []*Tree{}
	var reason error
	candidates := l.candidates(d.Arg(1))
	for i, path := range candidates {
		if !l.inside(path) {
			reason = cmp.Or(reason, ErrOutside)
			continue
		}
		paths := []string{path}
		if strings.ContainsAny(path, "*?[") {
			var err error
			if paths, err = l.glob(path); err != nil {
				reason = cmp.Or(reason, err)
				continue
			}
			if len(paths) == 0 && (i+1 < len(candidates) || reason != nil) {
				continue // not there either: the first reason stands
			}
		}
		for _, p := range paths {
			if err := l.bring(d, p); errors.As(err, new(notThere)) {
				reason = err
			} else if err != nil {
				return err
			}
		}
		if len(d.Included) == len(paths) {
			return nil
		}
	}
	if reason != nil {
		l.config.Missing = append(l.config.Missing, MissingInclude{d, candidates[0], plain(reason)})
		return l.standIn(d, candidates[0])
	}
	return nil
}

// proxyParams is the name of Debian's and Ubuntu's file for passes, and its text. It
// sets headers, so those that an outer level sets, Connection among them, do not
// reach the level that includes it.
const (
	proxyParams     = "proxy_params"
	proxyParamsText = `proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`
)

// standIn brings in what a missing file holds wherever it is shipped, if that
// decides on connections.
func (l *loader) standIn(d *Directive, path string) error {
	if filepath.Base(path) != proxyParams {
		return nil
	}
	t := l.trees[path]
	if t == nil {
		var err error
		if t, err = l.file(path, []byte(proxyParamsText)); err != nil {
			return err
		}
	}
	d.Included = append(d.Included, t)
	return nil
}

// usual are directories that packages of nginx have their configuration in.
var usual = []string{"/etc/nginx", "/usr/local/nginx/conf", "/usr/local/etc/nginx", "/opt/nginx/conf",
	"/usr/local/openresty/nginx/conf"}

// candidates are the paths that an include may mean, best first. nginx takes a
// relative one from the directory of its main file. Somebody who looks at a copy
// of a host's files has those of /etc/nginx below the prefix.
func (l *loader) candidates(name string) []string {
	if !filepath.IsAbs(name) {
		paths := []string{filepath.Join(filepath.Dir(l.main), name), filepath.Join(l.o.Prefix, name)}
		return slices.Compact(paths)
	}
	name = filepath.Clean(name)
	paths := []string{name}
	for _, dir := range usual {
		if rel, ok := strings.CutPrefix(name, dir+"/"); ok && l.o.Prefix != dir && l.dump == nil {
			paths = append(paths, filepath.Join(l.o.Prefix, rel))
		}
	}
	return paths
}

func (l *loader) glob(pattern string) ([]string, error) {
	if l.o.Glob == nil {
		return nil, nil
	}
	paths, err := l.o.Glob(pattern)
	if !strings.Contains(filepath.Base(pattern), "[") && !strings.HasPrefix(filepath.Base(pattern), ".") {
		// glob(3) leaves names with a dot in front to patterns with one.
		paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasPrefix(filepath.Base(p), ".") })
	}
	return paths, err
}

// notThere is why an include brought nothing in.
type notThere struct{ error }

func (n notThere) Unwrap() error { return n.error }

func (l *loader) bring(d *Directive, path string) error {
	t := l.trees[path]
	switch {
	case slices.Contains(l.open, path), len(l.open) >= maxIncludes:
		return notThere{ErrTooDeep}
	case t == nil:
		if !l.inside(path) {
			return notThere{ErrOutside}
		}
		text, err := l.o.Open(path)
		if err != nil {
			return notThere{err}
		}
		if t, err = l.file(path, text); err != nil {
			return err
		}
	}
	d.Included = append(d.Included, t)
	return nil
}

// plain leaves out the path, which is said anyway.
func plain(err error) error {
	var n notThere
	if errors.As(err, &n) {
		err = n.error
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// inside says whether a path may be read. A symbolic link may not lead out of
// the prefix either.
func (l *loader) inside(path string) bool {
	if l.o.Follow || l.dump != nil {
		return true
	}
	for _, dir := range []string{l.o.Prefix, filepath.Dir(l.main)} {
		if !within(dir, path) {
			continue
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil { // it is not there, or no file of this machine
			return true
		}
		if dir, err := filepath.EvalSymlinks(dir); err == nil && within(dir, target) {
			return true
		}
	}
	return false
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// expanded counts directives with what is included, each time it is.
func expanded(t *Tree, seen map[*Tree]int) int {
	if n, ok := seen[t]; ok {
		return n
	}
	var count func([]*Directive) int
	count = func(ds []*Directive) int {
		n := len(ds)
		for _, d := range ds {
			n += count(d.Block)
			for _, in := range d.Included {
				n += expanded(in, seen)
			}
			n = min(n, maxExpanded+1)
		}
		return n
	}
	seen[t] = count(t.Root)
	return seen[t]
}
