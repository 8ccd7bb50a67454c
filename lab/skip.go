package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// kernel is what is known of the kernel that a lab's hosts will have. What is not
// known to be lacking counts as there: the lab tells when it comes up.
type kernel struct {
	release string
	lacking []string // sysctls that a new network namespace does not have
}

// missing says what a variant needs and a kernel has not, "" if it has all. A name
// that no kernel has is a mistake, and not the kernel's: to skip the variant would
// hide it.
func missing(r *scenarios.Resolved, v scenarios.Variant, k kernel) (string, error) {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(sysctls(v))) {
		if !slices.Contains(k.lacking, key) {
			continue
		}
		if err := scenarios.Misspelt(r, v, key); err != nil {
			return "", err
		}
		names = append(names, key)
	}
	if len(names) == 0 {
		return "", nil
	}
	return k.hasNo(names...), nil
}

func (k kernel) hasNo(sysctls ...string) string {
	name := "the kernel"
	if k.release != "" {
		name = "Linux " + k.release
	}
	return fmt.Sprintf("%s has no %s in a network namespace", name, format.List(sysctls))
}

// kernelOf looks at the kernel of a driver's hosts for what a scenario needs. A
// driver that cannot look before a lab is up may run its hosts on this very
// kernel: what it does not have here, it has nowhere.
func kernelOf(ctx context.Context, r *scenarios.Resolved, d driver.Driver) kernel {
	k := kernel{release: d.Machine().Kernel}
	var wanted []string
	for _, v := range r.Variants {
		wanted = slices.AppendSeq(wanted, maps.Keys(sysctls(v)))
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	switch look, can := d.(driver.Looking); {
	case len(wanted) == 0:
	case can:
		k.lacking, _ = look.Lacking(ctx, wanted) // without an answer none is known to be lacking
	case k.release != "" && k.release == driver.Here().Kernel:
		k.lacking = probe.LackingSysctls(wanted...)
	}
	return k
}

// podsOf is what a variant needs that only a cluster has, "" if nothing.
func podsOf(v scenarios.Variant) string {
	switch {
	case v.Backend.Service != scenarios.ServiceNone:
		return "Services"
	case v.Load.Pods > 1:
		return "pods to share a load"
	}
	return ""
}

// Skipped are the variants of a scenario that a run would skip, as far as that can
// be known before their labs are up: the kernel, or the driver, lacks what they need. The
// error is a mistake of the scenario's.
func Skipped(ctx context.Context, r *scenarios.Resolved, d driver.Driver) ([]results.SkippedVariant, error) {
	k := kernelOf(ctx, r, d)
	var all []results.SkippedVariant
	for _, v := range r.Variants {
		why, err := missing(r, v, k)
		if err != nil {
			return nil, err
		}
		if lacks := podsOf(v); lacks != "" && !d.Machine().Pods {
			why = fmt.Sprintf("the driver %s has no %s; --driver kubernetes has", d.Name(), lacks)
		}
		if why != "" {
			all = append(all, results.SkippedVariant{Name: v.Name, Why: why})
		}
	}
	return all, nil
}

// nothingToCompare says why a scenario cannot be run at all, given what would be
// skipped of it: its first variant is what the others are compared with.
func nothingToCompare(r *scenarios.Resolved, skipped []results.SkippedVariant) error {
	if len(skipped) == 0 || len(r.Variants) == 0 || skipped[0].Name != r.Variants[0].Name {
		return nil
	}
	what := fmt.Sprintf("%s cannot run here, and the other variants are compared with it", skipped[0].Name)
	if len(skipped) == len(r.Variants) {
		what = "none of the variants can run here"
	}
	return &driver.UnfitError{
		What: what,
		Err:  errors.New(skipped[0].Why),
		Hint: "Run it on a kernel, or with a driver, that has it. `lab99 plan` says what each variant needs, " +
			"and which others could run.",
	}
}

// without says that a variant is skipped, as its kind of proxy cannot be had; "" if it is
// not. The first variant's kind is what the others are compared with, and without it there
// is no run.
func (r *run) without(i int, want ImageRef, err error) string {
	v, first := r.o.Scenario.Variants[i], r.o.Scenario.Variants[0]
	if want.Part != results.HostProxy || v.Proxy.Kind == first.Proxy.Kind ||
		!errors.As(err, new(*image.UnavailableError)) {
		return ""
	}
	return fmt.Sprintf("there is no %s to be had: %s", proxy.Title(proxy.Of(v)), firstLine(err))
}

// firstLine is an error without its advice.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// skip notes that a variant is not run.
func (r *run) skip(i int, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[i] = why
}

// isSkipped is why a variant is not run, "" if it is.
func (r *run) isSkipped(i int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.skipped[i]
}

// lacked makes a skipped variant of an attempt whose lab did not come up for want
// of something in the kernel. The first variant's is the error that it is, and a
// name that no kernel has is the scenario's mistake.
func (r *run) lacked(a *attempt) {
	var lacking *driver.LackingError
	if !errors.As(a.err, &lacking) {
		return
	}
	if err := scenarios.Misspelt(r.o.Scenario, r.o.Scenario.Variants[a.i], lacking.Sysctl); err != nil {
		a.err = err
		return
	}
	if a.i == 0 {
		return
	}
	a.err = nil
	r.skip(a.i, cmp.Or(lacking.Why, kernel{release: r.o.Driver.Machine().Kernel}.hasNo(lacking.Sysctl)))
}
