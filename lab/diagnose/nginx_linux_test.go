package diagnose

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
)

const secretOutside = "this is outside of the root"

// TestConfigurationIsReadBelowItsRoot: links lead where they lead the process whose root it
// is, and never out.
func TestConfigurationIsReadBelowItsRoot(t *testing.T) {
	outside := t.TempDir()
	filetest.Write(t, filepath.Join(outside, "secret.conf"), secretOutside)
	root := filepath.Join(outside, "root")
	filetest.Write(t, filepath.Join(root, "etc/nginx/nginx.conf"), "events {}\n"+
		"http {\n include sites-enabled/*;\n include ../../../../secret.conf;\n include leaves;\n"+
		" include circle;\n include pipe;\n}\n")
	filetest.Write(t, filepath.Join(root, "etc/nginx/sites-available/app"),
		"upstream app { server 10.0.0.9:8080; keepalive 32; }\nserver { location / { proxy_pass http://app; } }\n")
	for name, to := range map[string]string{
		"etc/nginx/sites-enabled/app": "/etc/nginx/sites-available/app", // absolute, as Debian's are
		"etc/nginx/leaves":            "../../../secret.conf",
		"etc/nginx/circle":            "circle",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(root, "etc/nginx/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := master{built: built{version: "1.22.1"}}.read(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report
	if !slices.Contains(r.Files, "/etc/nginx/sites-enabled/app") || len(r.Files) != 2 {
		t.Errorf("files %q, want nginx.conf and the site", r.Files)
	}
	found := map[string]int{}
	for _, f := range r.Findings {
		found[f.ID]++
		if strings.Contains(f.Text, secretOutside) {
			t.Errorf("%s", f.Text)
		}
	}
	if found["include-not-found"] != 4 || found["half-done-keepalive"] != 1 {
		t.Errorf("found %v, want four includes that are not there, and a half done pool", found)
	}
	filetest.Write(t, filepath.Join(root, "etc/nginx/nginx.conf"), "events {}\nhttp {\n server {\n")
	if _, err := (master{}).read(root, nil); err == nil || !strings.Contains(err.Error(), "/etc/nginx/nginx.conf:") {
		t.Errorf("%v, want a mistake with its file and line", err)
	}
}

func TestTitleOfMaster(t *testing.T) {
	known := built{conf: "/etc/nginx/nginx.conf", prefix: "/usr/share/nginx"}
	for title, want := range map[string]string{
		"nginx: master process /usr/sbin/nginx -g daemon on; master_process on;": "/etc/nginx/nginx.conf",
		"nginx: master process nginx -p /srv/x -c conf/app.conf":                 "/srv/x/conf/app.conf",
		"nginx: master process nginx -c/srv/app.conf":                            "/srv/app.conf",
		"nginx: master process nginx -c ../../../etc/shadow":                     "/etc/shadow", // of its own root
	} {
		if got := (master{title: title, built: known}).file(); got != want {
			t.Errorf("%s reads %s, want %s", title, got, want)
		}
	}
}

// TestConfigurationOfARunningNginx: its file, and what is wrong in it, are found from
// outside.
func TestConfigurationOfARunningNginx(t *testing.T) {
	needs.Root(t)
	dir := t.TempDir()
	conf := `daemon off; pid ` + dir + `/pid; error_log ` + dir + `/log;
events {}
http {
	access_log off;
	upstream app { server 127.0.0.1:81; keepalive 8; }
	server { listen 127.0.0.1:8080; location / { proxy_pass http://app; } }
}
`
	needs.Network(t)
	listener, err := listenAt(netip.MustParseAddrPort("127.0.0.1:81"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	client, accepted, err := connectTo(netip.MustParseAddrPort("127.0.0.1:81"), "", listener)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(client)
	defer unix.Close(accepted)
	nginx := nginxtest.Start(t, dir, conf)
	var s *Snapshot
	for range 200 { // until nginx has its title
		if s, err = Look(t.Context(), Target{PID: nginx.Pid}); err != nil {
			t.Fatal(err)
		}
		if len(s.Namespaces) == 1 && len(s.Namespaces[0].Configured) == 1 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(s.Namespaces) != 1 || len(s.Namespaces[0].Configured) != 1 {
		t.Fatalf("no configuration was read: %+v, unseen %q", s.Namespaces, s.Unseen)
	}
	c := s.Namespaces[0].Configured[0]
	out, _ := exec.Command("nginx", "-v").CombinedOutput()
	if c.Report.Nginx == nil || !strings.Contains(string(out), "nginx/"+*c.Report.Nginx) {
		t.Errorf("release %v, and nginx -v says %s", c.Report.Nginx, out)
	}
	for _, f := range conclude(t, s.Namespaces...).Findings {
		if f.ID == "nginx-config" && f.File == dir+"/nginx.conf" && f.Line == 5 && strings.Contains(f.Text, "keepalive 8") {
			return
		}
	}
	t.Errorf("the pool of line 5 is not found: %+v", c.Report.Findings)
}

// TestDescribe: what a binary says of itself is found wherever the pieces that it is read
// in are cut, and whole.
func TestDescribe(t *testing.T) {
	const text = "/etc/nginx/nginx.conf\x00nginx/1.29.14\x00configure arguments: " +
		"--prefix=/usr/share/nginx --conf-path=/etc/nginx/other.conf --with-x\x00"
	want := built{version: "1.29.14", conf: "/etc/nginx/other.conf", prefix: "/usr/share/nginx"}
	for cut := range len(text) + 1 {
		binary := strings.Repeat("\x00", 64<<10+4096-cut) + text + strings.Repeat("\x00", 100)
		if got := describe(strings.NewReader(binary)); got != want {
			t.Fatalf("cut after %q: %+v, want %+v", text[:cut], got, want)
		}
	}
	if got := describe(strings.NewReader("nginx/1.2.3")); got.version != "1.2.3" {
		t.Errorf("at the end of the file: %+v", got)
	}
	if got := describe(strings.NewReader("nginx/nginx.conf --prefix=\x00")); got != (built{}) {
		t.Errorf("nothing is there: %+v", got)
	}
}
