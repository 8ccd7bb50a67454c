package nginxconf

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// A backend speaks what a route speaks, and sees who closes first.
type backend struct {
	addresses []string
	mu        sync.Mutex
	opened    int
	byNginx   int
}

func (b *backend) counts() (opened, byNginx int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened, b.byNginx
}

// seen is a connection that notes whether nginx's end came before the backend
// closed.
type seen struct {
	net.Conn
	b    *backend
	once sync.Once
}

func (c *seen) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.once.Do(func() { c.b.mu.Lock(); c.b.byNginx++; c.b.mu.Unlock() })
	}
	return n, err
}

func (c *seen) Close() error {
	c.once.Do(func() {})
	return c.Conn.Close()
}

type seeing struct {
	net.Listener
	b *backend
}

func (l seeing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.b.mu.Lock()
	l.b.opened++
	l.b.mu.Unlock()
	return &seen{Conn: c, b: l.b}, nil
}

func startBackend(t *testing.T, p Protocol) *backend {
	b := &backend{}
	for range 4 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		b.addresses = append(b.addresses, l.Addr().String())
		in := seeing{l, b}
		go func() {
			for {
				c, err := in.Accept()
				if err != nil {
					return
				}
				go answerAs(p, c, l.Addr().(*net.TCPAddr).Port)
			}
		}()
	}
	return b
}

func answerAs(p Protocol, c net.Conn, port int) {
	switch p {
	case Memcached:
		defer c.Close()
		for in := bufio.NewReader(c); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprintf(c, "VALUE %s 0 2\r\nok\r\nEND\r\n", strings.Fields(line)[1])
		}
	case FastCGI:
		defer c.Close()
		for answerFastCGI(c) {
		}
	case UWSGI, SCGI:
		defer c.Close()
		c.Read(make([]byte, 1<<16))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	default:
		answerEcho(c, port)
	}
}

// answerFastCGI answers one request, and says whether the connection stays: the
// flag FCGI_KEEP_CONN of the first record asks for it.
func answerFastCGI(c net.Conn) (stays bool) {
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(c, head); err != nil {
			return false
		}
		content := make([]byte, int(head[4])<<8|int(head[5])+int(head[6]))
		if _, err := io.ReadFull(c, content); err != nil {
			return false
		}
		const begin, stdin, stdout, end = 1, 5, 6, 3
		switch {
		case head[1] == begin:
			stays = content[2]&1 == 1
		case head[1] == stdin && len(content) == 0:
			const text = "Content-Type: text/plain\r\n\r\nok"
			c.Write(append([]byte{1, stdout, 0, 1, 0, byte(len(text)), 0, 0}, text...))
			c.Write([]byte{1, stdout, 0, 1, 0, 0, 0, 0, 1, end, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
			return stays
		}
	}
}
