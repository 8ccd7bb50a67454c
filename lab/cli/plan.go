package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

func planCommand(t *terminal) *cobra.Command {
	var c choice
	var configs bool
	cmd := &cobra.Command{
		Use: "plan SCENARIO", GroupID: groupRun,
		Short:             "Show what a run would do and what is predicted, and start nothing",
		Args:              between(1, 1, "name one scenario; `lab99 list` lists them"),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.resolve(args[0])
			if err != nil {
				return err
			}
			return plan(cmd.Context(), t, r[0], c.json, configs)
		},
	}
	c.register(cmd)
	cmd.Flags().BoolVar(&c.json, "json", false, "print plan.json instead")
	cmd.Flags().BoolVar(&configs, "configs", true, "print the rendered configurations")
	return cmd
}

// plan shows a run before it happens. It looks whether the images are there,
// since the nginx release decides how a configuration is worded, but does
// without an engine.
func plan(ctx context.Context, t *terminal, resolved *scenarios.Resolved, asJSON, configs bool) error {
	found, err := lookForImages(ctx, resolved)
	if err != nil {
		return err
	}
	resolved, notes := lab.AdaptToOverrides(lab.Understand(resolved, found.release))
	p, err := lab.Plan(resolved, found.driver, found.machine.CPUs, "")
	if err != nil {
		return err
	}
	lab.Foretell(p, found.abilities)
	notes = append(notes, found.notes...)
	notes = append(notes, lab.Reasons(resolved, found.release, found.platform())...)
	if asJSON {
		return printEscaped(t.stdout, struct {
			*results.Plan
			Notes   []string                 `json:"notes"` // of this machine, and so no part of what is stored
			Skipped []results.SkippedVariant `json:"skipped,omitempty"`
		}{p, append([]string{}, notes...), found.skipped})
	}
	out := lint.Printable(t.stdout) // with parts of files from elsewhere in it
	fmt.Fprintf(out, "%s, size %s: %s\n", p.Scenario, p.Size, p.Title)
	fmt.Fprintf(out, "about %s in all, with the images present; nothing has been started\n\n",
		lab.Estimate(p, found.machine).Round(time.Second))
	for _, v := range found.skipped {
		fmt.Fprintf(out, "Note: %s would be skipped: %s\n", v.Name, v.Why)
	}
	for _, note := range notes {
		fmt.Fprintln(out, "Note: "+note)
	}
	fmt.Fprintln(out)
	printPredictions(out, p)
	if configs {
		return printConfigs(out, resolved, p, found)
	}
	return nil
}

func printPredictions(w io.Writer, p *results.Plan) {
	tw := table.New(w)
	fmt.Fprintln(tw, "variant\tports\tdestinations\ttuples K\trate\tload\tρ\tfirst error 99\tok before it\tsteady "+
		"ok/s\tpredicted\texpected")
	for _, v := range p.Variants {
		first, ok := "never", "all"
		if f := v.Predicted.FirstError99S; f != nil {
			first = foretold(v.Predicted, "%.2f s")
			if v.Predicted.CollapseS != nil {
				first = fmt.Sprintf("about %.0f s", *f)
			}
		}
		if n := v.Predicted.OKBeforeError99; n != nil {
			ok = format.Grouped(*n)
			if most := v.Predicted.OKBeforeError99Most; most != nil {
				ok = format.Span(ok, format.Grouped(*most))
			}
			if v.Predicted.OrNever {
				ok += " or more"
			}
		}
		if n := v.Predicted.OKBeforeError99; v.Race && n != nil && *n > 0 { // before any success f has no say
			first, ok = first+" / f", ok+" / f"
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%g/s\t%g s\t%.3g\t%s\t%s\t%s\t%s\t%s\n",
			v.Name, format.Grouped(v.PortHigh-v.PortLow+1),
			v.Addresses*max(1, v.Ports), format.Grouped(v.Predicted.Tuples),
			v.RatePerS, v.DurationS, v.Predicted.Rho, first, ok,
			orDash(v.Predicted.SteadyOKPerS, "%.1f"), v.Predicted.Verdict, v.Expect)
	}
	tw.Flush()
	raced := func(v results.VariantPlan) bool { return v.Race && v.Predicted.FirstError99S != nil }
	if slices.ContainsFunc(p.Variants, raced) {
		fmt.Fprintln(w, "f, the share of connections that the proxy closes first, is an outcome of the run where both "+
			"ends close; the other columns are for f = 1")
	}
	for _, v := range p.Variants {
		if why := v.Laws().WhyLater(); why != "" && v.Predicted.FirstError99S != nil {
			fmt.Fprintf(w, "%s: error 99 may come later: %s\n", v.Name, why)
		}
		if c := v.Predicted.CollapseS; c != nil {
			fmt.Fprintf(w, "%s: the rate collapses after %.2f s, when half the range is used "+
				"and every connect() walks it\n",
				v.Name, *c)
		}
	}
}

// imagesFound is what is here of a scenario's images, and who would run them.
type imagesFound struct {
	driver  string
	machine driver.Machine         // on which the hosts would run
	images  map[string]image.Image // by what the scenario asks for
	skipped []results.SkippedVariant
	notes   []string

	abilities ability.Found // of its kernel, as a run would find them
}

