package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results/private"
	"github.com/lab99/lab99/results/report"
	"github.com/lab99/lab99/results/serve"
)

func serveCommand(t *terminal) *cobra.Command {
	var listen string
	var open bool
	cmd := &cobra.Command{
		Use: "serve [DIR]", GroupID: groupResults,
		Short: "Show stored runs in a browser, and compare them there",
		Long: `Show stored runs in a browser, and compare them there.

DIR is a directory of runs, results/runs unless it is named. It is only read. The address that is
printed has a token in it: who does not know it sees nothing. Ctrl-C ends it.

Exit codes: 0 interrupted, 3 the address cannot be had, 64 there is no such directory.`,
		Example: "  lab99 serve --open",
		Args:    between(0, 1, "name one directory of runs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := defaultOut
			if len(args) > 0 {
				dir = args[0]
			}
			return serveRuns(cmd.Context(), t, dir, listen, open)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&listen, "listen", anyPort, "`ADDRESS:PORT` to serve at")
	fs.BoolVar(&open, "open", false, "open the page in the browser")
	return cmd
}

// serveRuns serves until it is interrupted, which is its proper end: exit code 0.
func serveRuns(ctx context.Context, t *terminal, dir, listen string, open bool) error {
	address, err := listenOn("listen", listen)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	p, err := private.Listen(address.String(), "")
	if err != nil {
		return &driver.UnfitError{
			What: "runs cannot be served",
			Err:  err,
			Hint: "Without --listen it is a free port of 127.0.0.1.",
		}
	}
	defer p.End(context.Background(), time.Second)
	site, err := serve.New(dir, p.Prefix(), serve.Look{Style: report.Style(), Script: report.ScriptHash()})
	if err != nil {
		return &usageError{err.Error() + "\n  Name the directory that holds the runs, the --out of `lab99 run`; " +
			"`lab99 reproduce` makes the default, results/runs."}
	}
	defer site.Close()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	fmt.Fprintln(t.stdout, "Runs: "+p.URL())
	if open {
		orSay(browse(p.URL()), func(line string) { fmt.Fprintln(t.stderr, line) })
	}
	defer context.AfterFunc(ctx, func() { p.End(context.Background(), time.Second) })()
	return p.Serve(site.Handler())
}
