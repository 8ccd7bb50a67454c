package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// mainScenario is what reproduce runs.
const mainScenario = "port-exhaustion"

// defaultOut is where runs are written.
var defaultOut = filepath.Join("results", "runs")

// choice is what a run and a plan have in common.
type choice struct {
	size string
	set  []string
	json bool
}

func (c *choice) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&c.size, "size", "", "size of the scenario: quick, standard, full or another it has "+
		"(default standard)")
	fs.StringArrayVar(&c.set, "set", nil,
		"override a field, `KEY=VALUE`; repeatable (size.ports=737, variants.keepalive.proxy.keepalive=64)")
	completeFlag(cmd, "size", completeSizes)
	completeFlag(cmd, "set", completeSet)
}

func (c *choice) resolve(namesOrPaths ...string) ([]*scenarios.Resolved, error) {
	var all []*scenarios.Resolved
	for _, name := range namesOrPaths {
		s, err := scenarios.Load(name)
		if err != nil {
			return nil, err
		}
		r, err := s.Resolve(c.size, c.set)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// runFlags is how scenarios are run.
type runFlags struct {
	choice
	driver, images, subnets, out, note, junit string
	timeout                                   time.Duration
	repeat, parallel                          int
	live                                      liveFlags
}

func (f *runFlags) register(cmd *cobra.Command) {
	f.choice.register(cmd)
	fs := cmd.Flags()
	registerDriver(cmd, &f.driver, driverFlag())
	fs.StringVar(&f.images, "images", string(image.Auto), "where images may come from: auto, registry or local")
	fs.StringVar(&f.subnets, "subnet", "",
		"`CIDR`s for the lab's network, tried in turn (default 198.18.99.0/24, then others of 198.18.0.0/15)")
	fs.StringVar(&f.out, "out", defaultOut, "`directory` for runs")
	fs.StringVar(&f.note, "note", "", "free `text` to store with the run")
	fs.BoolVar(&f.json, "json", false,
		"print summary.json instead of the table; with --repeat the medians, lab99/compare/v1")
	fs.StringVar(&f.junit, "junit", "", "write the expectations as JUnit XML to `FILE`")
	fs.IntVar(&f.repeat, "repeat", 1,
		"run it `N` times and print the median of every figure; the exit code is that of the worst run")
	fs.IntVar(&f.parallel, "parallel", 0,
		"at most `N` labs up at once; 1 is one after the other, 0 as many as the processors bear")
	fs.DurationVar(&f.timeout, "timeout", 0,
		"end the load of a run after this long, judge and report what there is; 0 is never")
	f.live.register(fs, "the run as it goes")
	cmd.MarkFlagsMutuallyExclusive("repeat", "junit")
	words(cmd, "images", string(image.Auto), string(image.Registry), string(image.Local))
	_ = cmd.MarkFlagDirname("out")
}

func reproduceCommand(t *terminal) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "reproduce", GroupID: groupRun, Args: none,
		Short: "Run the main scenario, " + mainScenario + ", and report",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), t, []string{mainScenario})
		},
	}
	f.register(cmd)
	return cmd
}

func runCommand(t *terminal) *cobra.Command {
	var f runFlags
	var all bool
	cmd := &cobra.Command{
		Use: "run SCENARIO...|--all", GroupID: groupRun,
		Short: "Run scenarios and report",
		Long: `Run scenarios and report. A scenario is a name of "lab99 list", a directory or a file.

Several labs run at once, as many as the processors have room for, since labs share nothing else. A lab that measures
milliseconds or processor time runs alone. Several scenarios end in one table of all results.`,
		ValidArgsFunction: completeScenarios,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return &usageError{fmt.Sprintf("--all runs every scenario, %s included: leave out the one or the other",
					args[0])}
			case !all && len(args) == 0:
				return &usageError{"name one scenario or more, or --all; `lab99 list` lists them"}
			case len(args) > 1 && (f.repeat > 1 || f.junit != ""):
				return &usageError{"--repeat and --junit want a single scenario"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if all {
				args, err = builtinNames()
			}
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), t, args)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "run every built-in scenario and print one table")
	cmd.MarkFlagsMutuallyExclusive("all", "repeat")
	cmd.MarkFlagsMutuallyExclusive("all", "junit")
	return cmd
}

// door is the file by which this user's commands wait for each other; without a
// place for it they do not.
func door() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir := filepath.Join(cache, "lab99")
	if os.MkdirAll(dir, 0o755) != nil {
		return ""
	}
	return filepath.Join(dir, "door")
}

