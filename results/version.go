package results

import (
	"fmt"
	"regexp"
	"strconv"
)

// A schema name ends in a version: lab99/summary/v1. Within one version fields
// are only added, and one that a document lacks was not measured by the lab99
// that wrote it: older documents of a version are read as they are, and newer
// ones too, but for what this program does not know. The number itself rises
// when a field changes its meaning, and then what is newer must be refused,
// for nobody knows what its figures mean.
var schemaName = regexp.MustCompile(`^(lab99/[a-z]+)/v([0-9]{1,6})$`)

// readable says why a document with the schema got cannot be read by a program
// that writes want; nil: it can.
func readable(got, want string) error {
	g, w := schemaName.FindStringSubmatch(got), schemaName.FindStringSubmatch(want)
	if g == nil || g[1] != w[1] {
		return fmt.Errorf("schema %q, want %q", got, want)
	}
	theirs, _ := strconv.Atoi(g[2]) // at most six digits
	ours, _ := strconv.Atoi(w[2])
	switch {
	case theirs > ours:
		return fmt.Errorf("schema %q was written by a newer lab99; this one reads up to %q: "+
			"take the version that wrote the run, or a later one", got, want)
	case theirs < 1:
		return fmt.Errorf("schema %q never was, want %q", got, want)
	}
	return nil
}
