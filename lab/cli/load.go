package cli

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen"
)

// loadCommand is the command line of package loadgen.
func loadCommand(t *terminal) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use: "load URL", GroupID: groupLoad,
		Short: "Drive HTTP load at a stated rate and report what came of it",
		Example: `  lab99 load --rate 1000 --connections 64 --duration 5s http://127.0.0.1:8080/
  lab99 load --profile ramp:100..5000/30s,hold:10s http://127.0.0.1:8080/
  lab99 load --find-max --slo 'p99<20ms,errors<0.1%' http://127.0.0.1:8080/
  lab99 load -X POST --data 'a=1' --mode closed -c 8 -n 1000 localhost:8080/form
  lab99 load --rate 500 unix:/run/app.sock:/health
  lab99 load --rate 500 --targets requests.txt http://127.0.0.1:8080/
  lab99 load --rate 20 --hold 30s --closes server tcp://127.0.0.1:9000
  lab99 load merge a.json b.json`,
		Long: `Drive HTTP/1.1 load at a stated rate and report what came of it; or, with --hold, open streams or
websockets at that rate, and hold them.

Exit codes: 0 loaded, and --slo kept; 1 no request succeeded, --stop ended the load, or --slo was not kept;
2 the generator ran out of ports or descriptors of its own, or may itself have broken the --slo; 130 interrupted.`,
		Args: between(1, 1, "name one URL, as in `lab99 load --rate 1000 http://127.0.0.1:8080/`"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(cmd, args[0])
			if err != nil {
				return err
			}
			return load(cmd.Context(), t, o)
		},
	}
	f.register(cmd)
	cmd.AddCommand(mergeCommand(t))
	return cmd
}

func load(ctx context.Context, t *terminal, o *loadOptions) error {
	live := newLiveLine(t.stderr)
	defer live.clear()
	hard, stop, release := interrupts(ctx, func(string) {
		live.say("interrupted: no more requests are scheduled; " +
			"the result follows when those in flight have ended (again to stop at once)")
	})
	defer release()
	soft, cancel := context.WithCancel(hard)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-soft.Done():
		}
	}()
	// A second interrupt does not wait for the drain; the load ends with the
	// process.
	ended := make(chan error, 1)
	crash.Go(func() {
		switch {
		case o.debug:
			ended <- debugLoad(soft, t, o.config)
		case o.findMax:
			ended <- o.findHighest(soft, t, live)
		default:
			ended <- o.once(soft, t, live)
		}
	})
	select {
	case err := <-ended:
		return err
	case <-hard.Done():
		return context.Cause(hard)
	}
}

// once drives the load and prints what came of it.
func (o *loadOptions) once(ctx context.Context, t *terminal, live *liveLine) error {
	rec, err := newLoadRecorder(o.csv, o.hlog)
	if err != nil {
		return err
	}
	o.config.OnSnapshot = func(s loadgen.Snapshot) {
		rec.take(&s)
		live.show(&s, o.config.Duration)
	}
	r, err := o.drive(ctx)
	live.clear()
	fileErr := rec.close()
	if err != nil {
		return loadError(err)
	}
	if o.held == nil {
		o.askHTTP2(ctx, r)
	}
	doc, err := o.document(r)
	if err != nil {
		return err
	}
	if err := doc.print(t.stdout, o.json); err != nil {
		return err
	}
	if o.openMetrics != "" {
		fileErr = errors.Join(fileErr, writeOpenMetrics(o.openMetrics, r))
	}
	if fileErr != nil {
		return fileErr
	}
	return doc.exit()
}

// exit is what the code of the command says about the result. That the
// generator was the bottleneck is a statement in the result, not an error;
// that it ran out of ports or descriptors of its own makes the run invalid, and
// an SLO that its own lateness broke is not held against the target. A load
// without a single success is none, and a --stop ends one that has failed.
func (d *loadDocument) exit() error {
	switch {
	case d.Interrupted:
		return exitError(verdict.ExitInterrupted)
	case d.OwnLimit != "":
		return exitError(verdict.ExitUndecided)
	case d.OK == 0 && d.Scheduled > 0, d.StoppedBy != "":
		return exitError(verdict.ExitUnexpected)
	case d.SLO != nil && d.SLO.undecided:
		return exitError(verdict.ExitUndecided)
	case d.SLO != nil && !d.SLO.Kept:
		return exitError(verdict.ExitUnexpected)
	}
	return nil
}

// loadError classifies an error of package loadgen. Every one means that no
// load was driven: this machine cannot, or the command line is at fault.
func loadError(err error) error {
	if err == nil {
		return nil
	}
	what := strings.TrimPrefix(err.Error(), "loadgen: ")
	var errno syscall.Errno
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return &driver.UnfitError{
			What: what,
			Hint: "Run it on Linux, in a container for instance: " +
				"`lab99 load` is in the same static binary.",
		}
	case errors.Is(err, context.Canceled):
		return exitError(verdict.ExitInterrupted)
	case errors.As(err, &errno):
		return &driver.UnfitError{What: what}
	}
	return &usageError{what}
}
