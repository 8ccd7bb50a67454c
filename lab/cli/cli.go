// Package cli is the command line: one file per subcommand, each of which
// parses flags, calls one function of package lab or a neighbour, and prints.
//
// Results go to standard output, talk to standard error. Exit codes are those
// of package verdict.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/netns"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// command is one subcommand.
type command struct {
	name  string
	args  string
	about string // empty: not for people
	run   func(ctx context.Context, t *terminal, args []string) error
}

func commands() []command {
	return []command{
		{"reproduce", "[flags]", "run the main scenario, port-exhaustion, and report", reproduce},
		{"run", "SCENARIO|--all [flags]", "run a scenario: a name of `lab99 list`, a directory or a file; or all", run},
		{"plan", "SCENARIO [flags]", "show what would be run and what is predicted; starts nothing", plan},
		{"predict", "--rate N [flags]", "when error 99 will come, from numbers alone, and what each mitigation would do", predict},
		{"list", "[flags]", "list the scenarios this program carries, or, with --runs, past runs", list},
		{"validate", "FILE...", "check scenario files", validate},
		{"report", "RUN...", "make the report of a stored run again", remakeReport},
		{"compare", "RUN RUN... [flags]", "hold stored runs against each other: what differs, and whether that is shown", compareRuns},
		{"doctor", "[flags]", "say what this machine has and lacks for a lab", examine},
		{"load", "[flags] URL", "drive HTTP load at a stated rate and say honestly what came of it", load},
		{"clean", "", "remove what any earlier run left in the container engine", clean},
		{"version", "", "print the version", version},
		{"agent", "", "", serveAgent},
		{netns.Subcommand, "", "", netnsInit},
		{"backend", "", "", serveBackend},
		{doctorInside, "", "", examineInside},
	}
}

// terminal is where a command reads and writes.
type terminal struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

// exitError ends a command with a code and nothing more to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errInterrupted is the cause of a context cancelled by a second Ctrl-C.
var errInterrupted = errors.New("interrupted")

// Main runs a command line and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &terminal{stdin, stdout, stderr}
	if len(args) == 0 {
		usage(t.stderr)
		return verdict.ExitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			usage(t.stdout)
			return verdict.ExitAsExpected
		}
		args = []string{args[1], "-h"}
	case "-version", "--version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return finish(t, c, c.run(context.Background(), t, args[1:]))
		}
	}
	fmt.Fprintf(stderr, "lab99: no command %q; `lab99 help` lists them\n", args[0])
	return verdict.ExitUsage
}

// finish says what went wrong and gives the exit code for it.
func finish(t *terminal, c command, err error) int {
	var code exitError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return verdict.ExitAsExpected
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(t.stderr, "lab99 "+c.name+": "+err.Error())
	var unfit *driver.UnfitError
	if errors.As(err, &unfit) {
		fmt.Fprintln(t.stderr, "  `lab99 doctor` shows what this machine has and lacks.")
	}
	return exitCode(err)
}

// exitCode classifies an error.
func exitCode(err error) int {
	var (
		usage   *usageError
		one     *scenarios.Error
		many    scenarios.Errors
		unfit   *driver.UnfitError
		noImage *image.UnavailableError
		server  *driver.ServerError
		storage *lab.StorageError
	)
	switch {
	case errors.Is(err, errInterrupted):
		return verdict.ExitInterrupted
	case errors.As(err, &usage), errors.As(err, &one), errors.As(err, &many), errors.As(err, &server) && refused(server):
		return verdict.ExitUsage
	case errors.As(err, &unfit), errors.As(err, &noImage), errors.As(err, &storage):
		return verdict.ExitUnfit
	}
	return verdict.ExitInternal
}

// refused says whether a server ended because of its configuration, which is
// the scenario's mistake: nginx says [emerg], httpd says Syntax error.
func refused(s *driver.ServerError) bool {
	return !s.Agent && (strings.Contains(s.Output, "[emerg]") || strings.Contains(s.Output, "yntax error"))
}

func usage(w io.Writer) {
	fmt.Fprint(w, `lab99 reproduces nginx error 99, "Cannot assign requested address", and compares the fixes.

Usage:

`)
	for _, c := range commands() {
		if c.about != "" {
			fmt.Fprintf(w, "  lab99 %-28s %s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
		}
	}
	fmt.Fprint(w, `
Examples:

  lab99 reproduce --size quick
  lab99 plan port-exhaustion --set size.ports=737 --set size.rate=91
  lab99 run ./my-scenario.yaml --set proxy.config=/etc/nginx/nginx.conf
  lab99 run --all --size quick
  lab99 report results/runs/latest
  lab99 list --runs --note 'before the upgrade'

Exit codes: 0 every variant as expected, 1 an expectation failed, 2 invalid or
inconclusive, 3 the environment is unfit (no driver can run, no image, no room
for results), 64 usage or scenario error, 70 internal, 130 interrupted.
`)
}

// flags makes a flag set that reports its errors as usage errors.
func flags(t *terminal, name, args string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {} // also called for a mistake, where one line says more
	help := func(string) error {
		fmt.Fprintln(t.stdout, strings.TrimSpace(fmt.Sprintf("Usage: lab99 %s %s", name, args)))
		fs.SetOutput(t.stdout)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard) // or the package says that the help was asked for
		return flag.ErrHelp
	}
	fs.BoolFunc("h", "print this", help)
	fs.BoolFunc("help", "print this", help)
	return fs
}

// parse parses flags wherever they stand among the arguments, as
// `lab99 run SCENARIO --size quick` is what people type.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) || strings.HasSuffix(err.Error(), flag.ErrHelp.Error()) {
				return nil, flag.ErrHelp // a BoolFunc's error comes wrapped, as text
			}
			return nil, &usageError{fmt.Sprintf("%v; `lab99 %s -h` lists the flags", err, fs.Name())}
		}
		args = fs.Args()
		if len(args) == 0 {
			return rest, nil
		}
		rest = append(rest, args[0])
		args = args[1:]
	}
}

// interrupts turns signals into an end of the load and, the second time, of
// everything.
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

// orNotExist tells a file that is not there from one that cannot be read.
func orNotExist(err error, hint string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &usageError{err.Error() + "\n  " + hint}
	}
	return err
}
