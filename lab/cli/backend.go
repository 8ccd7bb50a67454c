package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/driver"
)

// backendCommand is the lab's own upstream; a driver starts it in a host.
func backendCommand() *cobra.Command {
	var s backend.Server
	var listen, unix, protocol string
	cmd := &cobra.Command{
		Use:    "backend --listen ADDRESS:PORT[,...]",
		Hidden: true,
		Short:  "Serve as the backend of a lab",
		Args:   none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.Delay < 0 || s.CloseDelay < 0 || s.Requests < 0 {
				return &usageError{"--delay, --close-delay and --requests: expected 0 or more"}
			}
			serve, ok := map[string]serving{
				"http": s.Serve, "grpc": backend.GRPC{Delay: s.Delay}.Serve,
				"stream": new(backend.Held).ServeLines, "websocket": new(backend.Held).ServeWebsockets,
			}[protocol]
			if !ok {
				return &usageError{fmt.Sprintf("--protocol %s: expected http, grpc, stream or websocket", protocol)}
			}
			return serveBackend(cmd.Context(), serve, listen, unix)
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "", "`ADDRESS:PORT[,...]` to listen on")
	f.StringVar(&unix, "unix", "", "`path` of a Unix-domain socket to listen on")
	f.StringVar(&protocol, "protocol", "http",
		"what it `speaks`: http, grpc, stream (sends back each line) or websocket")
	f.DurationVar(&s.Delay, "delay", 0, "answer this long after the request")
	f.DurationVar(&s.CloseDelay, "close-delay", 0, "close every connection this much later")
	f.BoolVar(&s.KeepAlive, "keepalive", true,
		"keep HTTP/1.1 connections alive; false: close after every answer, and say so")
	f.IntVar(&s.Requests, "requests", 0, "answers per connection; 0: no limit")
	cmd.MarkFlagsOneRequired("listen", "unix")
	return cmd
}

// serving is a server's life.
type serving func(ctx context.Context, listeners ...net.Listener) error

func serveBackend(ctx context.Context, serve serving, listen, unix string) error {
	// Before it listens: whoever has reached it looks for a process of this name.
	if err := nameProcess(backend.ProcessName); err != nil {
		return err
	}
	listeners, err := listenAll(ctx, listen, unix)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, listeners...)
}

// listenAll opens the listeners; the kernel's somaxconn is their backlog.
func listenAll(ctx context.Context, addrs, path string) (ls []net.Listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range ls {
				l.Close()
			}
		}
	}()
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // package net's default where the kernel has it; who closes when is TCP's to say
	open := func(network, addr string) error {
		l, err := plain.Listen(ctx, network, addr)
		if err != nil {
			return &driver.UnfitError{What: "the backend cannot listen", Err: err}
		}
		ls = append(ls, l)
		return nil
	}
	for _, a := range strings.Split(addrs, ",") {
		if addrs == "" {
			break
		}
		ap, err := netip.ParseAddrPort(a)
		if err != nil {
			return ls, &usageError{fmt.Sprintf("--listen %q: expected ADDRESS:PORT, as in 0.0.0.0:8080", a)}
		}
		network := "tcp4"
		if ap.Addr().Is6() {
			network = "tcp6"
		}
		if err := open(network, a); err != nil {
			return ls, err
		}
	}
	if path == "" {
		return ls, nil
	}
	l, err := backend.ListenUnix(path)
	if err != nil {
		return ls, &driver.UnfitError{What: "the backend cannot listen", Err: err}
	}
	return append(ls, l), nil
}

// nameProcess sets the name that ps shows, where the system has such a thing.
func nameProcess(name string) error {
	err := os.WriteFile("/proc/self/comm", []byte(name), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
