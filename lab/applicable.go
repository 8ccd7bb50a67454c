package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios"
)

// Applicable leaves out the variants that could not differ from the baseline,
// and says what a reader must know before the run. With a configuration of the
// user's own the lab does not write the proxy's pool or its workers, and a variant
// about nothing else would be the baseline under the name of a fix.
func Applicable(r *scenarios.Resolved) (*scenarios.Resolved, []string) {
	var notes []string
	c := *r
	c.Variants = nil
	for _, v := range r.Variants {
		if !v.OwnConfig() {
			c.Variants = append(c.Variants, v)
			continue
		}
		if onlyConfigures(v) {
			notes = append(notes, fmt.Sprintf("%s is left out: %s has no effect on a configuration of your own; write it into the file and run that",
				v.Name, strings.Join(v.Change(), ", ")))
			continue
		}
		v, says := adopt(v)
		for _, note := range says {
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
		c.Variants = append(c.Variants, v)
	}
	if len(c.Variants) == 0 { // they are all the same, and one of them is run
		v, says := adopt(r.Variants[0])
		c.Variants, notes = []scenarios.Variant{v}, append(notes[1:], says...)
	}
	return &c, notes
}

// onlyConfigures says whether all that a variant changes stands in the proxy's own
// configuration.
func onlyConfigures(v scenarios.Variant) bool {
	for _, change := range v.Changes {
		if change.Key != "proxy.keepalive" && change.Key != "proxy.workers" {
			return false
		}
	}
	return len(v.Changes) > 0
}
