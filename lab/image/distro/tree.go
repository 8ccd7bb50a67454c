package distro

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// File is a regular file, or a symbolic link when Link is set.
type File struct {
	Data       []byte
	Executable bool
	Link       string // target; "" for a regular file
}

// tree is the union of unpacked packages, by canonical path.
type tree struct {
	files map[string]File
	owner map[string]string // package that brought the path
}

func newTree() *tree { return &tree{files: map[string]File{}, owner: map[string]string{}} }

// canonical makes one spelling of a path: relative, clean, and with /lib, /bin
// and the like under /usr, where newer releases ship them and older ones have
// merged them at run time.
func canonical(p string) string {
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	switch top, _, _ := strings.Cut(p, "/"); top {
	case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
		return "usr/" + p
	}
	return p
}

// add unpacks the file system archive of a package (dpkg-deb --fsys-tarfile).
func (t *tree) add(owner string, r io.Reader) error {
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := canonical(h.Name)
		var f File
		switch h.Typeflag {
		case tar.TypeReg:
			if f.Data, err = io.ReadAll(tr); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			f.Executable = h.Mode&0o111 != 0
		case tar.TypeSymlink:
			f.Link = h.Linkname
		case tar.TypeLink:
			f = t.files[canonical(h.Linkname)]
		default:
			continue
		}
		t.files[name], t.owner[name] = f, owner
	}
}

// open follows symbolic links to a regular file.
func (t *tree) open(name string) (string, File, bool) {
	name = canonical(name)
	for range 16 {
		f, ok := t.files[name]
		if !ok || f.Link == "" {
			return name, f, ok
		}
		if path.IsAbs(f.Link) {
			name = canonical(f.Link)
		} else {
			name = canonical(path.Join(path.Dir(name), f.Link))
		}
	}
	return name, File{}, false
}

// match returns the first regular file, by name, that a pattern matches; "" when
// there is none.
func (t *tree) match(pattern string) string {
	first := ""
	for name, f := range t.files {
		// The only error is a malformed pattern, which matches nothing.
		if ok, _ := path.Match(pattern, name); ok && f.Link == "" && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

// library finds a shared library in the directories that the dynamic linker
// searches by itself: /usr/lib and /usr/lib/<triplet>, not their other
// subdirectories, which hold plugins of the same names.
func (t *tree) library(soname string) (string, File, bool) {
	var found []string
	for name := range t.files {
		dir, base := path.Split(name)
		if base != soname {
			continue
		}
		switch d := strings.Split(strings.Trim(dir, "/"), "/"); {
		case len(d) == 2 && strings.HasPrefix(d[1], "lib"),
			len(d) == 3 && d[1] == "lib" && strings.Count(d[2], "-") >= 2:
			found = append(found, name)
		}
	}
	slices.Sort(found)
	for _, name := range found {
		if real, f, ok := t.open(name); ok {
			return real, f, true
		}
	}
	return "", File{}, false
}
