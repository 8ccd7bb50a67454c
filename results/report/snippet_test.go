package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
)

// TestSnippetsAreClean: what one copies has nothing of the lab's, and nginx takes it.
func TestSnippetsAreClean(t *testing.T) {
	run, err := results.Open("../example/port-exhaustion-standard")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range newPage(run, nil).Rollouts() {
		for _, s := range r.Copy {
			got[r.Name+" "+s.Name] = s.Text
		}
	}
	want := map[string]string{
		"keepalive nginx.conf": `# in http {}
upstream backend {
    server 192.0.2.1:8080;
    keepalive 20;
    keepalive_timeout 60s;
}
# in your server {}
location / {
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass http://backend;
}`,
		"multi-ip nginx.conf": `# in http {}
upstream backend {
    server 192.0.2.1:8080;
    server 192.0.2.2:8080;
    server 192.0.2.3:8080;
}
# in your server {}
location / {
    proxy_pass http://backend;
}`,
		"tw-reuse /etc/sysctl.d/90-source-ports.conf": "net.ipv4.tcp_tw_reuse = 1",
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s is\n%s\nwant\n%s", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d snippets, want %d: %v", len(got), len(want), got)
	}
}

var ofTheLab = regexp.MustCompile(`(?i)lab|198\.1[89]\.|max_fails=0|#`)

// TestNginxTakesSnippets of what the templates can write.
func TestNginxTakesSnippets(t *testing.T) {
	const tls = `
http {
    split_clients "$connection$msec" $source {
        50% 198.18.0.10;
        * 198.18.0.11;
    }
    upstream lab99 {              # round robin
        server 198.18.0.20:8443 max_fails=0;
        # lab: max_fails=0 so that each is counted. Not to copy.
        keepalive 20;  # idle
        keepalive_requests 1000000;  # lab: Not to copy.
    }
    server {
        listen 198.18.0.10:8080;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_next_upstream off;  # lab: one. Not to copy.
        location = /lab99/ready {
            return 200 "ready\n";
        }
        location / {
            proxy_pass https://lab99;
            proxy_ssl_trusted_certificate /run/lab/server.pem;
            proxy_ssl_verify on;
            proxy_ssl_name lab99;     # nginx checks names, never addresses
            proxy_bind $source;
            # Which peer
            add_header X-Lab99-Upstream "$upstream_addr" always;
        }
    }
}
`
	text := nginxSnippet(tls)
	if found := ofTheLab.FindAllString(strings.NewReplacer(inHTTP, "", inServer, "").Replace(text), -1); found != nil {
		t.Errorf("%q of the lab in\n%s", found, text)
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("no nginx on the PATH")
	}
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skip("no certificates on this machine")
	}
	before, location, found := strings.Cut(text, "location / {")
	if !found {
		t.Fatalf("no location in\n%s", text)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	whole := "pid " + dir + "/pid; error_log stderr; events {}\nhttp {\naccess_log off;\n" +
		before + "server {\nlocation / {" + location + "\n}\n}\n"
	if err := os.WriteFile(conf, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(nginx, "-t", "-p", dir, "-c", conf).CombinedOutput(); err != nil {
		t.Errorf("nginx does not take it: %v\n%s\n%s", err, out, whole)
	}
}
