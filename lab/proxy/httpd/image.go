package httpd

import (
	"maps"
	"regexp"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// officialRoot is Apache's ServerRoot in the official image.
const officialRoot = "/usr/local/apache2"

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	const prefix = "usr/local/apache2/"
	r := recipe.Recipe{
		Name:    "httpd",
		Seeds:   []string{"apache2-bin", "media-types"},
		Program: [2]string{"usr/sbin/apache2", prefix + "bin/httpd"},
		Files:   map[string]string{prefix + "conf/mime.types": "etc/mime.types"},
		Modules: map[string]string{prefix + "modules": "usr/lib/apache2/modules"},
		// OpenSSL is 6 MB in an image of 13 (forky: 9 of 19). An image of its
		// own for the few scenarios with TLS would cost more: to make it, and
		// to explain it.
		Worth:  []string{"usr/lib/apache2/modules/mod_ssl.so"},
		Static: recipe.Base(),
		// No EXPOSE: engines publish exposed ports of a container that asks for none.
		Config: ocispec.ImageConfig{
			Env: []string{"HTTPD_PREFIX=" + officialRoot,
				"PATH=/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{officialRoot + "/bin/httpd", "-DFOREGROUND"},
			WorkingDir: officialRoot,
			StopSignal: "SIGWINCH",
		},
		Version: "HTTPD_VERSION",
		Installed: recipe.Installed{
			Names:   []string{"httpd", "apache2"},
			Places:  []string{"/usr/sbin", officialRoot + "/bin"},
			Version: regexp.MustCompile(`Apache/(\S+)`),
			Modules: []string{
				officialRoot + "/modules",
				"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
			},
			Needed: "mod_mpm_event.so",
		},
	}
	maps.Copy(r.Static, map[string]recipe.Entry{
		prefix + "htdocs/index.html": recipe.Text("<html><body><h1>It works!</h1></body></html>\n"),
		prefix + "logs":              recipe.Dir(0o755),
		"etc/apache2":                recipe.Symlink(officialRoot), // the default ServerRoot that was compiled in
		"run/apache2":                recipe.Dir(0o755),            // and the default runtime directory
	})
	return r
}
