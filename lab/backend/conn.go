package backend

import (
	"errors"
	"io"
	"net"
	"time"
)

// conn is one connection.
type conn struct {
	net.Conn
	server *Server
	space  []byte
	buf    []byte // part of space: read and not yet used
}

// serve answers requests until one side has had enough. The goroutine then
// ends at once, however late the close is: thousands of connections may wait
// for theirs.
func (c *conn) serve() {
	defer c.server.forget(c)
	for n := 1; ; n++ {
		h, err := c.head()
		if err != nil {
			c.refuse(err)
			return
		}
		keep, err := c.answer(h, n)
		if err != nil {
			c.Close()
			return
		}
		if !keep {
			c.closeLate()
			return
		}
	}
}

// answer reads the rest of a request and answers it.
func (c *conn) answer(h head, n int) (keep bool, err error) {
	s := c.server
	if !s.begin(c) {
		return false, net.ErrClosed
	}
	defer s.finish(c)
	if err := c.skip(h.body); err != nil {
		return false, err
	}
	if s.Delay > 0 {
		time.Sleep(s.Delay)
	}
	keep = s.KeepAlive && h.keep && (s.Requests == 0 || n < s.Requests)
	_, err = c.Write(response(keep, h.method == "HEAD"))
	return keep, err
}

// refuse ends a connection on which no request came. An end between requests
// is the peer's FIN: there the close is as late as ours.
func (c *conn) refuse(err error) {
	var bad *badRequest
	switch {
	case errors.Is(err, io.EOF):
		c.closeLate()
		return
	case errors.As(err, &bad):
		c.Write(bad.response())
	}
	c.Close()
}

func (c *conn) closeLate() {
	if d := c.server.CloseDelay; d > 0 {
		c.space, c.buf = nil, nil
		time.AfterFunc(d, func() { c.Close() })
		return
	}
	c.Close()
}

// skip reads n bytes of body away.
func (c *conn) skip(n int64) error {
	have := min(n, int64(len(c.buf)))
	c.buf = c.buf[have:]
	if n -= have; n == 0 {
		return nil
	}
	_, err := io.CopyN(io.Discard, c.Conn, n)
	return err
}
