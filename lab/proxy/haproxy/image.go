package haproxy

import (
	"regexp"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	return recipe.Recipe{
		Name:    "haproxy",
		Seeds:   []string{"haproxy"},
		Program: [2]string{"usr/sbin/haproxy", "usr/local/sbin/haproxy"},
		Static:  recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"},
			StopSignal: "SIGUSR1",
		},
		Version: "HAPROXY_VERSION",
		Installed: recipe.Installed{
			Names: []string{"haproxy"}, Places: []string{"/usr/sbin", "/usr/local/sbin"},
			Version: regexp.MustCompile(`HAProxy version (\d+\.\d+\.\d+)`),
		},
	}
}
