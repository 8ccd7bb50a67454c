package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/lab/verdict"
)

// diagnoseOptions say where to look and what to print.
type diagnoseOptions struct {
	target      diagnose.Target
	container   string
	horizon     time.Duration
	trace       time.Duration // 0: connect() is not traced
	top         int
	watch, json bool
	listen      string
	save        string // a directory; "": nothing is saved
	live        liveFlags
}

func diagnoseCommand(t *terminal) *cobra.Command {
	var o diagnoseOptions
	cmd := &cobra.Command{
		Use: "diagnose", GroupID: groupMachine, Args: o.noneButTime,
		Short: "Look at this host, read-only: which tuple runs out of ports, when, and why",
		Long: `Look at this host, in all network namespaces that may be seen: which pair of source and destination
runs out of source ports, how full it is, when error 99 is due, and who closes first. Nothing is changed.

Exit codes: 0 fine, 1 exhausted or error 99 due within --horizon, 2 too little history to say,
or no load to save, 3 nothing could be looked at, or not enough to save. With --listen 0 once it is
interrupted, 3 if the address cannot be had.`,
		Example: `  lab99 diagnose
  sudo lab99 diagnose --container web-1
  lab99 diagnose --watch
  sudo lab99 diagnose --watch --live
  lab99 diagnose --json | jq '.findings'
  sudo lab99 diagnose --trace 10s
  sudo lab99 diagnose --listen :9799
  sudo lab99 diagnose --save saved-host && sudo lab99 run saved-host --size quick`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.listen != "" {
				return listenOnHost(cmd.Context(), t, o)
			}
			if err := o.find(cmd.Context()); err != nil {
				return err
			}
			if o.watch {
				return watchHost(cmd.Context(), t, o)
			}
			return lookAtHost(cmd.Context(), t, o)
		},
	}
	fs := cmd.Flags()
	fs.IntVar(&o.target.PID, "pid", 0, "look only at the namespace of this `process`")
	fs.StringVar(&o.target.Netns, "netns", "", "look only at this namespace, by its `name` of ip netns, or a path")
	fs.StringVar(&o.container, "container", "", "look only at the namespace of this container, by its `name` or ID")
	fs.DurationVar(&o.horizon, "horizon", 10*time.Minute, "an error 99 that is due within this `time` is an alarm")
	fs.IntVar(&o.top, "top", 10, "pairs of source and destination to show, the fullest; 0: all")
	fs.BoolVar(&o.watch, "watch", false, "look again every second, and say how far earlier forecasts were off")
	lastingVar(fs, &o.trace, "trace", 0,
		"count by eBPF what connect() comes to, for this `time`, or as long as --watch goes on")
	fs.Lookup("trace").NoOptDefVal = "5s"
	fs.BoolVar(&o.json, "json", false, "print an object, "+diagnose.Schema+", instead of text; with --watch one a line")
	fs.StringVar(&o.listen, "listen", "",
		"serve OpenMetrics at this `address`:port until Ctrl-C; a port alone is one of 127.0.0.1")
	o.registerSave(cmd)
	o.live.register(fs, "what --watch sees")
	cmd.MarkFlagsMutuallyExclusive("pid", "netns", "container")
	cmd.MarkFlagsMutuallyExclusive("listen", "watch")
	for _, page := range []string{"live", "open", "token-file"} {
		cmd.MarkFlagsMutuallyExclusive("listen", page)
		cmd.MarkFlagsMutuallyExclusive("save", page)
	}
	cmd.MarkFlagsMutuallyExclusive("listen", "json")
	cmd.MarkFlagsMutuallyExclusive("listen", "trace")
	return cmd
}

// find asks the engine for the process of --container, which another has after it is
// started again.
func (o *diagnoseOptions) find(ctx context.Context) error {
	if o.container == "" {
		return nil
	}
	pid, err := docker.PIDOf(ctx, o.container)
	if err != nil {
		return orNotExist(err, "`docker ps` lists those that run.")
	}
	o.target.PID, o.target.Name = pid, "container "+o.container
	return nil
}

