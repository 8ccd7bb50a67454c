package caddy

import (
	"regexp"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	return recipe.Recipe{
		Name:    "caddy",
		Seeds:   []string{"caddy"},
		Program: [2]string{"usr/bin/caddy", "usr/bin/caddy"},
		Static:  recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"},
			WorkingDir: "/srv",
		},
		Version: "CADDY_VERSION",
		Installed: recipe.Installed{
			Names: []string{"caddy"}, Places: []string{"/usr/bin", "/usr/local/bin"},
			Ask: "version", Version: regexp.MustCompile(`^v?(\d+\.\d+\.\d+)`),
		},
	}
}
