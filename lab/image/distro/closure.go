package distro

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Selection is a set of files taken from packages, growing as it is asked for
// more. Packages are downloaded when a file in them is needed, not before.
type Selection struct {
	archive *Archive
	closure map[string]pkg    // what the seeds depend on, as apt resolves it
	virtual map[string]string // provided name to the package in the closure that provides it
	fetched map[string]bool
	used    map[string]bool // packages that a file was taken from
	tree    *tree
	libs    map[string]string // soname to path, as Link resolved it
}

// Select starts from the named packages and those they depend on.
func (a *Archive) Select(ctx context.Context, seeds ...string) (*Selection, error) {
	closure, err := a.resolve(ctx, seeds)
	if err != nil {
		return nil, err
	}
	s := &Selection{
		archive: a, closure: closure, virtual: map[string]string{},
		fetched: map[string]bool{}, used: map[string]bool{}, tree: newTree(), libs: map[string]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(closure)) {
		for _, v := range closure[name].Provides {
			s.virtual[v] = name
		}
	}
	return s, s.fetch(ctx, seeds)
}

// Open returns a file of the selection, following symbolic links. When no
// package fetched so far has it, their direct dependencies are fetched too: a
// package like nginx may be a mere name for the one that holds the program.
func (s *Selection) Open(ctx context.Context, name string) (File, error) {
	for range 3 {
		if real, f, ok := s.tree.open(name); ok {
			s.used[s.tree.owner[real]] = true
			return f, nil
		}
		if err := s.fetch(ctx, s.dependencies(slices.Collect(maps.Keys(s.fetched)))); err != nil {
			return File{}, err
		}
	}
	return File{}, fmt.Errorf("no /%s in the packages %s", strings.TrimPrefix(name, "/"), s.names())
}

