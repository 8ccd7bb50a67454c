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
		return fmt.Sprintf("%s: collapse %s, error 99 %s", v.Verdict, format.Seconds(*v.CollapseS), format.Seconds(*v.FirstError))
	case v.Collapsed && v.CollapseS != nil:
		return fmt.Sprintf("%s at %s", v.Verdict, format.Seconds(*v.CollapseS))
	case v.FirstError != nil:
		return fmt.Sprintf("%s: error 99 from %s", v.Verdict, format.Seconds(*v.FirstError))
	case v.RhoSteady != nil && (v.Verdict == law.Mitigated || v.Verdict == law.Inconclusive):
		return fmt.Sprintf("%s: load factor ρ %.2g", v.Verdict, *v.RhoSteady)
	}
	return v.Verdict
}

// story is what happened to a variant, without its name.
func (v *variant) story() string {
	lost := v.lost()
	switch {
	case len(v.Data.Samples) == 0:
		return v.Verdict + ", nothing was measured"
	case v.Collapsed && v.CollapseS != nil && v.FirstError != nil:
		return fmt.Sprintf("throughput collapsed at %s with half the ports taken, error 99 from %s%s", format.Seconds(*v.CollapseS), format.Seconds(*v.FirstError), lost)
	case v.Collapsed && v.CollapseS != nil:
		return fmt.Sprintf("throughput collapsed at %s with half the ports taken, before any error 99%s", format.Seconds(*v.CollapseS), lost)
	case v.FirstError != nil && v.Verdict == law.Postponed:
		return fmt.Sprintf("only postponed, out of ports at %s%s", format.Seconds(*v.FirstError), lost)
	case v.FirstError != nil:
		return fmt.Sprintf("out of ports at %s%s", format.Seconds(*v.FirstError), lost)
	case v.Verdict == law.Mitigated && v.Ports.PeakUsed != nil:
		return fmt.Sprintf("no failure, at most %s of %s tuples in use%s", format.Grouped(*v.Ports.PeakUsed), format.Grouped(v.Predicted.Tuples), lost)
	case v.Verdict == law.Mitigated:
		return "no failure" + lost
	case v.Verdict == law.Inconclusive && v.RhoSteady != nil:
		return fmt.Sprintf("no failure yet, but the load factor ρ is %.2g%s", *v.RhoSteady, lost)
	}
	return v.Verdict + lost
}

// lost are the requests that got no good reply, in words: one that was never
// sent, since nginx held all connections, is as lost as one that failed.
func (v *variant) lost() string {
	words := ""
	if v.Failed != nil && v.OK != nil && *v.Failed > 0 {
		words = fmt.Sprintf("; %s of %s requests failed", format.Grouped(*v.Failed), format.Grouped(float64(*v.Failed+*v.OK)))
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
	return words
}

// comparison is the finding of the whole run: who failed when, who did not.
func comparison(vs []variant) string {
	var parts, held, missing []string
	for i := range vs {
		v := &vs[i]
		at := ""
		if v.FirstError != nil {
			at = format.Seconds(*v.FirstError)
		}
		doubt := ""
		if !law.Trusted(v.Verdict) { // the numbers stand, the judgement does not
			doubt = " (" + v.Verdict + ")"
		}
		switch {
		case v.Verdict == law.Mitigated:
			held = append(held, v.Name)
		case v.Collapsed && v.CollapseS != nil && at != "":
			parts = append(parts, v.Name+" collapsed at "+format.Seconds(*v.CollapseS)+" and ran out of ports at "+at+doubt)
		case v.Collapsed && v.CollapseS != nil:
			parts = append(parts, v.Name+" collapsed at "+format.Seconds(*v.CollapseS)+doubt)
		case v.Verdict == law.Postponed && at != "":
			parts = append(parts, v.Name+" only postponed it to "+at)
		case at != "":
			parts = append(parts, v.Name+" ran out of ports at "+at+doubt)
		case v.Verdict == results.NotRun:
			missing = append(missing, v.Name)
		default:
			parts = append(parts, v.Name+" "+verb(v.Verdict))
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

// verb says what a verdict without a moment amounts to.
func verb(verdict string) string {
	switch verdict {
	case law.Reproduced:
		return "reproduced error 99"
	case law.NotReproduced:
		return "did not reproduce it"
	case law.Inconclusive:
		return "is undecided"
	case law.Invalid:
		return "gave no valid result"
	case results.NotJudged:
		return "was cut short"
	case law.Error:
		return "ended in an error of the lab"
	}
	return verdict
}

// provenance is what a figure torn off its report must still say.
func provenance(run *results.Run) []string {
	var servers []string
	for _, im := range run.Env.Images {
		name := map[string]string{"proxy": "nginx", "backend": "Apache"}[im.Role]
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
	scenario := fmt.Sprintf("scenario %s, size %s, plan %s, seed %d", run.Plan.Scenario, run.Plan.Size, short(run.Plan.Hash), run.Plan.Seed)
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
