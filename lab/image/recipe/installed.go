package recipe

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Installed says where a machine has the server without an image.
type Installed struct {
	Names   []string
	Places  []string       // besides the PATH
	Version *regexp.Regexp // of what the program prints with Ask
	Ask     string         // "": -v
	Modules []string       // where loadable modules are; nil where none are needed
	Needed  string         // the module that tells the right directory
}

// Find returns the path of the program.
func (i Installed) Find() (string, error) {
	for _, name := range i.Names {
		if p, err := exec.LookPath(name); err == nil && !multiCall(p) {
			return behind(p)
		}
		for _, dir := range i.Places {
			if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil && !multiCall(p) {
				return behind(p)
			}
		}
	}
	return "", fmt.Errorf("no %s on the PATH or in %s", strings.Join(i.Names, " or "), strings.Join(i.Places, ", "))
}

// behind is the file that a path leads to. Debian's uwsgi is a link by way of
// /etc/alternatives, and a host of the lab has an /etc of its own.
func behind(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// multiCall says whether a program is one of the many that BusyBox or toybox is. They
// have an httpd of their own. It must not even be asked for its version: BusyBox's
// takes -v for "be verbose" and starts to serve.
func multiCall(program string) bool {
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return false
	}
	for _, box := range []string{"busybox", "toybox"} {
		if strings.HasPrefix(filepath.Base(real), box) {
			return true
		}
		if p, err := exec.LookPath(box); err == nil && same(p, real) { // a hard link
			return true
		}
	}
	return false
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// ServerRoot is the directory above the modules.
func (i Installed) ServerRoot() (string, error) {
	for _, dir := range i.Modules {
		if _, err := os.Stat(filepath.Join(dir, i.Needed)); err == nil {
			return filepath.Dir(dir), nil
		}
	}
	return "", errors.New("no " + i.Needed + " in " + strings.Join(i.Modules, ", "))
}
