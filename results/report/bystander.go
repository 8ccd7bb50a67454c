package report

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// Bystanders says what became of another program on nginx's host; "" where
// there was none.
func (v variant) Bystanders() string {
	b := v.Bystander
	if b == nil {
		return ""
	}
	parts := []string{
		tries(b.Backend) + " to the same backend failed",
		tries(b.Elsewhere) + " to elsewhere",
		tries(b.Bind) + " to elsewhere after binding a port first",
	}
	return "Of another program’s connections on nginx’s host, " + strings.Join(parts, ", ") + "."
}

func tries(t results.Tries) string {
	s := fmt.Sprintf("%s of %s", format.Grouped(t.Failed), format.Grouped(t.Tried))
	if t.FirstFailureS != nil {
		s += fmt.Sprintf(" (%s, from %s on)", t.Errno, format.Seconds(*t.FirstFailureS))
	}
	return s
}
