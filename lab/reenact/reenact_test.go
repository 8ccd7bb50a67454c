package reenact

import (
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/probe"
	_ "github.com/lab99/lab99/lab/proxy/kinds" // a scenario names them
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// waiting is a group with so many TIME_WAITs, one every 1/perS seconds.
func waiting(local, remote string, n int, perS float64) diagnose.Group {
	g := diagnose.Group{
		Local:  netip.AddrPortFrom(netip.MustParseAddr(local), 0),
		Remote: netip.MustParseAddrPort(remote),
		States: map[string]int{"time-wait": n},
	}
	for i := range n {
		g.RemainingMs = append(g.RemainingMs, int32(60_000-1000*float64(i)/perS))
	}
	return g
}

// host is a snapshot of one namespace.
func host(ports int, groups ...diagnose.Group) *diagnose.Snapshot {
	return &diagnose.Snapshot{Kernel: "6.1.0-secret-build", Namespaces: []diagnose.Namespace{{
		Inode: 1, Name: "container secret-web", Processes: []diagnose.Process{{PID: 7, Name: "nginx"}}, Outgoing: groups,
		Ports: &probe.Ports{Low: 32768, High: 32768 + ports - 1, Usable: ports},
		Sysctls: map[string]string{
			"net.ipv4.tcp_tw_reuse": "2", "net.ipv4.tcp_fin_timeout": "60", "net.ipv4.tcp_timestamps": "1",
			"net.ipv4.tcp_max_tw_buckets": "262144", "net.core.somaxconn": "4096",
		},
	}}}
}

// withNginx puts a configuration into the host's namespace; files has nginx.conf.
func withNginx(t testing.TB, s *diagnose.Snapshot, files map[string]string) bool {
	t.Helper()
	c, err := nginxconf.Load("/etc/nginx/nginx.conf", nginxconf.Options{
		Prefix: "/etc/nginx", Follow: true,
		Open: func(path string) ([]byte, error) {
			if text, ok := files[strings.TrimPrefix(path, "/etc/nginx/")]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
	})
	if err != nil {
		return false
	}
	report := lint.New("/etc/nginx/nginx.conf", c, nginxconf.MustRelease("1.22.1"))
	s.Namespaces[0].Configured = []diagnose.Configured{{Program: "nginx", PID: 7, Report: report}}
	return true
}

func choose(t testing.TB, s *diagnose.Snapshot) *Case {
	t.Helper()
	c, err := Choose(diagnose.Conclude(s, diagnose.Options{Horizon: time.Minute, Top: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// save writes a host and reads the scenario again.
func save(t testing.TB, s *diagnose.Snapshot) (c *Case, dir string, quick *scenarios.Resolved) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "saved")
	c = choose(t, s)
	_, err := c.Write(dir, func(dir string) error {
		scenario, err := scenarios.Load(dir)
		if err != nil {
			return err
		}
		for _, size := range scenario.Sizes {
			if _, err := scenario.Resolve(size, nil); err != nil {
				return err
			}
		}
		quick, err = scenario.Resolve("quick", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, dir, quick
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	b := filetest.Read(t, filepath.Join(dir, name))
	return string(b)
}

// everything is all that was written, names included.
func everything(t testing.TB, dir string) (all string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all += e.Name() + "\n" + read(t, dir, e.Name())
	}
	return all
}

const config = `user secretuser;
worker_processes 4;
error_log /var/log/secret/error.log;
events { worker_connections 1024; }
http {
	log_format main "$remote_addr secretformat";
	include mime.types;
	include conf.d/app.conf;
}
`

const app = `upstream secretgroup {
	least_conn;
	server 10.0.0.9:8080 weight=3 max_fails=2 fail_timeout=5s;
	server 10.0.0.10:8080;
	server 10.0.0.11:8080 backup;
	keepalive 32;
}
server {
	listen 443 ssl;
	server_name secret.example;
	ssl_certificate_key /etc/secret/key.pem;
	location /secret/ {
		proxy_pass http://secretgroup;
		proxy_connect_timeout 3s;
		proxy_next_upstream error timeout;
		proxy_set_header Authorization "Basic c2VjcmV0";
	}
}
`

// TestGolden is what becomes of a host with a configuration, and of one without.
func TestGolden(t *testing.T) {
	with := host(28232, waiting("10.0.0.5", "10.0.0.9:8080", 9000, 600), waiting("10.0.0.5", "10.0.0.10:8080", 3000, 200))
	if !withNginx(t, with, map[string]string{"nginx.conf": config, "conf.d/app.conf": app}) {
		t.Fatal("the configuration cannot be read")
	}
	for name, s := range map[string]*diagnose.Snapshot{
		"with-nginx": with,
		"without": host(4000, waiting("10.0.0.5", "10.0.0.9:8080", 1500, 150),
			waiting("10.0.0.5", "10.0.0.10:8080", 1500, 150)),
	} {
		t.Run(name, func(t *testing.T) {
			_, dir, _ := save(t, s)
			all := everything(t, dir)
			if strings.Contains(all, "secret") {
				t.Errorf("a word of the host is left:\n%s", all)
			}
			golden.Compare(t, filepath.Join("testdata", name+".golden"), all)
		})
	}
}
