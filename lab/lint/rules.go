package lint

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/lab99/lab99/scenarios/finding"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// A Rule is something that can be found.
type Rule struct {
	ID    string
	Kind  string        // of proxy, where it is about one only; "": nginx, and others too where they have it
	Level finding.Level // of most of its findings
	Doc   string        // a paragraph of Markdown
}

// Rules are those of every kind of configuration, in the order of the documentation.
func Rules() []Rule {
	var all []Rule
	for _, r := range nginxconf.Rules() {
		all = append(all, Rule{ID: r.ID, Level: r.Level, Doc: r.Doc})
	}
	for _, r := range haproxyconf.Rules() {
		all = append(all, Rule{ID: r.ID, Kind: KindHAProxy, Level: r.Level, Doc: r.Doc})
	}
	return all
}

// Stdin is the name of a configuration that came from standard input.
const Stdin = "<stdin>"

// WriteRules lists the ids, a line each.
func WriteRules(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "id\tlevel\tsays")
	for _, r := range Rules() {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", r.ID, r.Level, Sentence(r.Doc))
	}
	return tw.Flush()
}

// WriteRule writes the lesson of an id. It returns false for an id that there
// is not.
func WriteRule(w io.Writer, id string) (bool, error) {
	for _, r := range Rules() {
		if r.ID == id {
			_, err := fmt.Fprintf(w, "%s (%s)\n\n%s\n\n%s\n", r.ID, r.Level, strings.TrimSpace(r.Doc), Docs(r.ID))
			return true, err
		}
	}
	return false, nil
}
