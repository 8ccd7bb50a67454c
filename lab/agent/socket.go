package agent

import (
	"context"
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
	l, err := backend.ListenUnix(path)
	if err != nil {
		return err
	}
	b := &backend.Server{Delay: time.Duration(s.DelayMs) * time.Millisecond, KeepAlive: s.KeepAlive}
	go b.Serve(ctx, l) // its end is the agent's
	return nil
}
