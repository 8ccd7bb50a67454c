package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/results"
)

// Difference is something of the environment, or of the files of the scenario,
// that is not the same in all runs.
type Difference struct {
	What   string   `json:"what"`
	Values []string `json:"values"` // by side; several of one side are joined by " | ", "" is none
}

// inAll is the variant of what concerns the whole run.
const inAll = ""

// fact is one thing known of an environment.
type fact struct{ what, variant string }

// differences are those of the machine, its programs and the namespaces.
func differences(sides []Side) []Difference {
	known := make([][]map[fact]string, len(sides)) // by side and run
	all := map[fact]bool{}
	for i, s := range sides {
		for _, run := range s.Runs {
			k := facts(run)
			known[i] = append(known[i], k)
			for f := range k {
				all[f] = true
			}
		}
	}
	// The values of a fact on each side. A run that ended before a variant
	// knows nothing of its hosts, which is no difference.
	bySide := make([]map[fact][]string, len(sides))
	for i, s := range sides {
		bySide[i] = map[fact][]string{}
		for n, run := range s.Runs {
			for f := range all {
				if v := known[i][n][f]; reached(run, f.variant) && !slices.Contains(bySide[i][f], v) {
					bySide[i][f] = append(bySide[i][f], v)
				}
			}
		}
	}
	// What differs alike in several variants is one line.
	variantsOf := map[string][]string{} // by what and values
	lines := map[string]Difference{}
	for f := range all {
		d := Difference{What: f.what}
		var values []string // of all sides
		for i := range sides {
			slices.Sort(bySide[i][f])
			d.Values = append(d.Values, strings.Join(bySide[i][f], " | "))
			values = append(values, bySide[i][f]...)
		}
		if slices.Sort(values); len(slices.Compact(values)) < 2 {
			continue
		}
		key := d.What + "\x00" + strings.Join(d.Values, "\x00")
		lines[key] = d
		variantsOf[key] = append(variantsOf[key], f.variant)
	}
	out := []Difference{}
	whole := len(variantNames(sides))
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		d := lines[key]
		if names := variantsOf[key]; names[0] != inAll && len(names) < whole {
			slices.Sort(names)
			d.What += " (" + strings.Join(names, ", ") + ")"
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Difference) int { return cmp.Compare(rank(a.What), rank(b.What)) })
	return out
}

// reached says whether a run has read back the hosts of a variant.
func reached(run *results.Run, variant string) bool {
	if variant == inAll {
		return run.Env.Kernel != "" // else env.json is missing
	}
	return slices.ContainsFunc(run.Env.Variants, func(v results.VariantEnv) bool { return v.Name == variant })
}

// rank puts the machine before its programs, and both before the namespaces.
func rank(what string) int {
	for i, p := range []string{"kernel", "arch", "CPUs", "memory", "driver", "engine", "image", "lab99", "scenario"} {
		if strings.HasPrefix(what, p) {
			return i
		}
	}
	return 99
}

// facts are what a run knows of its environment.
func facts(run *results.Run) map[fact]string {
	e := run.Env
	m := map[fact]string{
		{"kernel", inAll}:           e.Kernel,
		{"arch", inAll}:             e.Arch,
		{"CPUs", inAll}:             strconv.Itoa(e.CPUs),
		{"memory", inAll}:           fmt.Sprintf("%d MiB", e.MemoryMiB),
		{"driver", inAll}:           e.Driver,
		{"engine", inAll}:           e.Engine,
		{"lab99", inAll}:            strings.TrimSpace(e.Tool + " " + e.Revision),
		{"scenario's files", inAll}: shortHash(run.Plan.Source),
	}
	for _, i := range e.Images {
		f := fact{"image of the " + i.Role + ", " + i.Requested, inAll}
		m[f] = strings.Join([]string{i.Used, i.Version, i.Source, shortHash(strings.TrimPrefix(i.ID, "sha256:"))}, ", ")
	}
	for _, v := range e.Variants {
		for host, h := range v.Hosts {
			for what, value := range h.Settings() {
				m[fact{host + " " + what, v.Name}] = value
			}
			m[fact{host + " build", v.Name}] = h.Build
		}
	}
	return m
}
