package nginx

import (
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
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
			text := filetest.Read(t, file)
			v := own(string(text), 2)
			v.Proxy.Addresses = 1
			if accepts(t, v) {
				accepted++
			}
		})
	}
	if accepted == 0 {
		t.Error("no configuration was rewritten")
	}
	for name, c := range meanings {
		t.Run(name, func(t *testing.T) {
			if !accepts(t, onDisk(t, c.files)) {
				t.Error("refused")
			}
		})
	}
}

// accepts says whether the lab takes a configuration; nginx then has to.
func accepts(t *testing.T, v scenarios.Variant) bool {
	t.Helper()
	at := inDirectory(t.TempDir())
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		return false // before anything runs, as TestOwnConfigurationsAreRewritten has it
	}
	filetest.Write(t, filepath.Join(at.Dir, confFile), c.Text)
	for path, text := range c.More {
		filetest.Write(t, path, text)
	}
	out, err := exec.Command("nginx", "-t", "-p", at.Dir, "-c", filepath.Join(at.Dir, confFile), "-e",
		"stderr").CombinedOutput()
	if err != nil {
		t.Errorf("nginx -t: %v\n%s\n%s", err, out, c.Text)
	}
	return true
}

// inDirectory is a host on loopback, so that listening needs no addresses.
func inDirectory(dir string) proxy.Site {
	return proxy.Site{
		Version: "1.22.1", Listen: netip.MustParseAddrPort("127.0.0.1:18399"), Dir: dir, RunDir: dir,
		ErrorLog: dir + "/error.log", DocumentRoot: dir, NoFile: 20000,
		Backends: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.2:8080"), netip.MustParseAddrPort("127.0.0.3:8080")},
	}
}
