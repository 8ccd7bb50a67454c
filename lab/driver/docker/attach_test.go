package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// TestAttachIsBoundedAndItsStreamIsNot: an engine that hangs, as one does that
// was stopped, must not hang the run; and a lab lives longer than its bringing
// up, whose context ends then.
func TestAttachIsBoundedAndItsStreamIsNot(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "engine"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answer := make(chan bool)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !<-answer {
			<-r.Context().Done()
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		io.Copy(io.Discard, c)
	}))
	cli, err := client.New(client.WithHost("unix://"+l.Addr().String()), client.WithAPIVersion("1.45"))
	if err != nil {
		t.Fatal(err)
	}
	defer cli.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	hung := make(chan error, 1)
	go func() { _, err := attach(ctx, cli, "any", true); hung <- err }()
	answer <- false
	select {
	case err := <-hung:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("attach still waits for an engine that hangs")
	}

	ctx, cancel = context.WithCancel(t.Context())
	go func() { answer <- true }()
	s, err := attach(ctx, cli, "any", true)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-s.ended:
		t.Error("the stream ended with the context of its making")
	case <-time.After(50 * time.Millisecond):
	}
	s.close()
	<-s.ended
}

// TestRefusedStreamsComeWithTheReason: of streams the client library says only with
// which number an engine refused them.
func TestRefusedStreamsComeWithTheReason(t *testing.T) {
	cli := engine(t)
	says := func(err error, reason string) {
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), reason) {
			t.Errorf("%v, want %q", err, reason)
		}
	}
	_, err := attach(t.Context(), cli, "nobody", true)
	says(err, "no such container")
	_, err = cli.ExecAttach(t.Context(), "nothing", client.ExecAttachOptions{})
	says(reasoned(t.Context(), cli, "/exec/nothing/start", "{}", err), "no such exec")
}
