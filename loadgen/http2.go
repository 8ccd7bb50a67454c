package loadgen

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// greeting is how a client of HTTP/2 begins (RFC 9113, section 3.4): the preface
// and a SETTINGS frame that sets nothing.
const greeting = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// greetTime bounds SpeaksHTTP2.
const greetTime = time.Second

// SpeaksHTTP2 greets the target of c in HTTP/2, once, and tells whether it
// greets back. Some servers of HTTP/2 end a connection that begins otherwise
// without a word, so that HTTP/1.1 sees resets alone. It takes a second at most,
// and false is also said where the target cannot be asked.
func SpeaksHTTP2(ctx context.Context, c Config) bool {
	c.Mode, c.Profile = Closed, nil
	p, err := newPlan(ctx, c)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, greetTime)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, p.targets[0].network(), p.targets[0].address())
	if err != nil {
		return false
	}
	defer nc.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = nc.SetDeadline(deadline)
	}
	if p.tls != nil {
		p.tls.NextProtos = []string{"h2"}
		nc = tls.Client(nc, p.tls)
	}
	if _, err := io.WriteString(nc, greeting); err != nil {
		return false
	}
	b := make([]byte, 9)
	_, err = io.ReadFull(nc, b)
	return err == nil && isSettings(b)
}
