package nginx

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
)

// A real nginx accepts what the lab makes of configurations: with no name to look
// up, no module of others, no file that is not there.
func TestNginxAcceptsWhatIsRewritten(t *testing.T) {
	needs.Root(t) // nginx -t makes the directories it was built to write to
	needs.Program(t, "netns", "nginx")
	files, err := filepath.Glob("testdata/own/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	accepted := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			v, at := own(string(text), 2), inDirectory(t.TempDir())
			v.Proxy.Addresses = 1
			c, err := Kind{}.Configure(v, at)
			if err != nil {
				return // refused before anything runs, as TestOwnConfigurationsAreRewritten has it
			}
			accepted++
			write(t, filepath.Join(at.Dir, confFile), c.Text)
			for path, text := range c.More {
				write(t, path, text)
			}
			accept(t, at)
		})
	}
	if accepted == 0 {
		t.Error("no configuration was rewritten")
	}
}

// A listen that several servers include is each one's own in the lab, and nginx
// accepts that.
func TestIncludedListenIsEachServersOwn(t *testing.T) {
	needs.Root(t)
	needs.Program(t, "netns", "nginx")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "https.conf"), []byte("listen 10.1.0.1:443 ssl default_server; ssl_certificate a.pem;\n"))
	main := filepath.Join(dir, "main.conf")
	text := []byte(`events {} http {
server { include https.conf; server_name a; return 301 /; }
server { include https.conf; server_name b; location / { proxy_pass http://app:80; } }
}`)
	write(t, main, text)
	v, at := own(string(text), 2), inDirectory(filepath.Join(dir, "lab"))
	v.Proxy.Addresses, v.ProxyFile.OnDisk, v.ProxyFile.Label = 1, true, main
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at.Dir, confFile), c.Text)
	for path, text := range c.More {
		write(t, path, text)
	}
	accept(t, at)
	if !strings.Contains(string(c.Text), "listen 127.0.0.1:18399 default_server;") || !strings.Contains(string(c.Text), "aside-1.sock") {
		t.Errorf("each server wants a listen of its own:\n%s", c.Text)
	}
}

// accept has nginx test a configuration.
func accept(t *testing.T, at proxy.Site) {
	t.Helper()
	out, err := exec.Command("nginx", "-t", "-p", at.Dir, "-c", filepath.Join(at.Dir, confFile), "-e", "stderr").CombinedOutput()
	if err != nil {
		t.Errorf("nginx -t: %v\n%s", err, out)
	}
}

// inDirectory is a host on loopback, so that listening needs no addresses.
func inDirectory(dir string) proxy.Site {
	return proxy.Site{
		Version: "1.22.1", Listen: netip.MustParseAddrPort("127.0.0.1:18399"), Dir: dir, RunDir: dir,
		ErrorLog: dir + "/error.log", DocumentRoot: dir, NoFile: 20000,
		Backends: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.2:8080"), netip.MustParseAddrPort("127.0.0.3:8080")},
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
