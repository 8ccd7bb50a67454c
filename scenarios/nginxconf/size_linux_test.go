package nginxconf

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ten times as many servers take about ten times as long: files of 20,000, as
// hosting panels write them, are read and judged in a second. The ratio holds
// on a busy machine and under the race detector as well.
func TestManyServersAreQuick(t *testing.T) {
	small := min(judge(t, 2_000), judge(t, 2_000), judge(t, 2_000))
	large := judge(t, 20_000)
	if large > 30*small {
		t.Errorf("2,000 servers take %v, 20,000 take %v", small, large)
	}
}

// judge reads and judges a file, and gives the processor time that it took.
func judge(t *testing.T, servers int) time.Duration {
	text := []byte(manyServers(servers))
	runtime.GC()
	start := processorTime(t)
	config, err := Load("nginx.conf", Options{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	routes := config.Routes(Release{})
	findings := config.Findings(Release{})
	took := processorTime(t) - start
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("%d servers, %d KiB: %v, %d MiB held, %d routes, %d findings", servers, len(text)>>10, took, m.HeapAlloc>>20,
		len(routes), len(findings))
	if len(routes) != 2*servers || len(findings) != 4*servers {
		t.Errorf("%d routes, %d findings", len(routes), len(findings))
	}
	if held := m.HeapAlloc >> 20; held > 200 {
		t.Errorf("%d MiB are held", held)
	}
	runtime.KeepAlive(config)
	return took
}

// processorTime is the process's own: other work runs on the machine.
func processorTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func manyServers(n int) string {
	var b strings.Builder
	b.WriteString("events {}\nhttp {\nmap $http_upgrade $connection_upgrade { default upgrade; '' close; }\n")
	for i := range n {
		fmt.Fprintf(&b, `upstream app%d { server 10.0.%d.%d:8080; keepalive 8; }
server {
    listen 80;
    server_name site%d.example.org www.site%[1]d.example.org;
    root /srv/%[1]d;
    location / {
        proxy_set_header Host $host;
        proxy_pass http://app%[1]d;
    }
    location /ws {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_pass http://127.0.0.1:%[5]d;
    }
}
`, i, i/250, i%250, i, 3000+i%1000)
	}
	b.WriteString("}\n")
	return b.String()
}
