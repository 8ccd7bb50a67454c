package chart

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// sub is a variant's verdict with the number behind it, for the head of a
// column.
func (v *variant) sub() string {
	switch {
	case v.Collapsed && v.CollapseS != nil && v.FirstError != nil:
		return fmt.Sprintf("%s: collapse %s, error 99 %s",
			v.Verdict, format.Seconds(*v.CollapseS), format.Seconds(*v.FirstError))
	case v.Collapsed && v.CollapseS != nil:
		return fmt.Sprintf("%s at %s", v.Verdict, format.Seconds(*v.CollapseS))
	case v.FirstError != nil:
		return fmt.Sprintf("%s: error 99 from %s", v.Verdict, format.Seconds(*v.FirstError))
	case v.RhoSteady != nil && (v.Verdict == law.Mitigated || v.Verdict == law.Inconclusive):
		return fmt.Sprintf("%s: load factor ρ %.2g", v.Verdict, *v.RhoSteady)
	}
	return v.Verdict
}

// did says what became of a variant: the rest of a sentence that begins with
// its name. Measured times stand even where the verdict is not to be trusted.
func (v *variant) did() string {
	words := ""
	switch collapsed := v.Collapsed && v.CollapseS != nil; {
	case collapsed && v.FirstError != nil:
		words = fmt.Sprintf("collapsed at %s and ran out of ports at %s",
			format.Seconds(*v.CollapseS), format.Seconds(*v.FirstError))
	case collapsed:
		words = "collapsed at " + format.Seconds(*v.CollapseS)
	case v.FirstError != nil && v.Verdict == law.Postponed:
		words = "only postponed error 99 to " + format.Seconds(*v.FirstError)
	case v.FirstError != nil:
		words = "ran out of ports at " + format.Seconds(*v.FirstError)
	default:
		return v.Ended()
	}
	if !law.Trusted(v.Verdict) {
		words += " (" + v.Verdict + ")"
	}
	return words
}

// story is what happened to a variant, with the numbers behind it.
func (v *variant) story() string {
	words := v.did()
	switch {
	case len(v.Data.Samples) == 0 && !v.NotRun:
		words += "; nothing was measured"
	case v.Verdict == law.Mitigated && v.FirstError == nil && v.Ports.PeakUsed != nil:
		words += fmt.Sprintf(", with at most %s of %s tuples in use",
			format.Grouped(*v.Ports.PeakUsed), format.Grouped(v.Predicted.Tuples))
	case v.Verdict == law.Inconclusive && v.RhoSteady != nil:
		words += fmt.Sprintf(": no failure, but a load factor ρ of %.2g", *v.RhoSteady)
	}
	return words + v.lost()
}

// lost are the requests without a good reply, in words. A request that was never
// sent, because nginx held all connections, is as lost as a failed one.
func (v *variant) lost() string {
	words := ""
	if v.Failed != nil && v.OK != nil && *v.Failed > 0 {
		words = fmt.Sprintf("; %s of %s requests failed",
			format.Grouped(*v.Failed), format.Grouped(float64(*v.Failed+*v.OK)))
	}
	if v.Dropped != nil && *v.Dropped > 0 {
		words += fmt.Sprintf("; %s requests were never sent", format.Grouped(*v.Dropped))
		if v.Scheduled != nil && *v.Scheduled > 0 {
			words += " (" + part(*v.Dropped, *v.Scheduled) + ")"
		}
	}
	if v.Unfinished != nil && *v.Unfinished > 0 {
		words += fmt.Sprintf("; %s had no reply", format.Grouped(*v.Unfinished))
	}
	return v.InWords(words)
}

// untried heads a column of requests for which no connect() was made, of all variants.
func untried(vs []variant) string {
	for i := range vs {
		if u := vs[i].Untried(); u != vs[0].Untried() {
			return results.RefusedUntried
		}
	}
	return vs[0].Untried()
}

// comparison is the title of what shows the whole run: which variants failed and when,
// and which did not. Several that came to the same share the words for it. It has the
// times of all by their names, as the figure below does, where results.Finding tells
// somebody without the figure how they differ.
func comparison(vs []variant) string {
	var parts, out, held, missing []string
	at := 0                        // in parts, of those that ran out
	alike := map[string][]string{} // by verdict, of those whose verdict is all that is said of them
	place := map[string]int{}      // in parts, of such a verdict
	for i := range vs {
		v := &vs[i]
		plain := v.FirstError != nil && v.Verdict == law.Reproduced && !v.Collapsed
		switch {
		case v.Verdict == law.Mitigated:
			held = append(held, v.Name)
		case v.Verdict == results.NotRun, v.Verdict == results.Skipped:
			missing = append(missing, v.Name)
		case plain && len(out) > 0:
			out = append(out, fmt.Sprintf("%s (%s)", v.Name, format.Seconds(*v.FirstError)))
		case plain:
			at, out = len(parts), []string{fmt.Sprintf("%s (%s)", v.Name, format.Seconds(*v.FirstError))}
			parts = append(parts, v.Name+" "+v.did())
		case v.did() == "is "+v.Verdict:
			if len(alike[v.Verdict]) == 0 {
				place[v.Verdict] = len(parts)
				parts = append(parts, v.Name+" "+v.did())
			}
			alike[v.Verdict] = append(alike[v.Verdict], v.Name)
		default:
			parts = append(parts, v.Name+" "+v.did())
		}
	}
	if len(out) > 1 {
		parts[at] = format.List(out) + " ran out of ports"
	}
	for verdict, names := range alike {
		if len(names) > 1 {
			parts[place[verdict]] = format.List(names) + " are " + verdict
		}
	}
	if len(held) > 0 {
		parts = append(parts, format.List(held)+" held")
	}
	if len(missing) > 0 {
		parts = append(parts, format.List(missing)+" did not run")
	}
	return strings.Join(parts, "; ")
}

// serverOf is how people call the server of an image.
func serverOf(p results.Plan, im results.Image) string {
	for i := range p.Variants {
		switch v := &p.Variants[i]; {
		case im.Role == results.HostProxy && v.ProxyImage == im.Requested:
			return v.ProxyName()
		case im.Role == results.HostBackend && v.BackendImg == im.Requested:
			return v.RealBackend()
		}
	}
	return ""
}

// provenance is what a figure must say when it stands without its report.
func provenance(run *results.Run) []string {
	var servers []string
	for _, im := range run.Env.Images {
		name := serverOf(run.Plan, im)
		if im.Version != "" && !strings.ContainsAny(im.Version[:1], "0123456789") {
			name = ""
		}
		servers = append(servers, strings.TrimSpace(name+" "+im.Version))
	}
	if run.Env.Kernel != "" {
		servers = append(servers, "Linux "+strings.TrimPrefix(run.Env.Kernel, "Linux "))
	}
	tool := strings.TrimSpace("lab99 " + run.Env.Tool)
	if run.Env.Revision != "" {
		tool += " (" + short(run.Env.Revision) + ")"
	}
	scenario := fmt.Sprintf("scenario %s, size %s, plan %s, seed %d",
		run.Plan.Scenario, run.Plan.Size, short(run.Plan.Hash), run.Plan.Seed)
	first := []string{"run " + run.ID(), tool, scenario}
	if run.Summary.StartedUTC != "" {
		first = append(first, "started "+run.Summary.StartedUTC)
	}
	lines := []string{strings.Join(first, " · ")}
	if len(servers) > 0 {
		lines = append(lines, strings.Join(servers, " · ")+" · one run of each variant")
	}
	return lines
}

func short(hash string) string { return hash[:min(len(hash), 10)] }
