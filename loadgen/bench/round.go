//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// round is one turn of every measurement.
type round struct {
	N       int
	Figures []figure
	Refused string // why it does not count; "": it does
}

func (r *round) counts(keep bool) bool {
	return len(r.Figures) > 0 && (r.Refused == "" || keep)
}

// get is the figure of a tool in a group; nil if it is missing.
func (r *round) get(group, tool string, rate int) *figure {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Group == group && f.Tool == tool && f.Rate == rate {
			return f
		}
	}
	return nil
}

// The groups: which server, which way of sending.
const (
	closedNginx = "closed nginx"
	closedBare  = "closed bare"
	exact       = "exact"
	spin        = "spin"
	relaxed     = "relaxed"
	library     = "library"
)

var rates = []int{2000, 10_000, 25_000}

// errDisturbed ends a round early: with one ratio lost it does not count.
var errDisturbed = errors.New("disturbed")

// round makes every measurement once. A tool that fails leaves a gap.
func (h *host) round(ctx context.Context, n int) (round, error) {
	r := round{N: n}
	if err := drained(ctx); err != nil {
		r.Refused = err.Error()
		return r, ctx.Err()
	}
	err := h.measureAll(ctx, &r)
	if errors.Is(err, errDisturbed) {
		err = nil
	}
	return r, err
}

func (h *host) measureAll(ctx context.Context, r *round) error {
	seconds := 3.0
	if h.o.quick {
		seconds = 1
	}
	take := func(group, name string, want run, start func() (*server, error)) error {
		for try := 0; ; try++ {
			s, err := start()
			if err != nil {
				return err
			}
			f, err := h.measure(ctx, group, h.tools[name], s.run(want), s.cmd.Process.Pid)
			s.stop()
			f.Round = r.N
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
				return nil
			}
			if s.out.Len() > 0 {
				var seen int64
				if _, err := fmt.Sscan(s.out.String(), &seen, &f.GapCV, &f.Burst); err != nil {
					return fmt.Errorf("the server's account is not understood: %w", err)
				}
			}
			fmt.Fprintf(os.Stderr, "round %d  %-13s %-10s %6d/s  %9.1f/s  %6.2f µs/request  foreign %5.2f\n",
				r.N, group, name,
				want.rate, f.perSecond(), f.CPUUs, f.Foreign)
			if f.Foreign > maxForeign && try == 0 && !h.o.keep { // once more: most disturbances are short
				continue
			}
			if f.Foreign > maxForeign {
				r.Refused = fmt.Sprintf("others used %.2f of a core beside %s, %s", f.Foreign, name, group)
			}
			if f.TimeWait > maxTimeWait {
				r.Refused = fmt.Sprintf("%d sockets were in TIME_WAIT before %s, %s", f.TimeWait, name, group)
			}
			r.Figures = append(r.Figures, f)
			if r.Refused != "" && !h.o.keep {
				return errDisturbed
			}
			return nil
		}
	}
	nginx := func() (*server, error) { return h.nginx(ctx) }
	bare := func() (*server, error) { return h.bare(ctx, false) }
	stamping := func() (*server, error) { return h.bare(ctx, true) }
	for _, name := range turned(r.N, "lab99", "wrk", "fortio", "bombardier", "floor") {
		if err := take(closedNginx, name, run{seconds: seconds, mode: "closed"}, nginx); err != nil {
			return err
		}
	}
	for _, name := range turned(r.N, "lab99", "wrk") {
		if err := take(closedBare, name, run{seconds: seconds, mode: "closed"}, bare); err != nil {
			return err
		}
	}
	for _, rate := range rates {
		for _, name := range turned(r.N, "lab99", "vegeta-64") {
			if err := take(exact, name, run{seconds: seconds, rate: rate}, stamping); err != nil {
				return err
			}
		}
	}
	if err := take(spin, "lab99", run{seconds: seconds, rate: 10_000, mode: "spin"}, stamping); err != nil {
		return err
	}
	for _, name := range turned(r.N, "lab99", "bombardier") {
		if err := take(relaxed, name, run{seconds: seconds, rate: 10_000, mode: "relaxed"}, stamping); err != nil {
			return err
		}
	}
	return take(library, "loadgen", run{seconds: 1, rate: 10_000}, bare)
}

// turned is names beginning with another one each round: whoever goes first
// finds the machine as the step before left it.
func turned(n int, names ...string) []string {
	k := n % len(names)
	return slices.Concat(names[k:], names[:k])
}

// manyConnections is the memory of 10,000 connections. It comes last, and
// once: it leaves as many sockets in TIME_WAIT.
func (h *host) manyConnections(ctx context.Context) (*figure, error) {
	s, err := h.bare(ctx, false)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	f, err := h.measure(ctx, "10,000 connections", h.tools["lab99"], s.run(run{
		seconds: 2,
		rate:    20_000,
		conns:   10_000,
	}),
		s.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// drained waits until few sockets are in TIME_WAIT.
func drained(ctx context.Context) error {
	for range 65 {
		if timeWait() <= maxTimeWait {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return fmt.Errorf("%d sockets are in TIME_WAIT and stay there", timeWait())
}
