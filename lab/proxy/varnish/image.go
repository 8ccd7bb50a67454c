package varnish

import (
	_ "embed"
	"maps"
	"regexp"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lab99/lab99/lab/image/recipe"
)

// The headers that a compiled VCL includes, in place of some twenty files of the C library.
var (
	//go:embed include/stddef.h
	stddef string
	//go:embed include/stdint.h
	stdint string
)

// Image is how its image is made. Varnish compiles its configuration, which takes a shell and
// a compiler: the official image has GCC, of which this one would become 60 MB larger.
func (Kind) Image() recipe.Recipe {
	r := recipe.Recipe{
		Name:    "varnish",
		Seeds:   []string{"varnish", "tcc", "dash", "coreutils"},
		Program: [2]string{"usr/sbin/varnishd", "usr/sbin/varnishd"},
		Files: map[string]string{
			"usr/bin/varnishlog": "usr/bin/varnishlog", "usr/bin/varnishstat": "usr/bin/varnishstat",
			"usr/bin/sh": "usr/bin/dash", "usr/bin/rm": "usr/bin/rm", "usr/bin/tcc": "usr/bin/tcc",
		},
		Worth:  []string{"usr/bin/varnishlog", "usr/bin/varnishstat", "usr/bin/tcc", "usr/bin/rm"},
		Static: recipe.Base(),
		Config: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"varnishd", "-F", "-f", "/etc/varnish/default.vcl", "-a", ":80"},
			StopSignal: "SIGTERM",
		},
		Version: "VARNISH_VERSION",
		Installed: recipe.Installed{
			Names: []string{"varnishd"}, Places: []string{"/usr/sbin", "/usr/local/sbin"}, Ask: "-V",
			Version: regexp.MustCompile(`varnish-(\d+\.\d+\.\d+)`),
		},
	}
	for _, name := range []string{"blob", "cookie", "directors", "proxy", "purge", "std", "unix"} {
		file := "libvmod_" + name + ".so"
		r.Files[modules[1:]+"/"+file] = "usr/lib/*/varnish/vmods/" + file
	}
	maps.Copy(r.Static, map[string]recipe.Entry{
		"usr/bin/cc":           recipe.Symlink("tcc"),
		"usr/include/stdint.h": recipe.Text(stdint),
		"usr/include/stddef.h": recipe.Text(stddef),
		"bin":                  recipe.Symlink("usr/bin"),
		"var/lib/varnish":      recipe.Dir(0o755),
	})
	return r
}
