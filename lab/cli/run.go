package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// mainScenario is what reproduce runs.
const mainScenario = "port-exhaustion"

// defaultOut is where runs are written.
var defaultOut = filepath.Join("results", "runs")

// stringList is a flag that may be repeated.
type stringList []string

func (l *stringList) String() string     { return strings.Join(*l, " ") }
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// choice is what a run and a plan have in common.
type choice struct {
	size  string
	set   stringList
	json  bool
	junit string
}

func (c *choice) resolve(nameOrPath string) (*scenarios.Resolved, error) {
	s, err := scenarios.Load(nameOrPath)
	if err != nil {
		return nil, err
	}
	return s.Resolve(c.size, c.set)
}

func reproduce(ctx context.Context, t *terminal, args []string) error {
	return runScenario(ctx, t, "reproduce", mainScenario, args)
}

func run(ctx context.Context, t *terminal, args []string) error {
	return runScenario(ctx, t, "run", "", args)
}

func runScenario(ctx context.Context, t *terminal, verb, scenario string, args []string) error {
	entered := time.Now()
	var c choice
	var wantDriver, images, subnets, out, note string
	var timeout time.Duration
	var all bool
	var repeat int
	argsText := "[flags]"
	if scenario == "" {
		argsText = "SCENARIO|--all [flags]"
	}
	fs := flags(t, verb, argsText)
	fs.StringVar(&c.size, "size", "", "size of the scenario: quick, standard, full or another it has (default standard)")
	fs.Var(&c.set, "set", "override a field, `KEY=VALUE`; repeatable (size.ports=737, variants.keepalive.proxy.keepalive=64)")
	fs.StringVar(&wantDriver, "driver", "auto", "what runs the hosts: docker, netns (Linux namespaces, no engine) or auto")
	fs.StringVar(&images, "images", string(image.Auto), "where images may come from: auto, registry or local")
	fs.StringVar(&subnets, "subnet", "", "`CIDR`s for the lab's network, tried in turn (default 198.18.99.0/24, then others of 198.18.0.0/15)")
	fs.StringVar(&out, "out", defaultOut, "`directory` for runs")
	fs.StringVar(&note, "note", "", "free `text` to store with the run")
	fs.BoolVar(&c.json, "json", false, "print summary.json instead of the table; with --repeat the medians, lab99/compare/v1")
	fs.StringVar(&c.junit, "junit", "", "write the expectations as JUnit XML to `FILE`")
	fs.IntVar(&repeat, "repeat", 1, "run it `N` times and print the median of every figure; the exit code is that of the worst run")
	fs.DurationVar(&timeout, "timeout", 0, "end the load of a run after this long, judge and report what there is; 0 is never")
	if scenario == "" {
		fs.BoolVar(&all, "all", false, "run every built-in scenario, one after the other, and print one table")
	}
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if scenario == "" && !all {
		if len(rest) != 1 {
			return &usageError{"name one scenario, or --all; `lab99 list` lists them"}
		}
		scenario, rest = rest[0], nil
	}
	if len(rest) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	if repeat < 1 || repeat > results.MaxRuns {
		return &usageError{fmt.Sprintf("--repeat: %d, want 1 to %d runs", repeat, results.MaxRuns)}
	}
	if all && repeat > 1 {
		return &usageError{"--all and --repeat exclude each other: repeat one scenario"}
	}
	if repeat > 1 && c.junit != "" {
		return &usageError{"--repeat and --junit exclude each other: `lab99 report --junit FILE RUN` writes it for each run"}
	}
	if all && c.junit != "" {
		return &usageError{"--all and --junit exclude each other: `lab99 report --junit FILE RUN` writes it for each run"}
	}
	mode, err := imageMode(images)
	if err != nil {
		return err
	}
	nets, err := parseSubnets(subnets)
	if err != nil {
		return err
	}
	var resolved []*scenarios.Resolved
	if all {
		resolved, err = c.resolveAll()
	} else {
		resolved, err = c.resolveOne(scenario)
	}
	if err != nil {
		return err
	}
	d, why, err := newDriver(ctx, wantDriver)
	if err != nil {
		return err
	}
	p := newProgress(t.stderr)
	defer p.close()
	p.Say("Driver: " + d.Name() + ", " + why)
	ctx, stop, release := interrupts(ctx, p.Say)
	defer release()
	out, err = filepath.Abs(out)
	if err != nil {
		return err
	}
	options := lab.Options{
		Scenario: resolved[0], Driver: d, DriverWhy: why, Images: mode, Subnets: nets, Out: out, Note: note,
		Tool: tool(), Entered: entered, Progress: p, Stop: stop, Timeout: timeout,
	}
	if all {
		o, err := lab.RunAll(ctx, options, resolved, exitCode)
		p.close()
		return concludeAll(t, c, o, err, stop)
	}
	once := func() (*lab.Outcome, error) {
		o, err := lab.Run(ctx, options)
		options.Entered = time.Now() // of the next
		return o, err
	}
	if repeat > 1 {
		r := repetition{times: repeat, stop: stop, say: p.Say, once: once}
		err := r.run()
		p.close()
		return r.conclude(t, c.json, err)
	}
	o, err := once()
	p.close()
	return conclude(t, c, o, err, stop)
}

// conclude prints what came of a run, and the error that ended it after that:
// nothing measured is lost for the error.
func conclude(t *terminal, c choice, o *lab.Outcome, err error, stop <-chan struct{}) error {
	if o != nil && len(o.Summary.Variants) > 0 {
		if c.json {
			b, jerr := json.MarshalIndent(o.Summary, "", "  ")
			if jerr != nil {
				return jerr
			}
			fmt.Fprintln(t.stdout, string(b))
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
		ciErr = forCI(o.Dir, c.junit)
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
	return "", &usageError{fmt.Sprintf("no source of images %q: auto, registry or local", s)}
}

// parseSubnets returns nil for "": the driver chooses.
func parseSubnets(s string) ([]netip.Prefix, error) {
	if s == "" {
		return nil, nil
	}
	var nets []netip.Prefix
	for field := range strings.SplitSeq(s, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(field))
		if err != nil || !p.Addr().Is4() || p.Bits() > 24 || p.Bits() < 8 {
			return nil, &usageError{fmt.Sprintf("--subnet: %q is not an IPv4 network of at least 256 addresses, such as 198.18.99.0/24", field)}
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}
