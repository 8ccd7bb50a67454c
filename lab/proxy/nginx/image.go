package nginx

import (
	"maps"
	"regexp"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// streamModule is where Debian's package has it.
const streamModule = "usr/lib/nginx/modules/ngx_stream_module.so"

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	r := recipe.Recipe{
		Name:    "nginx",
		Seeds:   []string{"nginx", "libnginx-mod-stream"},
		Program: [2]string{"usr/sbin/nginx", "usr/sbin/nginx"},
		Files: map[string]string{
			"etc/nginx/mime.types": "etc/nginx/mime.types",
			streamModule:           streamModule, // built in where nginx.org built it
		},
		Dirs:   map[string]string{"etc/nginx": "etc/nginx", "usr/share/nginx/html": "usr/share/nginx/html"},
		Static: recipe.Base(),
		// No EXPOSE: engines publish exposed ports of a container that asks for none.
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"/usr/sbin/nginx", "-g", "daemon off;"},
			StopSignal: "SIGQUIT",
		},
		Version: "NGINX_VERSION",
		Installed: recipe.Installed{
			Names:   []string{"nginx"},
			Places:  []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin"},
			Version: regexp.MustCompile(`nginx/(\S+)`),
		},
	}
	maps.Copy(r.Static, map[string]recipe.Entry{
		"etc/nginx/modules-enabled/50-mod-stream.conf": recipe.Text("load_module /" + streamModule + ";\n"),
		"var/lib/nginx":            recipe.Dir(0o755),
		"var/cache/nginx":          recipe.Dir(0o755),
		"var/log/nginx/access.log": recipe.Symlink("/dev/stdout"),
		"var/log/nginx/error.log":  recipe.Symlink("/dev/stderr"),
	})
	return r
}
