package kernel

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/cavaliergopher/cpio"
)

// archive writes an initrd: a cpio in the newc format
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w    *cpio.Writer
	made map[string]bool
	err  error // the first; all that comes after it does nothing
}

func newArchive(w io.Writer) *archive {
	return &archive{w: cpio.NewWriter(w), made: map[string]bool{".": true, "/": true}}
}

func (a *archive) put(h *cpio.Header, data []byte) {
	if a.err != nil {
		return
	}
	h.Size = int64(len(data))
	if a.err = a.w.WriteHeader(h); a.err == nil {
		_, a.err = a.w.Write(data)
	}
	if a.err != nil {
		a.err = fmt.Errorf("initrd: %s: %w", h.Name, a.err)
	}
}

// dir makes a directory and those above it, which the kernel does not.
func (a *archive) dir(name string, mode fs.FileMode) {
	if a.made[name] {
		return
	}
	a.made[name] = true
	a.dir(path.Dir(name), 0o755)
	perm := cpio.FileMode(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		perm |= cpio.ModeSticky
	}
	a.put(&cpio.Header{Name: name, Mode: cpio.TypeDir | perm}, nil)
}

func (a *archive) file(name string, mode fs.FileMode, data []byte) {
	a.dir(path.Dir(name), 0o755)
	a.put(&cpio.Header{Name: name, Mode: cpio.TypeReg | cpio.FileMode(mode.Perm())}, data)
}

func (a *archive) link(name, target string) {
	a.dir(path.Dir(name), 0o755)
	a.put(&cpio.Header{Name: name, Mode: cpio.TypeSymlink | 0o777}, []byte(target))
}

// tree copies a directory of the host's.
func (a *archive) tree(from, to string) {
	if a.err != nil {
		return
	}
	err := filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		name := path.Join(to, filepath.ToSlash(rel))
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			a.dir(name, info.Mode())
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			a.link(name, target)
		case info.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			a.file(name, info.Mode(), data)
		}
		return a.err
	})
	if a.err == nil && err != nil {
		a.err = fmt.Errorf("initrd: %w", err)
	}
}

func (a *archive) close() error {
	if a.err != nil {
		return a.err
	}
	return a.w.Close()
}