// run runs scenarios: one, or several as a catalogue.
func (f *runFlags) run(ctx context.Context, t *terminal, names []string) error {
	entered := time.Now()
	if f.repeat < 1 || f.repeat > results.MaxRuns {
		return &usageError{fmt.Sprintf("--repeat: %d, want 1 to %d runs", f.repeat, results.MaxRuns)}
	}
	if f.parallel < 0 {
		return &usageError{fmt.Sprintf("--parallel: %d, want at least 0", f.parallel)}
	}
	if err := f.live.check(); err != nil {
		return err
	}
	mode, err := imageMode(f.images)
	if err != nil {
		return err
	}
	nets, err := parseSubnets(f.subnets)
	if err != nil {
		return err
	}
	resolved, err := f.resolve(names...)
	if err != nil {
		return err
	}
	d, why, err := newDriver(ctx, f.driver)
	if err != nil {
		return err
	}
	p, page, err := f.live.begin(newProgress(t.stderr), resolved)
	if err != nil {
		return err
	}
	defer p.close()
	p.Say("Driver: " + d.Name() + ", " + why)
	ctx, stop, release := interrupts(ctx, p.Say)
	defer release()
	out, err := filepath.Abs(f.out)
	if err != nil {
		return err
	}
	options := lab.Options{
		Scenario:  resolved[0],
		Driver:    d,
		DriverWhy: why,
		Images:    mode,
		Subnets:   nets,
		Out:       out,
		Note:      f.note,
		Tool:      tool(),
		Entered:   entered,
		Progress:  p,
		Stop:      stop,
		Timeout:   f.timeout,
		Parallel:  f.parallel,
		Door:      door(),
		Report:    reportBehind,
		Tries:     tries,
	}
	if len(resolved) > 1 {
		o, err := lab.RunAll(ctx, options, resolved, exitCode)
		page.end(nil)
		p.close()
		return concludeAll(t, f.json, o, err, stop)
	}
	once := func() (*lab.Outcome, error) {
		o, err := lab.Run(ctx, options)
		options.Entered = time.Now() // of the next
		return o, err
	}
	if f.repeat > 1 {
		r := repetition{times: f.repeat, stop: stop, say: p.Say, once: once}
		err := r.run()
		page.end(nil)
		p.close()
		return r.conclude(t, f.json, err)
	}
	o, err := once()
	page.end(o)
	p.close()
	return f.conclude(t, o, err, stop)
}

// conclude prints what came of a run, and the error that ended it after that:
// nothing measured is lost for the error.
func (f *runFlags) conclude(t *terminal, o *lab.Outcome, err error, stop <-chan struct{}) error {
	if o != nil && len(o.Summary.Variants) > 0 {
		if f.json {
			if err := printEscaped(t.stdout, o.Summary); err != nil {
				return err
			}
		} else {
			PrintSummary(t.stdout, o.Summary)
			if report := filepath.Join(o.Dir, "report.html"); exists(report) {
				fmt.Fprintln(t.stdout, "\nReport: "+shown(report))
			} else {
				fmt.Fprintf(t.stdout, "\nData: %s; `lab99 report` makes a report of it\n", shown(o.Dir))
			}
		}
	}
	var ciErr error
	if o != nil && len(o.Summary.Variants) > 0 {
		ciErr = forCI(o.Dir, f.junit)
	}
	if o != nil && errors.As(err, new(*crash.Error)) {
		err = fmt.Errorf("%w\n  The files of the run are kept in %s; `lab99 report` makes a report of them.",
			err, shown(o.Dir))
	}
	switch {
	case err != nil:
		if ciErr != nil {
			return errors.Join(err, ciErr)
		}
		return err
	case ciErr != nil:
		return fmt.Errorf("the run is in %s, but %w", o.Dir, ciErr)
	case lab.Stopped(stop):
		return exitError(verdict.ExitInterrupted)
	case o.ReportErr != nil:
		return fmt.Errorf("the run is in %s, but its report could not be written: %w", o.Dir, o.ReportErr)
	}
	if code := lab.ExitCode(o.Summary); code != verdict.ExitAsExpected {
		return exitError(code)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shown is a path as short as it can be said.
func shown(path string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

func imageMode(s string) (image.Mode, error) {
	switch m := image.Mode(s); m {
	case image.Auto, image.Registry, image.Local:
		return m, nil
	}
	return "", &usageError{fmt.Sprintf("--images %s: want auto, registry or local", shell(s))}
}

// benchmarks is the address space that is set aside for them (RFC 2544).
var benchmarks = netip.MustParsePrefix("198.18.0.0/15")

// parseSubnets returns nil for "": the driver chooses. Addresses of the internet
// are refused, and so is what is wider than a lab could use: for as long as the
// lab is up, the engine's host could not reach them.
func parseSubnets(s string) ([]netip.Prefix, error) {
	if s == "" {
		return nil, nil
	}
	var nets []netip.Prefix
	for field := range strings.SplitSeq(s, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(field))
		what := ""
		switch {
		case err != nil || !p.Addr().Is4():
			what = "is not an IPv4 network"
		case p.Bits() < 16 || p.Bits() > 24:
			what = fmt.Sprintf("is a /%d; a lab takes a network from /16 to /24", p.Bits())
		case !p.Addr().IsPrivate() && !benchmarks.Contains(p.Addr()):
			what = "is neither private (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) nor for benchmarks (198.18.0.0/15)"
		}
		if what != "" {
			return nil, &usageError{fmt.Sprintf("--subnet: %q %s; name one such as 198.18.99.0/24", field, what)}
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}
