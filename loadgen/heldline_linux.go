package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// line is a connection over which the server sends back each line.
type line struct {
	net.Conn
	timeout time.Duration
	got     chan error
	done    chan struct{}
}

// plainDialer opens no Multipath TCP: who closes when is TCP's to say.
func plainDialer() *net.Dialer {
	d := new(net.Dialer)
	d.SetMultipathTCP(false)
	return d
}

// openLine connects, says the first line, and waits for it to come back.
func openLine(ctx context.Context, h *holding, to endpoint, first string) (held, string, error) {
	nc, err := plainDialer().DialContext(ctx, to.network(), to.address())
	if err != nil {
		return nil, dialCause(err), err
	}
	deadline, _ := ctx.Deadline()
	_ = nc.SetDeadline(deadline)
	r := bufio.NewReaderSize(nc, 128)
	_, err = io.WriteString(nc, first+"\n")
	var answer string
	if err == nil {
		answer, err = r.ReadString('\n')
	}
	if err != nil {
		nc.Close()
		return nil, h.unanswered(err), fmt.Errorf("%s: no answer: %w", to, err)
	}
	if answer != first+"\n" {
		nc.Close()
		return nil, CauseBadResponse, fmt.Errorf("%s: %q came back for %q", to, answer, first)
	}
	_ = nc.SetDeadline(time.Time{})
	l := &line{Conn: nc, timeout: h.Timeout, got: make(chan error), done: make(chan struct{})}
	go l.read(r)
	return l, "", nil
}

// unanswered is the cause of an opening that ended before the first answer. A peer that
// closes while the first line is on its way resets the connection.
func (h *holding) unanswered(err error) string {
	var e syscall.Errno
	errors.As(err, &e)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || e == unix.ECONNRESET || e == unix.EPIPE {
		return h.Unanswered
	}
	return endCause(err)
}

const pingLine = "ping\n"

func (l *line) ping() error {
	_ = l.SetWriteDeadline(time.Now().Add(l.timeout))
	_, err := io.WriteString(l.Conn, pingLine)
	return err
}

func (l *line) answers() <-chan error { return l.got }

func (l *line) close() {
	close(l.done)
	l.Conn.Close()
}

func (l *line) read(r *bufio.Reader) {
	for {
		answer, err := r.ReadString('\n')
		if err == nil && answer != pingLine {
			err = errExcess
		}
		select {
		case l.got <- err:
		case <-l.done:
			return
		}
		if err != nil {
			return
		}
	}
}
