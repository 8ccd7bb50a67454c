package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/trace"
)

// connectTrace counts what connect() comes to while a host is looked at. Where that is not
// allowed, the looks go on without. Nil does nothing.
type connectTrace struct {
	running *trace.Trace
	refused error
	kept    diagnose.Tracing
}

// traceConnect begins after a first look: in all namespaces, or in the one that was asked
// for.
func traceConnect(s *diagnose.Snapshot, o diagnoseOptions) *connectTrace {
	if o.trace == 0 {
		return nil
	}
	var only trace.Options
	if o.target != (diagnose.Target{}) && len(s.Namespaces) == 1 {
		only.Namespace = s.Namespaces[0].Inode
	}
	c := &connectTrace{kept: diagnose.Tracing{Each: o.watch}}
	c.running, c.refused = trace.Start(only)
	return c
}

// conclude makes a report of a look, and of what was counted until then.
func (c *connectTrace) conclude(s *diagnose.Snapshot, o diagnose.Options) *diagnose.Report {
	if c == nil {
		return diagnose.Conclude(s, o)
	}
	err := c.refused
	if err == nil {
		o.Trace = &c.kept
		c.kept.Counts, err = c.running.Counts()
	}
	r := diagnose.Conclude(s, o)
	if err != nil {
		r.Unseen = append(r.Unseen, "connect() (--trace): "+err.Error())
	}
	return r
}

func (c *connectTrace) close() {
	if c != nil && c.running != nil {
		c.running.Close()
	}
}

// examineTraced looks while connect() is traced, each second, as ports that were taken may
// be free again at the end. The report is that of the last look. A signal ends it early.
func (o diagnoseOptions) examineTraced(
	ctx context.Context, target diagnose.Target, conclusion diagnose.Options,
) (*diagnose.Report, error) {
	s, err := diagnose.Look(ctx, target)
	if err != nil {
		return nil, err
	}
	c := traceConnect(s, o)
	defer c.close()
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	left := o.trace
	if c.refused != nil {
		left = min(left, diagnose.BetweenLooks) // nothing comes of waiting longer
	}
	for end := time.Now().Add(left); ; left = time.Until(end) {
		select {
		case <-interrupted.Done():
			end = time.Now()
		case <-time.After(min(left, diagnose.BetweenLooks)):
		}
		conclusion.Before, target.Before = s, s
		if s, err = diagnose.Look(ctx, target); err != nil {
			return nil, err
		}
		if r := c.conclude(s, conclusion); !time.Now().Before(end) {
			return r, nil
		}
	}
}

// noneButTime wants no argument, and a time for --trace that is one. `--trace 5s` has an
// argument for the library, as the flag may stand alone.
func (o *diagnoseOptions) noneButTime(cmd *cobra.Command, args []string) error {
	if !cmd.Flags().Changed("trace") {
		return none(cmd, args)
	}
	if len(args) == 1 && (*lasting)(&o.trace).Set(args[0]) == nil {
		args = nil
	}
	if o.trace <= 0 {
		return &usageError{fmt.Sprintf("--trace %v: a time above 0 is expected, such as 5s", o.trace)}
	}
	return none(cmd, args)
}
