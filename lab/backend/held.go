package backend

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Held are connections that clients hold: the backend answers on them, and closes one if it
// was asked to, by the line or the message
//
//	close-after 1.5s
//
// so that the end that closes first, and with it who holds TIME_WAIT, is the scenario's choice.
type Held struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	ended bool
}

const closeAfter = "close-after "

// longestLine bounds what a client may send at once.
const longestLine = 1 << 10

// closeWithin is how long a client may take to answer a close frame.
const closeWithin = 5 * time.Second

// ServeLines sends back each line, until ctx ends or a listener fails.
func (h *Held) ServeLines(ctx context.Context, listeners ...net.Listener) error {
	take := func(c net.Conn) {
		if h.add(c) {
			go h.echo(c)
		}
	}
	return h.serve(ctx, listeners, func(l net.Listener) error { return acceptAll(l, take) })
}

// ServeWebsockets takes each request for a websocket, whatever its path, and answers
// pings and messages on it.
func (h *Held) ServeWebsockets(ctx context.Context, listeners ...net.Listener) error {
	s := &http.Server{Handler: http.HandlerFunc(h.upgrade), ReadHeaderTimeout: 10 * time.Second}
	return h.serve(ctx, listeners, s.Serve)
}

func (h *Held) serve(ctx context.Context, listeners []net.Listener, accept func(net.Listener) error) error {
	h.conns = map[net.Conn]bool{}
	err := serveEach(ctx, listeners, accept)
	for _, l := range listeners {
		l.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for c := range h.conns {
		c.Close()
	}
	return err
}

// add takes a connection, unless the backend is ending.
func (h *Held) add(c net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		c.Close()
		return false
	}
	h.conns[c] = true
	return true
}

func (h *Held) remove(c net.Conn) {
	c.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

func (h *Held) echo(c net.Conn) {
	defer h.remove(c)
	lines := bufio.NewReaderSize(c, longestLine)
	for {
		text, err := lines.ReadSlice('\n')
		if err != nil {
			return // the end, or a line that is too long
		}
		if _, err := c.Write(text); err != nil {
			return
		}
		if d, asked := asksToClose(string(text)); asked {
			defer time.AfterFunc(d, func() { c.Close() }).Stop()
		}
	}
}

// asksToClose is after how long a line, or a message, asks for the connection's end.
func asksToClose(text string) (time.Duration, bool) {
	rest, asked := strings.CutPrefix(strings.TrimSpace(text), closeAfter)
	if !asked {
		return 0, false
	}
	d, err := time.ParseDuration(rest)
	return max(d, 0), err == nil
}

var upgrader = websocket.Upgrader{
	ReadBufferSize: longestLine, WriteBufferSize: longestLine,
	CheckOrigin: func(*http.Request) bool { return true }, // there are no browsers here, and nothing to protect
}

func (h *Held) upgrade(w http.ResponseWriter, r *http.Request) {
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	if !h.add(c.NetConn()) {
		return
	}
	defer h.remove(c.NetConn())
	c.SetReadLimit(longestLine)
	for {
		kind, text, err := c.ReadMessage() // answers pings, and a close frame by another
		if err != nil {
			return
		}
		if d, asked := asksToClose(string(text)); asked {
			defer time.AfterFunc(d, func() { sayGoodbye(c) }).Stop()
			continue
		}
		_ = c.SetWriteDeadline(time.Now().Add(closeWithin))
		if err := c.WriteMessage(kind, text); err != nil {
			return
		}
	}
}

// sayGoodbye begins the closing handshake. The reader gets the answer to it, and then
// closes TCP first, as a server has to (RFC 6455 §7.1.1).
func sayGoodbye(c *websocket.Conn) {
	by := time.Now().Add(closeWithin)
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), by)
	_ = c.SetReadDeadline(by)
}
