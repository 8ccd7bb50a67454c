package nginxconf

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A file of 20,000 servers, as hosting panels write them, is read and judged in
// a second and 200 MiB.
func TestManyServersAreQuick(t *testing.T) {
	text := []byte(manyServers(20_000))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := processorTime(t)
	config, err := Load("nginx.conf", Options{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	routes := config.Routes(Release{})
	findings := config.Findings(Release{})
	took := processorTime(t) - start
	runtime.ReadMemStats(&after)
	if len(routes) != 40_000 || len(findings) == 0 {
		t.Errorf("%d routes, %d findings", len(routes), len(findings))
	}
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d KiB: %v, %d MiB allocated in all, %d MiB held, %d findings", len(text)>>10, took, allocated, (after.HeapAlloc-before.HeapAlloc)>>20, len(findings))
	if took > 3*time.Second { // collection of garbage on other cores counts as well
		t.Errorf("took %v", took)
	}
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
        proxy_pass http://127.0.0.1:%d;
    }
}
`, i, i/250, i%250, i, 3000+i%1000)
	}
	b.WriteString("}\n")
	return b.String()
}
