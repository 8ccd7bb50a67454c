package uwsgi

import (
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// programs are its names: its own, and Debian's.
var programs = []string{"uwsgi", "uwsgi-core"}

// plugin serves a file.
const plugin = "usr/lib/uwsgi/plugins/router_static_plugin.so"

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	return recipe.Recipe{
		Name:    "uwsgi",
		Seeds:   []string{"uwsgi-core"},
		Program: [2]string{"usr/bin/uwsgi-core", "usr/bin/uwsgi"},
		Files:   map[string]string{plugin: plugin},
		Static:  recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"uwsgi", "--ini", "/etc/uwsgi.ini"},
			StopSignal: "SIGTERM",
		},
		Version: "VERSION_OF_UWSGI", // it takes what begins with UWSGI_ for options, and prints its version
		Installed: recipe.Installed{
			Names: programs, Places: []string{"/usr/bin", "/usr/local/bin"}, Ask: "--version", Version: versionRE,
		},
	}
}
