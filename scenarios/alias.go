package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Aliases are words of a scenario's own for --set. Each stands for one key or several, of
// single variants as a rule, so that a question such as "from this file to that proxy" is
// asked in its own words. KEY=VALUE sets a value whatever the word is given.
type Aliases map[string][]string

// expand puts the keys in the place of their aliases. Each argument that names one becomes
// as many as it has keys.
func (a Aliases) expand(set []string) []string {
	var all []string
	for _, arg := range set {
		word, value, _ := strings.Cut(arg, "=")
		keys, ok := a[word]
		if !ok {
			all = append(all, arg)
			continue
		}
		for _, key := range keys {
			if !strings.Contains(key, "=") {
				key += "=" + value
			}
			all = append(all, key)
		}
	}
	return all
}

func readAliases(d *decoder, n *node, path string) any {
	all := Aliases{}
	if n == nil {
		return all
	}
	const example = "for example to: [variants.after.proxy.kind]"
	if n.kind != mapping {
		d.add(n.at.error(path+" is "+n.kind.String()+", want a mapping of words to lists of keys", example))
		return all
	}
	for _, e := range n.entries {
		switch {
		case !forms["name"].re.MatchString(e.key):
			d.add(e.at.error(fmt.Sprintf("alias %q: want lower-case letters, digits and dashes", e.key), ""))
		case slices.Contains(overlayKeys, e.key):
			d.add(e.at.error(fmt.Sprintf("alias %q: --set knows a key of that name", e.key), ""))
		case e.val.kind != sequence || len(e.val.items) == 0:
			d.add(e.val.at.error(join(path, e.key)+" is "+e.val.kind.String()+", want a list of keys", example))
		default:
			for _, item := range e.val.items {
				if d.isScalar(item, join(path, e.key), "a key as --set has it") {
					all[e.key] = append(all[e.key], item.text)
				}
			}
		}
	}
	return all
}

// aliases checks that the keys of a scenario's aliases are keys of it.
func (d *decoder) aliases(n *node, variants []string) {
	if n == nil || n.kind != mapping {
		return
	}
	for _, e := range n.entries {
		for _, item := range e.val.items {
			key, _, _ := strings.Cut(item.text, "=")
			variant, change, err := parseSet(key+"=x", variants)
			switch {
			case err != nil:
				d.add(item.at.error(fmt.Sprintf("aliases.%s: %s: %s", e.key, item.text, err.Msg), err.Hint))
			case !slices.Contains(overlayKeys, change.entries[0].key):
				d.add(item.at.error(fmt.Sprintf("aliases.%s: no key %q",
					e.key, strings.TrimPrefix(key, "variants."+variant+".")),
					didYouMean(change.entries[0].key, overlayKeys)))
			}
		}
	}
}

func aliasesSchema() schema {
	return schema{"type": "object", "propertyNames": schema{"pattern": forms["name"].re.String()},
		"additionalProperties": schema{
			"type":     "array",
			"minItems": 1,
			"items":    schema{"type": "string", "pattern": oneLine},
		}}
}
