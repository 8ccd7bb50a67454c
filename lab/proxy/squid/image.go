package squid

import (
	"maps"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Image is how its image is made.
func (Kind) Image() recipe.Recipe {
	// It looks for both of these programs, though none is started.
	const unlinkd, logDaemon = "usr/lib/squid/unlinkd", "usr/lib/squid/log_file_daemon"
	const pages, icons = "usr/share/squid/errors/templates", "usr/share/squid/icons"
	r := recipe.Recipe{
		Name:    "squid",
		Seeds:   []string{"squid", "squid-common", "squid-langpack"},
		Program: [2]string{"usr/sbin/squid", "usr/sbin/squid"},
		Files: map[string]string{
			"usr/share/squid/mime.conf": "usr/share/squid/mime.conf",
			unlinkd:                     unlinkd, logDaemon: logDaemon,
		},
		Dirs: map[string]string{pages: "usr/share/squid-langpack/templates",
			icons: icons, icons + "/silk": icons + "/silk"},
		Static: recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"squid", "-N", "-f", "/etc/squid/squid.conf"},
			StopSignal: "SIGTERM",
		},
		Version: "SQUID_VERSION",
		Installed: recipe.Installed{
			Names:   []string{"squid"},
			Places:  []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/squid/sbin"},
			Version: versionRE,
		},
	}
	maps.Copy(r.Static, map[string]recipe.Entry{
		"etc/squid":       recipe.Dir(0o755),
		"var/log/squid":   recipe.Dir(0o755),
		"var/spool/squid": recipe.Dir(0o755),
	})
	return r
}
