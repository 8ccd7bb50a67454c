package nginxconf

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// TestConflictsAreNginxs: the names that nginx ignores with a warning are the conflicts, and
// the server that answers is the one of Select, never one that no request is said to reach.
func TestConflictsAreNginxs(t *testing.T) {
	program := realNginx()
	needs.Program(t, "netns", program)
	needs.Network(t)
	release := realRelease(t, program)
	const listen = "server { listen 127.0.0.1:8091; "
	warned := regexp.MustCompile(`conflicting server name "(.*)" on (.*), ignored`)
	for body, unreached := range map[string]int{
		listen + "server_name a; } " + listen + "server_name a; }":                                   1,
		listen + "server_name a b; } " + listen + "server_name c A; }":                               0,
		listen + "server_name a b; } " + listen + "server_name b a; }":                               1,
		listen + "} " + listen + "}":                                                                 1,
		listen + "} " + listen + "server_name \"\"; }":                                               1,
		listen + "server_name *.a; } " + listen + "server_name *.a; }":                               1,
		listen + "server_name .a; } " + listen + "server_name *.a; }":                                1,
		listen + "server_name .a; } " + listen + "server_name a; }":                                  1,
		listen + "server_name a; } " + listen + "server_name .a; }":                                  1,
		listen + "server_name *.a; } " + listen + "server_name .a; } " + listen + "server_name a; }": 2,
		listen + "server_name a.*; } " + listen + "server_name a.*; }":                               1,
		listen + "server_name ~^a; } " + listen + "server_name ~^a; }":                               1,
		listen + "server_name ~^a; } " + listen + "server_name ~^ab; }":                              0,
		listen + "server_name a; } server { listen 127.0.0.1:8091 default_server; server_name a; }":  0,
		listen + "server_name a; } " + listen + "listen 127.0.0.1:8092; server_name a; }":            0,
		listen + "server_name a; } " + listen + "server_name a.; }":                                  0,
		listen + "server_name x; } " + listen + "server_name a a; }":                                 0,
		listen + "server_name a; } server { listen 8091; server_name a; }":                           0,
		"server { listen 8091; listen [::]:8091; } server { listen 8091; listen [::]:8091; }":        1,
		"server { } server { listen 80; }":                                                           1,
		"server { listen unix:conflict.sock; } server { listen unix:conflict.sock; }":                1,
		"server { listen 8091; } server { listen 8091-8093; }":                                       0,
	} {
		servers := 0
		body = regexp.MustCompile("}").ReplaceAllStringFunc(body, func(string) string {
			servers++
			return fmt.Sprintf("return 200 %d; }", servers)
		})
		dir := t.TempDir()
		path := filepath.Join(dir, "nginx.conf")
		text := "daemon off; master_process off; events {}\nhttp { access_log off;\n" +
			strings.ReplaceAll(body, "conflict.sock", dir+"/s") + "\n}\n"
		filetest.Write(t, path, text)
		out, err := exec.CommandContext(t.Context(), program, "-t", "-p", dir, "-c", path, "-e", "stderr", "-g",
			"pid "+dir+"/nginx.pid;").CombinedOutput()
		if err != nil {
			t.Errorf("%s\n%s", body, out)
			continue
		}
		var want, got []string
		for _, m := range warned.FindAllStringSubmatch(string(out), -1) {
			want = append(want, m[1]+" on "+m[2])
		}
		config, err := Load(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range config.Servers() {
			for _, c := range s.Conflicts {
				for _, a := range c.Addresses {
					if !c.Quiet {
						got = append(got, c.Name+" on "+a)
					}
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		// Of a name that a server has twice nginx warns as well, and nothing comes of it.
		if strings.Contains(body, "a a;") {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n-nginx +model\n%s", body, diff)
		}
		if n := len(config.Ignored()); n != unreached {
			t.Errorf("%s: no request reaches %d servers, want %d", body, n, unreached)
		}
		if strings.Contains(body, "unix:") || !strings.Contains(body, "8091") {
			continue
		}
		for host, got := range answering(t, program, dir, path) {
			a := config.Select(release, Request{Address: "127.0.0.1", Port: 8091, Host: host})
			if want := fmt.Sprint(slices.Index(config.Servers(), a.Server) + 1); got != want || a.Server.Unreached {
				t.Errorf("%s: host %q is answered by server %s, want %s", body, host, got, want)
			}
		}
	}
}

// answering is what an nginx answers for several hosts at 127.0.0.1:8091.
func answering(t *testing.T, program, dir, path string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "-p", dir, "-c", path, "-e", "stderr", "-g", "pid "+dir+"/nginx.pid;")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() //nolint:errcheck // it is killed
	defer cmd.Process.Kill()
	all := map[string]string{}
	for _, host := range []string{"a", "A", "b", "c", "x.a", "a.x", "ab", "a.", "zz"} {
		var c net.Conn
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) { // from this thread, whose network it is
			var err error
			if c, err = net.Dial("tcp", "127.0.0.1:8091"); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(c, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host)
		answer, err := io.ReadAll(c)
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, all[host], _ = strings.Cut(string(answer), "\r\n\r\n")
	}
	return all
}
