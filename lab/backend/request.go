package backend

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// head is what matters of a request's.
type head struct {
	method string
	keep   bool  // as far as the client is concerned
	body   int64 // bytes that follow
}

const (
	usualHead = 512     // bytes of buffer: what nginx sends fits
	maxHead   = 8 << 10 // as Apache's LimitRequestFieldSize
)

var headEnd = []byte("\r\n\r\n")

// badRequest is answered with its status before the connection is closed.
type badRequest struct {
	status string
	why    string
}

func (e *badRequest) Error() string { return e.status + ": " + e.why }

func (e *badRequest) response() []byte {
	text := e.why + "\n"
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"+
		"Connection: close\r\n\r\n%s",
		e.status, len(text), text)
}

// head reads up to the end of a request's head and keeps what follows. The
// error is io.EOF only where no byte of a request had come.
func (c *conn) head() (head, error) {
	for searched := 0; ; {
		if i := bytes.Index(c.buf[searched:], headEnd); i >= 0 {
			end := searched + i
			h, err := parseHead(string(c.buf[:end]))
			c.buf = c.buf[end+len(headEnd):]
			return h, err
		}
		searched = max(0, len(c.buf)-len(headEnd)+1)
		if len(c.buf) >= maxHead {
			return head{}, &badRequest{"431 Request Header Fields Too Large",
				fmt.Sprintf("the head is longer than %d bytes", maxHead)}
		}
		if err := c.more(); err != nil {
			if err == io.EOF && len(c.buf) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return head{}, err
		}
	}
}

// more reads once. The space is small until a request is not.
func (c *conn) more() error {
	if len(c.buf) == 0 {
		c.buf = c.space[:0]
	}
	if len(c.buf) == cap(c.buf) {
		c.space = append(make([]byte, 0, max(usualHead, 2*len(c.buf))), c.buf...)
		c.buf = c.space
	}
	n, err := c.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

// parseHead reads the lines of a head, without the empty one that ends it.
func parseHead(text string) (head, error) {
	line, fields, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\r\n")
	words := strings.Split(line, " ")
	if len(words) != 3 || words[0] == "" || !strings.HasPrefix(words[2], "HTTP/1.") {
		return head{}, &badRequest{"400 Bad Request", "expected METHOD TARGET HTTP/1.x"}
	}
	h := head{method: words[0], keep: words[2] != "HTTP/1.0"}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, ok := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok && field != "":
			return head{}, &badRequest{"400 Bad Request", "expected NAME: VALUE in every line of the head"}
		case strings.EqualFold(name, "Connection"):
			h.keep = h.keep && !hasToken(value, "close")
		case strings.EqualFold(name, "Content-Length"):
			n, err := strconv.ParseUint(value, 10, 62)
			if err != nil {
				return head{}, &badRequest{"400 Bad Request", "expected a number as Content-Length"}
			}
			h.body = int64(n)
		case strings.EqualFold(name, "Transfer-Encoding"):
			return head{}, &badRequest{"501 Not Implemented",
				"expected a body with a Content-Length; chunks are not read here"}
		}
	}
	return h, nil
}

func hasToken(list, token string) bool {
	for word := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(word), token) {
			return true
		}
	}
	return false
}

// The four answers there are, each sent in one write.
var answers = func() (a [2][2][]byte) {
	page := strings.Repeat("lab99 ", 170) + "\nok\n" // 1 KB, as Apache serves in the lab
	for i, connection := range []string{"close", "keep-alive"} {
		whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: lab99\r\nContent-Type: text/html\r\n"+
			"Content-Length: %d\r\nConnection: %s\r\n\r\n", len(page), connection)
		a[i] = [2][]byte{[]byte(whole + page), []byte(whole)}
	}
	return a
}()

func response(keep, headOnly bool) []byte {
	a := answers[0]
	if keep {
		a = answers[1]
	}
	if headOnly {
		return a[1]
	}
	return a[0]
}
