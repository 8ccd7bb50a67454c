package phpfpm

import (
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// programs are its names: that of the official image, and those of Debian's releases and
// what Ondřej Surý builds for them.
var programs = []string{"php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4", "php-fpm8.5"}

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	return recipe.Recipe{
		Name:    "php",
		Seeds:   []string{"php-fpm"},
		Program: [2]string{"usr/sbin/php-fpm8.*", "usr/local/sbin/php-fpm"},
		Static:  recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"php-fpm"},
			WorkingDir: "/var/www/html",
			StopSignal: "SIGQUIT",
		},
		Version: "PHP_VERSION",
		Installed: recipe.Installed{
			Names: programs, Places: []string{"/usr/sbin", "/usr/local/sbin"}, Version: versionRE,
		},
	}
}
