package nginxconf

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// What the model says nginx refuses, the real one refuses, and nothing else.
func TestNginxRefusesWhatTheModelSays(t *testing.T) {
	program := realNginx()
	needs.Program(t, "netns", program)
	needs.Root(t) // nginx -t opens its logs
	release := realRelease(t, program)
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, file := range files {
		text := filetest.Read(t, file)
		body := string(text)
		if strings.Contains(file, "elsewhere.conf") || strings.Contains(body, "://app:3000") || foreign(body) {
			continue
		}
		if first, _, _ := strings.Cut(body, "\n"); strings.HasPrefix(first, "# nginx ") {
			said := MustRelease(strings.TrimSpace(strings.TrimPrefix(first, "# nginx ")))
			if said.pools() != release.pools() || said.since(thousand) != release.since(thousand) {
				continue
			}
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			config, err := Load(file, Options{})
			refused := err != nil
			if err == nil {
				for _, f := range config.Findings(release) {
					refused = refused || slices.Contains([]string{"nginx-refuses", "byte-order-mark",
						"not-substituted"}, f.ID)
				}
				switch config.Fragment {
				case "http":
					body = "events {}\nhttp {\n" + body + "\n}\n"
				case "server":
					body = "events {}\nhttp { server {\n" + body + "\n} }\n"
				case "location":
					body = "events {}\nhttp { server { location / {\n" + body + "\n} } }\n"
				case "stream":
					body = "events {}\nstream {\n" + body + "\n}\n"
				}
			}
			path := filepath.Join(dir, "nginx.conf")
			filetest.Write(t, path, body)
			if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
				t.Fatal(err)
			}
			filetest.Write(t, filepath.Join(dir, "proxy_params"), proxyParams)
			out, err := exec.CommandContext(t.Context(), program, "-t", "-p", dir, "-c", path, "-e", "stderr", "-g",
				"pid "+dir+"/nginx.pid;").CombinedOutput()
			if strings.Contains(string(out), `unknown directive "stream"`) {
				t.Skip("this nginx has no stream module")
			}
			tried++
			if (err != nil) != refused {
				t.Errorf("model: refused %t, nginx %s: %v\n%s", refused, release, err, out)
			}
		})
	}
	t.Logf("nginx %s: %d files", release, tried)
}

// foreign says whether nginx needs a module or files for a configuration that this
// machine does not have.
func foreign(text string) bool {
	for _, s := range []string{"_by_lua", dumpMark, "mime.types", "/data/nginx", "/var/log/myapp", "ssl_"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
