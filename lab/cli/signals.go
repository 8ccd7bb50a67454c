package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// errInterrupted is the cause of a context that a second signal cancelled.
var errInterrupted = errors.New("interrupted")

// interrupts turns the first signal into an end of the load, and the second
// into an end of everything.
func interrupts(ctx context.Context, say func(string)) (_ context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	soft := make(chan struct{})
	sig := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
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
	return ctx, soft, func() { signal.Stop(sig); close(done); cancel(nil) }
}
