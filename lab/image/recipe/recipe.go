// Package recipe says how the image of a server is named and made: which
// files of the distribution's packages it needs, and where a machine has the
// server installed.
//
// A kind of server registers its recipe; package image, above, follows it and
// knows no kind.
package recipe

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A Recipe says which files of the distribution's packages make a lean image,
// and where the official image has them.
type Recipe struct {
	Name    string            // of the stock image, such as nginx
	Seeds   []string          // packages to start from; apt adds what they depend on
	Program [2]string         // path in the package, with * for a version in its name; path in the image
	Files   map[string]string // single files: path in the image to path in the package, likewise with *
	Dirs    map[string]string // all regular files directly in a directory, likewise
	Modules map[string]string // likewise, but only those that need no libraries beyond the program's and Worth's
	Worth   []string          // modules that are worth libraries of their own
	Static  map[string]Entry  // what maintainer scripts would have made, and what the official image adds
	Config  ocispec.ImageConfig
	Version string // name of the environment variable that carries the version, as the official image has it

	Installed Installed
}

// An Entry is a file, a directory or a symbolic link of an image.
type Entry struct {
	Mode fs.FileMode
	Data []byte
	Link string
}

// Dir is an empty directory.
func Dir(mode fs.FileMode) Entry { return Entry{Mode: fs.ModeDir | mode} }

// Text is a file that everyone may read.
func Text(s string) Entry { return Entry{Mode: 0o644, Data: []byte(s)} }

// Symlink is a symbolic link.
func Symlink(target string) Entry { return Entry{Mode: fs.ModeSymlink | 0o777, Link: target} }

// Base is what every image has: users, name service, temporary directories.
// The users are those that the stock servers are built to run as.
func Base() map[string]Entry {
	return map[string]Entry{
		"etc/passwd": Text("root:x:0:0:root:/root:/sbin/nologin\n" +
			"www-data:x:33:33:www-data:/var/www:/sbin/nologin\n" +
			"nginx:x:101:101:nginx:/nonexistent:/sbin/nologin\n" +
			"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"),
		"etc/group":         Text("root:x:0:\nwww-data:x:33:\nnginx:x:101:\nnogroup:x:65534:\n"),
		"etc/nsswitch.conf": Text("passwd: files\ngroup: files\nhosts: files dns\n"),
		"root":              Dir(0o700),
		"tmp":               Dir(fs.ModeSticky | 0o777),
		"var/tmp":           Dir(fs.ModeSticky | 0o777),
		"run/lock":          Dir(fs.ModeSticky | 0o777),
		"var/run":           Symlink("/run"),
	}
}

var registered = map[string]Recipe{}

// Register makes a recipe known by its name.
func Register(r Recipe) { registered[r.Name] = r }

// For returns the recipe of a name.
func For(name string) (Recipe, error) {
	r, ok := registered[name]
	if !ok {
		names := slices.Sorted(maps.Keys(registered))
		return Recipe{}, fmt.Errorf("no recipe for images of %q: expected %s", name, strings.Join(names, " or "))
	}
	r.Static = maps.Clone(r.Static)
	return r, nil
}
