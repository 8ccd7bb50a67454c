package backend

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// GRPC answers every call with one message of 1 KB: over HTTP/2 without TLS, as the protocol
// has a unary reply (headers, a message with its length before it, a status in the
// trailers). The message is of one field, a string.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
//
// net/http does it in 40 lines; google.golang.org/grpc would add its 5 MB to the program, for
// a service that nobody defines.
type GRPC struct {
	Delay time.Duration // from a call to its reply
}

// message is the reply, in the framing of the protocol.
var message = func() []byte {
	text := strings.Repeat("lab99 ", 170) + "\nok\n"
	field := binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(text))) // number 1, of a length
	field = append(field, text...)
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(field))), field...) // 0: not compressed
}()

// ServeHTTP has the request whole before it answers, as unary calls are. A stream that is
// closed before it would be reset (RFC 9113 §5.1), and nginx, which has closed by then, would
// answer with a reset in place of its FIN: no TIME_WAIT, in one or two of a hundred calls.
func (g GRPC) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	select {
	case <-time.After(g.Delay):
	case <-r.Context().Done():
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Content-Length", strconv.Itoa(len(message)))
	h.Set("Trailer", "Grpc-Status")
	_, _ = w.Write(message) // who has gone needs no answer
	h.Set("Grpc-Status", "0")
}

// Serve answers what comes in on the listeners until ctx ends, or one of them fails. The
// error is the listener's; nil after ctx.
func (g GRPC) Serve(ctx context.Context, listeners ...net.Listener) error {
	s := &http.Server{Handler: g, Protocols: new(http.Protocols)}
	s.Protocols.SetUnencryptedHTTP2(true)
	err := serveEach(ctx, listeners, s.Serve)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.Delay+drainFor)
	defer cancel()
	return errors.Join(err, s.Shutdown(drain))
}
