package lint

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Stdin is the name of a configuration that came from standard input.
const Stdin = "<stdin>"

// WriteRules lists the ids, a line each.
func WriteRules(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "id\tlevel\tsays")
	for _, r := range nginxconf.Rules() {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", r.ID, r.Level, Sentence(r.Doc))
	}
	return tw.Flush()
}

// WriteRule writes the lesson of an id. It returns false for an id that there
// is not.
func WriteRule(w io.Writer, id string) (bool, error) {
	for _, r := range nginxconf.Rules() {
		if r.ID == id {
			_, err := fmt.Fprintf(w, "%s (%s)\n\n%s\n\n%s\n", r.ID, r.Level, strings.TrimSpace(r.Doc), Docs(r.ID))
			return true, err
		}
	}
	return false, nil
}

// Lessons is the part of docs/lint.md that follows from the rules: a heading
// for each id.
func Lessons() string {
	var b strings.Builder
	for _, r := range nginxconf.Rules() {
		fmt.Fprintf(&b, "## %s\n\n*%s.* %s\n\n", r.ID, r.Level, strings.TrimSpace(r.Doc))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
