package agent

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/probe"
)

// serve listens by way of the server's /proc entry: the agent has a root file
// system of its own.
func (s *Socket) serve(ctx context.Context) error {
	server, err := probe.NewProcesses(s.Server...)
	if err != nil {
		return err
	}
	if _, err := server.Poll(); err != nil {
		return err
	}
	path, err := server.Path(s.Path)
	if err != nil {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o666); err != nil { // nginx's workers may be another user's
		l.Close()
		return err
	}
	b := &backend.Server{Delay: time.Duration(s.DelayMs) * time.Millisecond, KeepAlive: s.KeepAlive}
	go b.Serve(ctx, l) // its end is the agent's
	return nil
}
