package loadgen

import "context"

// Run drives the load and returns when the schedule has ended and what was in
// flight is drained. When ctx ends, the schedule ends at once, the drain takes
// place, and the result is whole, with Interrupted set. An error means that no
// load was driven: a bad configuration, a target that is not allowed, or an
// operating system other than Linux (errors.ErrUnsupported).
func Run(ctx context.Context, c Config) (*Result, error) {
	return runLoad(ctx, c)
}
