package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lab99/lab99/results"
)

// mostReasons bounds what is said of one run: plans of two scenarios differ in
// everything.
const mostReasons = 4

// unlike says why runs cannot be compared: they did not ask for the same. Runs
// of one side are held against the base too, as a side that mixes two questions
// has no median.
func unlike(sides []Side) []string {
	reasons := []string{}
	base := sides[0].Runs[0]
	for _, s := range sides {
		for _, run := range s.Runs {
			if why := unlikeBase(base.Plan, run.Plan); why != "" {
				reasons = append(reasons, fmt.Sprintf("%s: %s asked for something else than %s: %s", s.Label, filepath.Base(run.Dir), filepath.Base(base.Dir), why))
			}
		}
	}
	return reasons
}

// unlikeBase compares by a hash made anew: the stored one may be of a lab99
// that had fewer fields to hash.
func unlikeBase(base, p results.Plan) string {
	if base.Seal() != nil || p.Seal() != nil || base.Hash == p.Hash {
		return ""
	}
	switch {
	case base.Scenario != p.Scenario:
		return fmt.Sprintf("scenario %s, not %s", p.Scenario, base.Scenario)
	case base.Size != p.Size:
		return fmt.Sprintf("size %s, not %s", p.Size, base.Size)
	}
	was, is := asked(base), asked(p)
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(union(was, is))) {
		if was[key] != is[key] {
			differ = append(differ, fmt.Sprintf("%s is %s, not %s", key, orNothing(is[key]), orNothing(was[key])))
		}
	}
	if more := len(differ) - mostReasons; more > 0 {
		differ = append(differ[:mostReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(differ, ", ")
}

// asked are the leaves of a plan by their path, less what the hash leaves out.
func asked(p results.Plan) map[string]string {
	leaves := map[string]string{}
	p.Hash, p.Note = "", ""
	p.Source = shortHash(p.Source)
	vs := p.Variants
	p.Variants = nil
	flatten(leaves, "", p)
	for _, v := range vs {
		v.Predicted = results.Prediction{}
		flatten(leaves, v.Name, v)
	}
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