func (o *diagnoseOptions) check() error {
	switch {
	case o.target.PID < 0:
		return &usageError{fmt.Sprintf("--pid %d: the ID of a process is expected", o.target.PID)}
	case o.horizon <= 0:
		return &usageError{fmt.Sprintf("--horizon %v: a time above 0 is expected, such as 10m", o.horizon)}
	case o.top < 0:
		return &usageError{fmt.Sprintf("--top %d: a number of pairs from 0, which is all, is expected", o.top)}
	}
	if err := o.live.check(); err != nil {
		return err
	}
	o.watch = o.watch || o.live.address != ""
	return o.checkSave()
}

func (o *diagnoseOptions) conclusion() diagnose.Options {
	return diagnose.Options{Horizon: o.horizon, Top: o.top}
}

// namedNothing makes a mistake on the command line of a target that is not there, and an
// unfit machine of one that is no Linux.
func namedNothing(err error) error {
	if no := new(diagnose.NotFoundError); errors.As(err, &no) {
		return &usageError{no.Error()}
	}
	if errors.Is(err, diagnose.ErrNotLinux) {
		return &driver.UnfitError{What: err.Error(), Hint: "Run it on the Linux host of the proxy."}
	}
	return err
}

func lookAtHost(ctx context.Context, t *terminal, o diagnoseOptions) error {
	examine := diagnose.Examine
	if o.trace > 0 {
		examine = o.examineTraced
	}
	r, err := examine(ctx, o.target, o.conclusion())
	if err != nil {
		return namedNothing(err)
	}
	if o.save != "" {
		return saveHost(t, o, r)
	}
	if o.json {
		err = printJSON(t.stdout, r)
	} else {
		err = r.Write(t.stdout)
	}
	if err != nil {
		return err
	}
	return diagnosed(r.Outcome())
}

// diagnosed is the exit code of an outcome.
func diagnosed(o diagnose.Outcome) error {
	switch o {
	case diagnose.Due:
		return exitError(verdict.ExitUnexpected)
	case diagnose.Undecided:
		return exitError(verdict.ExitUndecided)
	case diagnose.Blind:
		return exitError(verdict.ExitUnfit)
	}
	return nil
}

// watchHost looks every second until it is interrupted; the exit code is that of the last
// look. A terminal shows the last report; elsewhere one follows the other.
func watchHost(ctx context.Context, t *terminal, o diagnoseOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	screen, terminal := t.stdout.(*os.File)
	terminal = terminal && term.IsTerminal(int(screen.Fd()))
	every := time.NewTicker(diagnose.BetweenLooks)
	defer every.Stop()
	var w diagnose.Watch
	host, err := o.live.watch(t)
	if err != nil {
		return err
	}
	defer host.end()
	conclusion := o.conclusion()
	var traced *connectTrace
	defer func() { traced.close() }()
	for {
		s, err := diagnose.Look(ctx, o.target)
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			return namedNothing(err)
		}
		if conclusion.Before == nil {
			traced = traceConnect(s, o)
		}
		r := traced.conclude(s, conclusion)
		conclusion.Before, o.target.Before = s, s
		now := time.Now()
		said := w.Add(r, now)
		host.look(r, now, said)
		if o.json {
			err = json.NewEncoder(t.stdout).Encode(r)
		} else {
			if terminal {
				fmt.Fprint(t.stdout, "\x1b[H\x1b[2J") // to the upper left, and clear
			}
			fmt.Fprintf(t.stdout, "%s  (Ctrl-C ends it)\n", now.Format(time.TimeOnly))
			err = r.Write(t.stdout)
			for _, line := range said {
				fmt.Fprintln(t.stdout, "forecast: "+line)
			}
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return diagnosed(r.Outcome())
		case <-every.C:
		}
	}
}
