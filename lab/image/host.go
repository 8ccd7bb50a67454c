package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Installed is the Source of a server that this machine itself has.
const Installed Source = "installed"

// installed says where machines have a server that is not in an image.
type installed struct {
	names   []string
	places  []string // besides the PATH
	version *regexp.Regexp
	modules []string // where loadable modules are; nil where none are needed
	needed  string   // the module that tells the right directory
}

var installations = map[Role]installed{
	Nginx: {
		names:   []string{"nginx"},
		places:  []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin"},
		version: regexp.MustCompile(`nginx/(\S+)`),
	},
	Httpd: {
		names:   []string{"httpd", "apache2"},
		places:  []string{"/usr/sbin", "/usr/local/apache2/bin"},
		version: regexp.MustCompile(`Apache/(\S+)`),
		modules: []string{"/usr/local/apache2/modules", "/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules"},
		needed:  "mod_mpm_event.so",
	},
}

// FindInstalled returns the server that this machine has installed, for a
// driver that has no engine where packages give none. The server is run, to
// know its version and that it can be.
func FindInstalled(ctx context.Context, role Role, text string, mode Mode) (Image, error) {
	r, err := parse(role, text, mode)
	if err != nil {
		return Image{}, err
	}
	if r.suite != "" {
		return Image{}, fmt.Errorf("%s names packages, and what is installed may be of others", text)
	}
	if err := substitutable(role, r, mode); err != nil {
		return Image{}, err
	}
	where := installations[role]
	program, err := where.find()
	if err != nil {
		return Image{}, err
	}
	out, err := exec.CommandContext(ctx, program, "-v").CombinedOutput()
	if err != nil {
		return Image{}, fmt.Errorf("%s -v: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	m := where.version.FindSubmatch(out)
	if m == nil {
		return Image{}, fmt.Errorf("%s does not say its version: %s", program, strings.TrimSpace(string(out)))
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return Image{}, err
	}
	sum := sha256.Sum256(binary)
	img := Image{Requested: text, Used: program, ID: "sha256:" + hex.EncodeToString(sum[:]), Source: Installed, Version: string(m[1]), Program: program}
	img.Note = fmt.Sprintf("asked for %s, used %s %s that is installed here as %s", text, role, img.Version, program)
	if len(where.modules) > 0 {
		if img.ServerRoot, err = where.serverRoot(); err != nil {
			return Image{}, err
		}
	}
	return img, nil
}

func (i installed) find() (string, error) {
	for _, name := range i.names {
		if p, err := exec.LookPath(name); err == nil {
			return filepath.Abs(p)
		}
		for _, dir := range i.places {
			if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("no %s on the PATH or in %s", strings.Join(i.names, " or "), strings.Join(i.places, ", "))
}

// serverRoot is the directory above the modules.
func (i installed) serverRoot() (string, error) {
	for _, dir := range i.modules {
		if _, err := os.Stat(filepath.Join(dir, i.needed)); err == nil {
			return filepath.Dir(dir), nil
		}
	}
	return "", errors.New("no " + i.needed + " in " + strings.Join(i.modules, ", "))
}
