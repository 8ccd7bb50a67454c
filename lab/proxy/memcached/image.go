package memcached

import (
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	return recipe.Recipe{
		Name:    "memcached",
		Seeds:   []string{"memcached"},
		Program: [2]string{"usr/bin/memcached", "usr/local/bin/memcached"},
		Static:  recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"memcached"},
			StopSignal: "SIGTERM",
		},
		Version: "MEMCACHED_VERSION",
		Installed: recipe.Installed{
			Names: []string{"memcached"}, Places: []string{"/usr/bin", "/usr/local/bin"}, Ask: "-V", Version: versionRE,
		},
	}
}
