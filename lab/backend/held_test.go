package backend

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// serveHeld starts one for the test's time and returns its address.
func serveHeld(t *testing.T, serve func(*Held, context.Context, ...net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(new(Held), ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func TestLinesComeBack(t *testing.T) {
	c, r := dial(t, serveHeld(t, (*Held).ServeLines))
	for _, say := range []string{"hello\n", "close-after never\n", "ping\n"} {
		if _, err := io.WriteString(c, say); err != nil {
			t.Fatal(err)
		}
		if got, err := r.ReadString('\n'); err != nil || got != say {
			t.Errorf("%q, %v came back for %q", got, err, say)
		}
	}
}

func TestALineAsksForTheEnd(t *testing.T) {
	c, r := dial(t, serveHeld(t, (*Held).ServeLines))
	began := time.Now()
	if _, err := io.WriteString(c, "close-after 50ms\n"); err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(r); err != nil || string(all) != "close-after 50ms\n" ||
		time.Since(began) < 45*time.Millisecond {
		t.Errorf("%q, %v after %v, want the line, and an orderly end after 50 ms", all, err, time.Since(began))
	}
}

// A line without an end takes no memory without an end.
func TestALongLineEndsTheConnection(t *testing.T) {
	c, r := dial(t, serveHeld(t, (*Held).ServeLines))
	if _, err := io.WriteString(c, strings.Repeat("x", 2*longestLine)); err != nil {
		t.Fatal(err)
	}
	if b, err := r.ReadByte(); err == nil {
		t.Errorf("%q came back", b)
	}
}

func TestWebsockets(t *testing.T) {
	c, _, err := websocket.DefaultDialer.Dial("ws://"+serveHeld(t, (*Held).ServeWebsockets)+"/any/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	pong := false
	c.SetPongHandler(func(string) error { pong = true; return nil })
	began := time.Now()
	if err := c.WriteControl(websocket.PingMessage, nil, began.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"hello", "close-after 50ms"} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, text, err := c.ReadMessage(); err != nil || string(text) != "hello" || !pong {
		t.Errorf("%q, %v, pong %v", text, err, pong)
	}
	_, _, err = c.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseNormalClosure) || time.Since(began) < 45*time.Millisecond {
		t.Errorf("%v after %v, want a close frame after 50 ms", err, time.Since(began))
	}
	// The library has answered it. The server is the first to close TCP.
	if _, err := bufio.NewReader(c.NetConn()).ReadByte(); err != io.EOF {
		t.Errorf("%v, want the server to close", err)
	}
}
