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
	servers := 0 // of a file, each with an address of its own in the lab
	c := *r
	c.Variants = nil
	for _, v := range r.Variants {
		if !v.OwnConfig() {
			c.Variants = append(c.Variants, v)
			continue
		}
		if onlyConfigures(v) {
			notes = append(notes, fmt.Sprintf("%s is left out: %s has no effect on a configuration of your own; "+
				"write it into the file and run that",
				v.Name, strings.Join(v.Change(), ", ")))
			continue
		}
		was := v.Backend.Addresses
		v, says := adopt(v)
		if v.Backend.Addresses > was {
			servers = max(servers, v.Backend.Addresses)
		}
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
	return &c, append(notes, alikeBackends(c.Variants, servers)...)
}

// alikeBackends gives variants that the lab configures as many backends as a file has that
// they are compared with: a new proxy will have the same.
func alikeBackends(all []scenarios.Variant, servers int) []string {
	var names []string
	for i := range all {
		v := &all[i]
		fewer := v.Backend.Ports == 1 && v.Backend.Addresses < servers
		if !v.OwnConfig() && v.Backend.Place == scenarios.PlaceOwn && fewer {
			v.Backend.Addresses = servers
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: with %d backends, as many as the file has that they are compared with",
		strings.Join(names, ", "), servers)}
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
