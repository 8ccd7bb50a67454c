package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// recipeRevision changes when the code that follows a recipe does; the recipes'
// own contents are hashed beside it.
const recipeRevision = 1

// recipe says which files of the distribution's packages make a lean image,
// and where the official image has them.
type recipe struct {
	Seeds   []string          // packages to start from; apt adds what they depend on
	Program [2]string         // path in the package, path in the image
	Files   map[string]string // single files: path in the image to path in the package
	Dirs    map[string]string // all regular files directly in a directory, likewise
	Modules map[string]string // likewise, but only those that need no libraries beyond the program's and Worth's
	Worth   []string          // modules that are worth libraries of their own
	Static  map[string]entry  // what maintainer scripts would have made, and what the official image adds
	Config  dockerspec.DockerOCIImageConfig
	Version string // name of the environment variable that carries the version, as the official image has it
}

func dir(mode fs.FileMode) entry  { return entry{mode: fs.ModeDir | mode} }
func text(s string) entry         { return entry{mode: 0o644, data: []byte(s)} }
func symlink(target string) entry { return entry{mode: fs.ModeSymlink | 0o777, link: target} }

// base is what every image has: users, name service, temporary directories.
func base() map[string]entry {
	return map[string]entry{
		"etc/passwd": text("root:x:0:0:root:/root:/sbin/nologin\n" +
			"www-data:x:33:33:www-data:/var/www:/sbin/nologin\n" +
			"nginx:x:101:101:nginx:/nonexistent:/sbin/nologin\n" +
			"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"),
		"etc/group":         text("root:x:0:\nwww-data:x:33:\nnginx:x:101:\nnogroup:x:65534:\n"),
		"etc/nsswitch.conf": text("passwd: files\ngroup: files\nhosts: files dns\n"),
		"root":              dir(0o700),
		"tmp":               dir(fs.ModeSticky | 0o777),
		"var/tmp":           dir(fs.ModeSticky | 0o777),
		"run/lock":          dir(fs.ModeSticky | 0o777),
		"var/run":           symlink("/run"),
	}
}

func recipeFor(role Role) (recipe, error) {
	r := recipe{Static: base()}
	switch role {
	case Nginx:
		r.Seeds = []string{"nginx"}
		r.Program = [2]string{"usr/sbin/nginx", "usr/sbin/nginx"}
		r.Files = map[string]string{"etc/nginx/mime.types": "etc/nginx/mime.types"}
		r.Dirs = map[string]string{"etc/nginx": "etc/nginx", "usr/share/nginx/html": "usr/share/nginx/html"}
		maps.Copy(r.Static, map[string]entry{
			"var/lib/nginx":            dir(0o755),
			"var/cache/nginx":          dir(0o755),
			"var/log/nginx/access.log": symlink("/dev/stdout"),
			"var/log/nginx/error.log":  symlink("/dev/stderr"),
		})
		r.Config = dockerspec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"/usr/sbin/nginx", "-g", "daemon off;"},
			StopSignal: "SIGQUIT",
		}}
		r.Version = "NGINX_VERSION"
	case Httpd:
		const prefix = "usr/local/apache2/"
		r.Seeds = []string{"apache2-bin", "media-types"}
		r.Program = [2]string{"usr/sbin/apache2", prefix + "bin/httpd"}
		r.Files = map[string]string{prefix + "conf/mime.types": "etc/mime.types"}
		r.Modules = map[string]string{prefix + "modules": "usr/lib/apache2/modules"}
		// OpenSSL is 6 MB in an image of 13 (forky: 9 of 19). An image of its
		// own for the few scenarios with TLS would cost more: to make it, and
		// to explain it.
		r.Worth = []string{"usr/lib/apache2/modules/mod_ssl.so"}
		maps.Copy(r.Static, map[string]entry{
			prefix + "htdocs/index.html": text("<html><body><h1>It works!</h1></body></html>\n"),
			prefix + "logs":              dir(0o755),
			"etc/apache2":                symlink("/" + prefix[:len(prefix)-1]), // the default ServerRoot that was compiled in
			"run/apache2":                dir(0o755),                            // and the default runtime directory
		})
		r.Config = dockerspec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{
			Env: []string{"HTTPD_PREFIX=/usr/local/apache2",
				"PATH=/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd:        []string{"/usr/local/apache2/bin/httpd", "-DFOREGROUND"},
			WorkingDir: "/usr/local/apache2",
			StopSignal: "SIGWINCH",
		}}
		r.Version = "HTTPD_VERSION"
	default:
		return recipe{}, fmt.Errorf("image role %q: expected %s or %s", role, Nginx, Httpd)
	}
	// No EXPOSE: engines publish exposed ports of a container that asks for none.
	return r, nil
}

// hash identifies the recipe together with what it is applied to.
func (r recipe) hash(suite, arch string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s\n%q %q %q %q %q %q %q %+v\n", recipeRevision, suite, arch,
		r.Seeds, r.Program, r.Files, r.Dirs, r.Modules, r.Worth, r.Version, r.Config.ImageConfig)
	for _, name := range slices.Sorted(maps.Keys(r.Static)) { // fmt sorts the other maps
		fmt.Fprintf(h, "%s %v %q %q\n", name, r.Static[name].mode, r.Static[name].data, r.Static[name].link)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