// platform is what is known of that machine. An engine with another kernel
// than this one's is on another machine, whose tables cannot be read from here.
func (f imagesFound) platform() lab.Platform {
	on := lab.Platform{CPUs: f.machine.CPUs, Kernel: f.machine.Kernel, NoFile: f.machine.NoFile, Abilities: f.abilities}
	if f.machine.Kernel == driver.Here().Kernel {
		on.ConntrackMax, _ = strconv.Atoi(probe.Sysctls()["net.netfilter.nf_conntrack_max"])
	}
	return on
}

// lookTimeout keeps a plan from waiting for an engine that hangs.
const lookTimeout = 5 * time.Second

func lookForImages(ctx context.Context, r *scenarios.Resolved) (imagesFound, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	d, why, err := newDriver(ctx, driver.Auto)
	if err != nil {
		return imagesFound{driver: drivers[0].Name, machine: driver.Machine{CPUs: runtime.NumCPU()}, notes: []string{
			"no driver can run here, so the configurations are rendered for the release that is asked for",
		}}, nil
	}
	f := imagesFound{driver: d.Name(), machine: d.Machine(), images: map[string]image.Image{}}
	if f.skipped, err = lab.Skipped(ctx, r, d); err != nil {
		return f, err
	}
	f.abilities = lab.Abilities(ctx, d)
	for _, v := range r.Variants {
		for _, want := range lab.ImagesOf(v) {
			img, err := d.Find(ctx, want.Role, want.Ref)
			note := img.Note
			switch {
			case errors.As(err, new(*image.AbsentError)):
				note = err.Error()
			case err != nil:
				note = fmt.Sprintf("could not look for %s: %v", want.Ref, err)
			default:
				f.images[want.Ref] = img
			}
			if note != "" && !slices.Contains(f.notes, note) {
				f.notes = append(f.notes, note)
			}
		}
	}
	slices.Sort(f.notes)
	if f.driver != drivers[0].Name {
		f.notes = append(f.notes, fmt.Sprintf("a run would use the driver %s, %s", f.driver, why))
	}
	return f, nil
}

// printConfigs prints each variant's files, those equal to the baseline's by
// name only.
func printConfigs(w io.Writer, r *scenarios.Resolved, p *results.Plan, found imagesFound) error {
	seen := map[string]string{}
	show := func(variant, name, text string) {
		if where, ok := seen[name+text]; ok {
			fmt.Fprintf(w, "\n--- %s %s: as in %s\n", variant, name, where)
			return
		}
		seen[name+text] = variant
		fmt.Fprintf(w, "\n--- %s %s\n%s", variant, name, text)
	}
	for i, v := range r.Variants {
		at := lab.Site(v, driver.Example(lab.Layout(v)))
		at.Version = found.release(v)
		vp := p.Variants[i]
		fmt.Fprintf(w, "\n=== %s: %s\n", v.Name, v.Title)
		for _, c := range vp.Change {
			fmt.Fprintln(w, "change:", c)
		}
		for _, key := range slices.Sorted(maps.Keys(vp.Sysctls)) {
			fmt.Fprintf(w, "sysctl: %s = %s\n", key, vp.Sysctls[key])
		}
		conf, err := proxy.Of(v).Configure(v, at)
		if err != nil {
			return err
		}
		for _, line := range conf.Rewrites {
			fmt.Fprintln(w, "rewritten:", line)
		}
		show(v.Name, conf.File, string(conf.Text))
		for _, file := range slices.Sorted(maps.Keys(conf.More)) {
			show(v.Name, file, string(conf.More[file]))
		}
		behind := proxy.BackendOf(v)
		if behind == nil {
			command := "lab99 " + strings.Join(lab.AgentBackend(v, at), " ") + "\n"
			if at.Socket != "" {
				command += "and the same at the Unix-domain socket " + at.Socket + ", on the proxy's host\n"
			}
			show(v.Name, "backend", command)
			continue
		}
		if conf, err = behind.Configure(v, at); err != nil {
			return err
		}
		if conf.File == "" {
			show(v.Name, "backend", behind.Name()+" "+strings.Join(conf.Serving()[1:], " ")+"\n")
			continue
		}
		show(v.Name, conf.File, string(conf.Text))
	}
	return nil
}

// release is that of the image found for a variant's proxy, else what its
// reference says.
func (f imagesFound) release(v scenarios.Variant) string {
	if img, ok := f.images[v.Proxy.Image]; ok {
		return img.Version
	}
	return proxy.ReleaseOf(v)
}

// foretold is when error 99 is to come, "–" if it is not.
func foretold(p law.Prediction, verb string) string {
	switch {
	case p.OrNever:
		return orDash(p.FirstError99S, verb) + " or later"
	case p.FirstError99LatestS == nil:
		return orDash(p.FirstError99S, verb)
	}
	return format.Span(orDash(p.FirstError99S, verb), orDash(p.FirstError99LatestS, verb))
}

func orDash(v *float64, format string) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf(format, *v)
}
