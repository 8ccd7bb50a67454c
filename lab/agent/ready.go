package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/lab99/lab99/lab/probe"
)

// pollEvery is short because the lab waits for it: nginx and Apache are up
// some tens of milliseconds after their containers.
const pollEvery = 5 * time.Millisecond

func (r *Ready) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	if r.Listening.IsValid() {
		if err := until(ctx, func() error { return listens(r.Listening) }); err != nil {
			return fmt.Errorf("the proxy at %s is not ready: %w", r.Listening, err)
		}
		return nil
	}
	for _, b := range r.Backends {
		try := func() error { return get(ctx, b, "/") }
		if r.Dial {
			try = func() error { return dial(ctx, b, r.Say, r.Hear) }
		}
		if err := until(ctx, try); err != nil {
			return fmt.Errorf("the backend at %s is not ready: %w", b, err)
		}
	}
	ask := func() error { return get(ctx, r.Proxy, r.Path) }
	switch {
	case !r.Proxy.IsValid():
		return nil
	case r.Path == "":
		ask = func() error { return dial(ctx, r.Proxy, "", "") }
	}
	if err := until(ctx, ask); err != nil {
		return fmt.Errorf("the proxy at %s is not ready: %w", r.Proxy, err)
	}
	return nil
}

// hosts are those that it connects to.
func (r *Ready) hosts() []netip.AddrPort {
	if !r.Proxy.IsValid() {
		return r.Backends
	}
	return append(slices.Clip(r.Backends), r.Proxy)
}

// listens fails where nobody listens at an address of this host.
func listens(at netip.AddrPort) error {
	found := false
	err := probe.Connections(func() { found = false }, func(probe.Connection) {}, func(l netip.AddrPort) {
		found = found || l.Port() == at.Port() && (l.Addr() == at.Addr() || l.Addr().IsUnspecified())
	})
	if err == nil && !found {
		err = errors.New("nobody listens there")
	}
	return err
}

// until repeats try until it succeeds or ctx ends, and then returns its last
// error, which says more than "deadline exceeded".
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollEvery):
		}
	}
}

// dial connects, and says something that has to be answered so; "" is nothing.
func dial(ctx context.Context, to netip.AddrPort, say, hear string) error {
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer c.Close()
	if say == "" {
		return nil
	}
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, say); err != nil {
		return err
	}
	heard := make([]byte, len(hear))
	if n, err := io.ReadFull(c, heard); err != nil || string(heard) != hear {
		return errors.Join(fmt.Errorf("it answered %q, not %q", heard[:n], hear), err)
	}
	return nil
}

func get(ctx context.Context, from netip.AddrPort, path string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+from.String()+path, nil)
	if err != nil {
		return err
	}
	req.Close = true
	t := &http.Transport{DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	return nil
}
