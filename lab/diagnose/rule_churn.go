package diagnose

import (
	"slices"

	"github.com/lab99/lab99/internal/format"
)

// churn: how many connections a request takes.
func churn(v *view) {
	if v.Churn == nil {
		return
	}
	const pooled = 0.1 // from that on connections are hardly used again
	level, next := Note, ""
	if *v.Churn > pooled {
		next = v.seen.useAgain()
		if slices.ContainsFunc(v.Tuples, func(t Tuple) bool { return t.State != OK && t.State != Unknown }) {
			level = Warning
		}
	}
	v.say(level, next, "%s requests a second are in nginx's access log, "+
		"and %s connections begin there: %.3g for each request",
		format.Rough(*v.RequestsPerS), format.Rough(*v.Churn**v.RequestsPerS), *v.Churn)
}
