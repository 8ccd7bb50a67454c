package diagnose

import (
	"fmt"
	"slices"

	"github.com/lab99/lab99/lab/lint"
)

// Configured is the configuration of an nginx that runs in a namespace, as lint sees it.
type Configured struct {
	PID    int          `json:"pid"` // of the master
	Report *lint.Report `json:"report"`
}

// aboutPools are the findings of lint that cost connections.
var aboutPools = []string{
	"no-pool", "inert-pool", "half-done-keepalive", "connection-header-wiped", "variable-bypasses-pool", "pool-smaller-than-workers-need",
}

// configurationFindings are what a configuration has to do with the ports of its namespace.
func (n *NamespaceReport) configurationFindings(all []Configured) (found []Finding) {
	level := Note
	if slices.ContainsFunc(n.Tuples, func(t Tuple) bool { return t.State != OK && t.State != Unknown }) {
		level = Warning
	}
	for _, c := range all {
		for _, f := range c.Report.Findings {
			if slices.Contains(aboutPools, f.ID) {
				found = append(found, Finding{
					ID: "nginx-config", Level: level, Namespace: n.Name, File: f.File, Line: f.Line,
					Text: fmt.Sprintf("nginx %d in %s: %s [%s]", c.PID, n.Name, f.Text, f.ID), Next: f.Fix,
				})
			}
		}
	}
	return found
}
