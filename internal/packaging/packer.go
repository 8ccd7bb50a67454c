package main

import (
	"fmt"
	"io"
	"os"
)

// packer makes one kind of package. A new kind is a new file and a line here.
type packer interface {
	fits(target) bool
	name(*release, target) string
	pack(io.Writer, *release, target, []file) error
}

var packers = []packer{native("deb"), native("rpm"), tgz{}, image{}, bill{}}

// write makes a package in a file.
func write(path string, p packer, r *release, t target, files []file) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.pack(f, r, t, files); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
