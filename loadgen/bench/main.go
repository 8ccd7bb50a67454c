//go:build linux

// Command bench measures loadgen beside wrk, its Go peers and a bare loop in C,
// one core for the server and one for the generator; run.sh installs what it
// needs. The tools take turns (A B C A B C ...), since the speed of a shared
// machine drifts: ratios are taken within a round, and of them the medians. A
// round in which something else used the machine does not count.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

type options struct {
	tools  string // directory of the binaries
	out    string
	allocs string // per request, of the benchmark of package loadgen
	rounds int
	quick  bool
	keep   bool // rounds that were disturbed
}

// budget bounds the whole: what is not measured by then is left out.
func (o *options) budget() time.Duration {
	if o.quick {
		return 150 * time.Second
	}
	return 12 * time.Minute
}

// longestRound is one in which many a measurement had to be repeated.
func (o *options) longestRound() time.Duration {
	if o.quick {
		return 40 * time.Second
	}
	return 100 * time.Second
}

func main() {
	var o options
	flag.StringVar(&o.tools, "tools", "", "`directory` of lab99, fortio, bombardier, vegeta, floor and server")
	flag.StringVar(&o.out, "out", "results/bench", "`directory` of the results")
	flag.StringVar(&o.allocs, "allocs", "unknown", "allocations per request, as `go test -bench` says")
	flag.IntVar(&o.rounds, "rounds", 0, "clean rounds to make; 0 is 5, or 2 with -quick")
	flag.BoolVar(&o.quick, "quick", false, "short runs, to see that everything works")
	flag.BoolVar(&o.keep, "keep", false, "count disturbed rounds too")
	drive := flag.String("drive", "", "load this `URL` as a program does that imports package loadgen and nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *drive != "" {
		if err := driveAlone(ctx, *drive); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := bench(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// timeFor tells whether the budget has room for something.
func timeFor(ctx context.Context, d time.Duration) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(end) > d)
}

func bench(ctx context.Context, o options) error {
	if o.rounds == 0 {
		if o.rounds = 5; o.quick {
			o.rounds = 2
		}
	}
	work, err := os.MkdirTemp("", "lab99-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	h, err := newHost(o, work)
	if err != nil {
		return err
	}
	budgeted, cancel := context.WithTimeout(ctx, o.budget()-30*time.Second) // the rest is for 10,000 connections
	defer cancel()
	var all []round
	clean := 0
	for n := 1; clean < o.rounds && timeFor(budgeted, o.longestRound()); n++ {
		r, err := h.round(budgeted, n)
		if errors.Is(err, context.DeadlineExceeded) {
			r.Refused = fmt.Sprintf("%v were over", o.budget())
		} else if err != nil {
			return err
		}
		all = append(all, r)
		if r.counts(o.keep) {
			clean++
		} else {
			fmt.Fprintf(os.Stderr, "round %d does not count: %s\n", n, r.Refused)
			select { // whoever it was may soon be done
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}
	many, err := h.manyConnections(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: 10,000 connections:", err)
	}
	t := table(o, all, many)
	base := filepath.Join(o.out, time.Now().Format("2006-01-02"))
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := writeCSV(base+".csv", all, many); err != nil {
		return err
	}
	md := t.markdown(h, o, all)
	fmt.Print(md)
	if err := os.WriteFile(base+".md", []byte(md), 0o644); err != nil {
		return err
	}
	if clean == 0 {
		return errors.New("no round counts: something else uses this machine; the figures are not to be relied on")
	}
	return nil
}
