package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen"
)

// debugLoad sends one request and shows it and its response whole. Unlike a
// load, it can fail for the target's reasons: that is no fault of the command
// line or of this machine.
func debugLoad(ctx context.Context, t *terminal, c loadgen.Config) error {
	err := loadgen.Debug(ctx, c, t.stdout)
	var failed *loadgen.ExchangeError
	if errors.As(err, &failed) && ctx.Err() == nil {
		fmt.Fprintln(t.stderr, "lab99 load:", failed)
		if hint := connectHint(failed.Error()); hint != "" {
			fmt.Fprintln(t.stderr, "  "+hint)
		}
		return exitError(verdict.ExitUnexpected)
	}
	return loadError(err)
}
