package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// mostReasons bounds what is said of one run: plans of two scenarios differ in
// everything.
const mostReasons = 4

// unlike says why runs cannot be compared at all: they are not of one scenario
// and size. Runs of one side are held against the base too, as a side that
// mixes two questions has no median.
func unlike(sides []Side) []string {
	reasons := []string{}
	base := sides[0].Runs[0]
	for _, s := range sides {
		for _, run := range s.Runs {
			why := ""
			switch was, is := base.Plan, run.Plan; {
			case was.Scenario != is.Scenario:
				why = fmt.Sprintf("scenario %s, not %s", is.Scenario, was.Scenario)
			case was.Size != is.Size:
				why = fmt.Sprintf("size %s, not %s", is.Size, was.Size)
			case was.Seed != is.Seed:
				why = fmt.Sprintf("seed %d, not %d", is.Seed, was.Seed)
			default:
				continue
			}
			reasons = append(reasons, fmt.Sprintf("%s: %s asked for something else than %s: %s",
				s.Label, run.ID(), base.ID(), why))
		}
	}
	return reasons
}

// unlikeVariant says what a run asked of a variant that another did not; ""
// where it asked for the same. Both have it in their plans.
func unlikeVariant(base, run *results.Run, name string) string {
	before, after := planned(base.Plan, name), planned(run.Plan, name)
	was, is := asked(before), asked(after)
	if before.Settings != nil && after.Settings != nil { // older runs have none
		was, is = questions(before), questions(after)
	}
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(union(was, is))) {
		if was[key] != is[key] {
			differ = append(differ, fmt.Sprintf("%s is %s, not %s", key, orNothing(is[key]), orNothing(was[key])))
		}
	}
	// Of one and the same scenario nginx's version alone makes a difference to
	// how it is written down.
	sameSettings := slices.Equal(settings(base.Plan), settings(run.Plan))
	if base.Plan.Source != run.Plan.Source || !sameSettings || after.OwnConfig != "" {
		proxy, backend := base.Configs(name)
		proxyNow, backendNow := run.Configs(name)
		for _, why := range []string{
			unlikeConfig(cmp.Or(after.ProxyFile, results.NginxFile), proxy, proxyNow),
			unlikeConfig(cmp.Or(after.BackendFile, results.HttpdFile), backend, backendNow),
		} {
			if why != "" {
				differ = append(differ, why)
			}
		}
	}
	if more := len(differ) - mostReasons; more > 0 {
		differ = append(differ[:mostReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(differ, ", ")
}

// settings are the --set arguments that do not only name an image.
func settings(p results.Plan) []string {
	return slices.DeleteFunc(slices.Clone(p.Set), func(s string) bool {
		key, _, _ := strings.Cut(s, "=")
		return strings.HasSuffix(key, ".image")
	})
}

// planned is what a plan says of a variant.
func planned(p results.Plan, name string) results.VariantPlan {
	i := slices.IndexFunc(p.Variants, func(v results.VariantPlan) bool { return v.Name == name })
	if i < 0 {
		return results.VariantPlan{}
	}
	return p.Variants[i]
}

// questions are the settings of a variant that are a question to the machine.
// What should come of it is none; images are part of the environment, and
// configurations are compared by what they say.
func questions(v results.VariantPlan) map[string]string {
	all := maps.Clone(v.Settings)
	maps.DeleteFunc(all, func(key, _ string) bool {
		return strings.HasPrefix(key, "expect.") ||
			strings.HasSuffix(key, ".image") || strings.HasSuffix(key, ".config")
	})
	return all
}

// asked are the questions of a variant in the plan of an older lab99: the
// leaves of the plan but for names, expectations, images and conclusions.
func asked(v results.VariantPlan) map[string]string {
	if v.Name == "" {
		return nil
	}
	v.Title, v.Change, v.ProxyImage, v.BackendImg, v.Settings = "", nil, "", "", nil
	v.Expect, v.Claims, v.Predicted, v.Setup = "", nil, law.Prediction{}, nil
	// Conclusions from the scenario, which an older lab99 did not write down; the
	// configurations have what they rest on.
	v.SteadyS, v.Race, v.Retries, v.Peers, v.MaxFails, v.FailS, v.OneTry = 0, false, false, 0, 0, 0, false
	v.Ports, v.Sources = max(v.Ports, 1), max(v.Sources, 1)
	leaves := map[string]string{}
	flatten(leaves, "", v)
	return leaves
}

func shortHash(s string) string { return s[:min(12, len(s))] }

// flatten adds the leaves of a value, as its JSON has them.
func flatten(leaves map[string]string, path string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	var tree any
	if json.Unmarshal(b, &tree) == nil {
		walk(leaves, path, tree)
	}
}

func walk(leaves map[string]string, path string, tree any) {
	switch t := tree.(type) {
	case map[string]any:
		for k, v := range t {
			walk(leaves, strings.TrimPrefix(path+"."+k, "."), v)
		}
	case []any:
		for i, v := range t {
			walk(leaves, fmt.Sprintf("%s[%d]", path, i), v)
		}
	case nil:
	default:
		leaves[path] = fmt.Sprint(t)
	}
}

func union[V any](a, b map[string]V) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
