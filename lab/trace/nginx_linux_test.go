package trace

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
)

// TestCountIsThatOfTheLogOfNginx: a real nginx of two workers has ten ports towards its
// backend, and 60 requests. It logs a line for each connect() that fails with error 99.
func TestCountIsThatOfTheLogOfNginx(t *testing.T) {
	needs.Root(t)
	inode := network(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_tw_reuse", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	front, log := filepath.Join(dir, "front"), filepath.Join(dir, "log")
	conf := fmt.Sprintf(`daemon off; user root; worker_processes 2; pid %[1]s/pid; error_log %[2]s;
events {}
http {
	access_log off;
	server { listen unix:%[3]s; location / { proxy_pass http://127.0.0.1:81; } }
}
`, dir, log, front)
	backend, err := net.Listen("tcp4", "127.0.0.1:81")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	go func() {
		for {
			c, err := backend.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			io.Copy(io.Discard, c) // nginx closes first, and keeps the TIME_WAIT
			c.Close()
		}
	}()
	nginxtest.Start(t, dir, conf)
	tr := begin(t, Options{Namespace: inode})
	const requests = 60
	answers := map[string]int{}
	for range requests {
		answers[request(t, front)]++
	}
	text := filetest.Read(t, log)
	lines := bytes.Count(text, []byte("(99: "))
	c := counts(t, tr)
	counted, workers := int64(0), 0
	for _, f := range c.Failures {
		if f.Name == "EADDRNOTAVAIL" && f.Process == "nginx" && f.To.String() == "127.0.0.1:81" && f.Namespace == inode {
			counted += f.Count
			workers++
		}
	}
	if lines != requests-10 || counted != int64(lines) || c.Lost != 0 || answers["502"] != lines {
		t.Errorf("nginx's log has %d lines of error 99, %d are counted in %d processes, %d are lost; "+
			"answers %v, want 10 of 200; %+v", lines, counted, workers, c.Lost, answers, c.Failures)
	}
	if c.NoPort.Count() != counted {
		t.Errorf("%d are in the histogram, want %d", c.NoPort.Count(), counted)
	}
	if c.Succeeded.Count() != 10 {
		t.Errorf("%d calls succeeded, want nginx's ten", c.Succeeded.Count())
	}
}

// request asks nginx through its socket, and returns the status.
func request(t *testing.T, front string) string {
	t.Helper()
	var c net.Conn
	var err error
	for range 250 { // until nginx listens
		if c, err = net.Dial("unix", front); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || len(answer) < 12 {
		t.Fatalf("answer %q: %v", answer, err)
	}
	return string(answer[9:12])
}
