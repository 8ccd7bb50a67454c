package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

// socket is a websocket, pinged by its own frames (RFC 6455 §5.5.2).
type socket struct {
	*websocket.Conn
	timeout time.Duration
	got     chan error
	done    chan struct{}
}

// openWebsocket connects and upgrades. The 101 is the first answer.
func openWebsocket(ctx context.Context, h *holding, to endpoint, u *url.URL, first string) (held, string, error) {
	var dialed error
	dial := func(ctx context.Context, _, _ string) (nc net.Conn, err error) {
		nc, dialed = plainDialer().DialContext(ctx, to.network(), to.address())
		return nc, dialed
	}
	d := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, NetDialContext: dial}
	header := http.Header{"User-Agent": {h.UserAgent}}
	if h.Host != "" {
		header.Set("Host", h.Host)
	}
	c, resp, err := d.DialContext(ctx, u.String(), header)
	switch {
	case dialed != nil:
		return nil, dialCause(dialed), dialed
	case err != nil && resp != nil:
		return nil, h.answeredWith(resp), fmt.Errorf("%s: %s instead of a websocket", to, resp.Status)
	case err != nil:
		return nil, h.unanswered(err), fmt.Errorf("%s: no answer: %w", to, err)
	}
	s := &socket{Conn: c, timeout: h.Timeout, got: make(chan error), done: make(chan struct{})}
	c.SetPongHandler(func(string) error { s.tell(nil); return nil })
	if h.Closes == ClosedByServer {
		_ = c.SetWriteDeadline(time.Now().Add(h.Timeout))
		if err := c.WriteMessage(websocket.TextMessage, []byte(first)); err != nil {
			c.Close()
			return nil, endCause(err), err
		}
	}
	go s.read()
	return s, "", nil
}

// answeredWith is the cause of an opening that was answered by something else.
func (h *holding) answeredWith(resp *http.Response) string {
	if h.Classify != nil {
		if cause := h.Classify(resp.StatusCode, []byte(resp.Header.Get(h.ClassifyHeader))); cause != "" {
			return cause
		}
	}
	switch resp.StatusCode / 100 {
	case 4:
		return Cause4xx
	case 5:
		return Cause5xx
	}
	return CauseStatusOther
}

func (s *socket) ping() error {
	return s.WriteControl(websocket.PingMessage, []byte("lab99"), time.Now().Add(s.timeout))
}

func (s *socket) answers() <-chan error { return s.got }

// close ends the connection without a close frame, as a client that is gone does. With
// one it would be the server that closes TCP first (RFC 6455 §7.1.1).
func (s *socket) close() {
	close(s.done)
	s.Conn.Close()
}

func (s *socket) tell(err error) {
	select {
	case s.got <- err:
	case <-s.done:
	}
}

// read waits for the end. Pongs go to their handler meanwhile, and there are no messages.
func (s *socket) read() {
	_, _, err := s.NextReader()
	var closed *websocket.CloseError
	switch {
	case err == nil:
		err = errExcess
	case errors.As(err, &closed) && closed.Code == websocket.CloseAbnormalClosure:
		err = io.EOF // without a close frame
	case errors.As(err, &closed):
		// The library has answered the server's close frame. The server closes TCP first.
		nc := s.NetConn()
		_ = nc.SetReadDeadline(time.Now().Add(s.timeout))
		if _, err = io.Copy(io.Discard, nc); err == nil {
			err = io.EOF
		}
	}
	s.tell(err)
}