// Find returns the path of a regular file that matches one of the patterns, as
// [path.Match] has them: of the first pattern that any file matches. When no
// package fetched so far has one, their direct dependencies are fetched too, as
// for Open: the package of a kernel is a mere name for those of its version.
func (s *Selection) Find(ctx context.Context, patterns ...string) (string, error) {
	for range 4 {
		for _, pattern := range patterns {
			if name := s.tree.match(canonical(pattern)); name != "" {
				return name, nil
			}
		}
		if err := s.fetch(ctx, s.dependencies(slices.Collect(maps.Keys(s.fetched)))); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("no /%s in the packages %s", strings.Join(patterns, " or /"), s.names())
}

// Below returns the paths of the regular files in a directory and in those below
// it, as far as their packages were fetched.
func (s *Selection) Below(dir string) []string {
	var names []string
	for name, f := range s.tree.files {
		if strings.HasPrefix(name, canonical(dir)+"/") && f.Link == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// List returns the paths of the regular files directly in a directory.
func (s *Selection) List(dir string) []string {
	var names []string
	for name, f := range s.tree.files {
		if path.Dir(name) == canonical(dir) && f.Link == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Version returns the upstream version of the package that holds a file.
func (s *Selection) Version(name string) string {
	real, _, _ := s.tree.open(name)
	return upstream(s.closure[s.tree.owner[real]].Version)
}

// Packages returns name=version of each package that a file was taken from.
func (s *Selection) Packages() []string {
	var all []string
	for name := range s.used {
		all = append(all, name+"="+s.closure[name].Version)
	}
	slices.Sort(all)
	return all
}

// Linked reports whether every library that a file needs is linked already.
func (s *Selection) Linked(name string) bool {
	_, f, ok := s.tree.open(name)
	if !ok {
		return false
	}
	_, needed, err := linkage(f.Data)
	return err == nil && !slices.ContainsFunc(needed, func(lib string) bool { return s.libs[lib] == "" })
}

// Link returns the dynamic linker and the libraries that a program needs, and
// those that they need, by their paths in a root file system.
//
// A package depends directly on the packages of the libraries its own files
// are linked against (Debian policy 8.6), so that is where to look for them.
func (s *Selection) Link(ctx context.Context, program string) (map[string]File, error) {
	real, _, ok := s.tree.open(program)
	if !ok {
		return nil, fmt.Errorf("no %s in the packages %s", program, s.names())
	}
	type object struct{ soname, path string }
	files := map[string]File{}
	for queue := []object{{path: real}}; len(queue) > 0; queue = queue[1:] {
		from := queue[0]
		interp, needed, err := linkage(s.tree.files[from.path].Data)
		if err != nil {
			return nil, fmt.Errorf("/%s of package %s: %w", from.path, s.tree.owner[from.path], err)
		}
		if interp != "" {
			needed = append(needed, path.Base(interp))
		}
		for _, soname := range append(needed, dlopened(from.soname)...) {
			if s.libs[soname] != "" {
				continue
			}
			lib, err := s.library(ctx, from.path, soname)
			if err != nil {
				return nil, err
			}
			s.libs[soname] = lib
			s.used[s.tree.owner[lib]] = true
			// Under the name it is looked up by; packages have that as a link to the full version.
			files[path.Join(path.Dir(lib), soname)] = File{Data: s.tree.files[lib].Data, Executable: true}
			queue = append(queue, object{soname, lib})
		}
		if interp != "" {
			lib := s.libs[path.Base(interp)]
			files[strings.TrimPrefix(interp, "/")] = File{Link: "/" + path.Join(path.Dir(lib), path.Base(interp))}
		}
	}
	return files, nil
}

func (s *Selection) library(ctx context.Context, from, soname string) (string, error) {
	if name, _, ok := s.tree.library(soname); ok {
		return name, nil
	}
	owner := s.tree.owner[from]
	deps := s.dependencies([]string{owner})
	if err := s.fetch(ctx, deps); err != nil {
		return "", err
	}
	if name, _, ok := s.tree.library(soname); ok {
		return name, nil
	}
	return "", fmt.Errorf("/%s of package %s %s needs %s, which neither it nor what it depends on has (%s)",
		from, owner, s.closure[owner].Version, soname, strings.Join(deps, ", "))
}

// dependencies returns the packages of the closure that those named depend on.
func (s *Selection) dependencies(of []string) []string {
	var deps []string
	for _, name := range of {
		for _, d := range s.closure[name].Depends {
			if _, ok := s.closure[d]; !ok {
				d = s.virtual[d] // "" for an alternative that apt did not choose
			}
			if d != "" {
				deps = append(deps, d)
			}
		}
	}
	slices.Sort(deps)
	return slices.Compact(deps)
}

// fetch downloads and unpacks the packages that are not here yet.
func (s *Selection) fetch(ctx context.Context, names []string) error {
	var todo []pkg
	for _, name := range names {
		if p, ok := s.closure[name]; ok && !s.fetched[name] {
			todo = append(todo, p)
			s.fetched[name] = true
		}
	}
	if err := s.archive.download(ctx, todo); err != nil {
		return err
	}
	for _, p := range todo {
		if err := s.unpack(ctx, p); err != nil {
			return fmt.Errorf("unpack package %s %s: %w", p.Name, p.Version, err)
		}
	}
	return nil
}

// unpack reads the package's files into memory. Maintainer scripts never run.
func (s *Selection) unpack(ctx context.Context, p pkg) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", s.archive.path(p))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	err = s.tree.add(p.Name, out)
	_, drainErr := io.Copy(io.Discard, out) // tar's end marker comes before the end of the stream
	if waitErr := cmd.Wait(); waitErr != nil {
		return fmt.Errorf("dpkg-deb: %w: %s", waitErr, complaint(stderr.String()))
	}
	return errors.Join(err, drainErr)
}

func (s *Selection) names() string {
	return strings.Join(slices.Sorted(maps.Keys(s.fetched)), ", ")
}
