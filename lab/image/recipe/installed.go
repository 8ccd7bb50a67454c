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
	Version *regexp.Regexp // of what the program prints with -v
	Modules []string       // where loadable modules are; nil where none are needed
	Needed  string         // the module that tells the right directory
}

// Find returns the path of the program.
func (i Installed) Find() (string, error) {
	for _, name := range i.Names {
		if p, err := exec.LookPath(name); err == nil {
			return filepath.Abs(p)
		}
		for _, dir := range i.Places {
			if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("no %s on the PATH or in %s", strings.Join(i.Names, " or "), strings.Join(i.Places, ", "))
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
