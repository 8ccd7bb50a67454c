package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// sets is what all --set arguments ask for together.
type sets struct {
	size *node            // of the size: what a variant changes itself goes on top
	all  *node            // for every variant
	one  map[string]*node // for one variant, by its name; wins over all
}

// parseSets reads KEY=VALUE arguments; of two about the same field, the later
// wins.
func (d *decoder) parseSets(args, variants []string) sets {
	s := sets{one: map[string]*node{}}
	for _, arg := range args {
		variant, change, err := parseSet(arg, variants)
		switch {
		case err != nil:
			d.add(err)
		case strings.HasPrefix(arg, ofSize):
			s.size = merge(s.size, change)
		case variant == "":
			s.all = merge(s.all, change)
		default:
			s.one[variant] = merge(s.one[variant], change)
		}
	}
	return s
}

// ofSize begins the key of a field of the size that is run.
const ofSize = "size."

// parseSet reads one argument into an overlay for a variant, or for all when
// the name is empty.
func parseSet(arg string, variants []string) (variant string, change *node, _ *Error) {
	pos := position{src: &source{name: "--set " + arg}}
	key, value, ok := strings.Cut(arg, "=")
	if !ok || key == "" {
		return "", nil, pos.error("want KEY=VALUE", "for example --set size.ports=737")
	}
	if rest, ok := strings.CutPrefix(key, "variants."); ok {
		variant, key, _ = strings.Cut(rest, ".")
		if !slices.Contains(variants, variant) {
			return "", nil, pos.error(fmt.Sprintf("no variant %q", variant), didYouMean(variant, variants))
		}
		if key == "" {
			return "", nil, pos.error("names a variant but no field of it",
				fmt.Sprintf("for example --set variants.%s.proxy.keepalive=64", variant))
		}
	}
	key = strings.TrimPrefix(key, ofSize) // its fields are the scenario's
	leaf := &node{kind: scalar, text: value, at: pos}
	if strings.HasPrefix(value, "{") {
		tree, err := parseYAML(pos.src, []byte(value))
		if err != nil {
			return "", nil, pos.error("the value is not valid YAML", "a mapping is written as {key: value}")
		}
		leaf = tree
	}
	path := splitKey(key)
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == "" {
			return "", nil, pos.error("an empty name in the key",
				"names are separated by single dots, as in proxy.keepalive")
		}
		leaf = &node{kind: mapping, at: pos, entries: []entry{{path[i], pos, leaf}}}
	}
	return variant, leaf, nil
}

// splitKey splits at the dots, except those in a sysctl's own name.
func splitKey(key string) []string {
	const sysctls = "proxy.sysctls."
	if name, ok := strings.CutPrefix(key, sysctls); ok {
		return []string{"proxy", "sysctls", name}
	}
	return strings.Split(key, ".")
}
