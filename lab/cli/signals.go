package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/verdict"
)

// errInterrupted is the cause of a context that a second signal cancelled.
var errInterrupted = errors.New("interrupted")

// crashGrace is how long a lab may take to go down after a panic that another
// goroutine may wait for in vain.
const crashGrace = 20 * time.Second

// interrupts turns the first signal into an end of the load, and the second, or
// a panic in a goroutine, into an end of everything.
//
// A terminal that is closed sends SIGHUP, which is a signal like the others
// unless nohup has it ignored. Without a handler of SIGPIPE a write to a closed
// standard output or error ends a Go program; with one that nobody reads, the
// write fails and the run goes on.
func interrupts(ctx context.Context, say func(string)) (_ context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	soft := make(chan struct{})
	sig := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(sig, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // for good: the results are still to be printed
	unwatch := crash.Watch(func(err error) {
		say(err.Error() + "; taking the lab down")
		cancel(err)
		select {
		case <-done:
		case <-time.After(crashGrace):
			os.Exit(verdict.ExitInternal)
		}
	})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-sig:
			case <-done:
				return
			}
			if n == 0 {
				say("interrupted: ending the load; what was measured is judged and reported (again to stop at once)")
				close(soft)
				continue
			}
			say("interrupted again: taking the lab down")
			cancel(errInterrupted)
		}
	}()
	return ctx, soft, func() { signal.Stop(sig); unwatch(); close(done); cancel(nil) }
}
