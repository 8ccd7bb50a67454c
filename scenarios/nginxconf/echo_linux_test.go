package nginxconf

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo is what the backend saw.
type echo struct {
	Port       int
	Connected  int64 // which connection, counted over all
	Proto      string
	Connection []string
}

// startEcho serves what it sees on several ports.
func startEcho(t *testing.T) []int {
	var ports []int
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		ports = append(ports, port)
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go answerEcho(c, port)
			}
		}()
	}
	return ports
}

// answerEcho keeps a connection as HTTP has it. It reads requests by hand:
// net/http would take the Connection header away.
func answerEcho(c net.Conn, port int) {
	defer c.Close()
	id := connected.Add(1)
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fields := strings.Fields(line)
		e := echo{Port: port, Connected: id, Proto: strings.TrimPrefix(fields[len(fields)-1], "HTTP/")}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			if line == "" {
				break
			}
			if k, v, _ := strings.Cut(line, ": "); strings.EqualFold(k, "Connection") {
				e.Connection = append(e.Connection, v)
			}
		}
		text, _ := json.Marshal(e)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Echo: %s\r\nContent-Length: 0\r\n", text)
		all := strings.Join(e.Connection, ",")
		if hasToken(all, "close") || e.Proto == "1.0" && !hasToken(all, "keep-alive") {
			io.WriteString(c, "Connection: close\r\n\r\n")
			return
		}
		io.WriteString(c, "\r\n")
	}
}

var connected atomic.Int64

// ask sends one request as it stands; net/http would clean the path.
func ask(q Request) (*http.Response, *echo, error) {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", q.Port))
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.0\r\nHost: %s\r\n", q.Method, q.Path, q.Host)
	for k, v := range q.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", k, v)
	}
	if q.Method == "POST" || q.Method == "PUT" {
		b.WriteString("Content-Length: 0\r\n")
	}
	if _, err := io.WriteString(c, b.String()+"\r\n"); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: q.Method})
	if err != nil {
		return nil, nil, err
	}
	resp.Body.Close()
	text := resp.Header.Get("X-Echo")
	if text == "" {
		return resp, nil, nil
	}
	var e echo
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return nil, nil, err
	}
	return resp, &e, nil
}
