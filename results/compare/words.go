package compare

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/lab99/lab99/internal/format"
)

// WriteText writes the comparison for a terminal.
func (r *Result) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, line := range r.head() {
		fmt.Fprintln(b, line)
	}
	fmt.Fprintln(b)
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range r.table() {
		fmt.Fprintln(tw, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	tw.Flush()
	for _, line := range r.foot() {
		fmt.Fprintln(b, "\n"+line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes it as a page to paste.
func (r *Result) WriteMarkdown(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# %s\n", r.title())
	item := false
	for _, line := range r.head() {
		text, is := strings.CutPrefix(line, "  ")
		if !is || !item {
			fmt.Fprintln(b) // a list stands by itself
		}
		if item = is; is {
			text = "* " + text
		}
		fmt.Fprintln(b, escapeLine(text))
	}
	fmt.Fprintln(b)
	for i, row := range r.table() {
		for j := range row {
			row[j] = escape(row[j])
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	for _, line := range r.foot() {
		fmt.Fprintf(b, "\n%s\n", escape(line))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escapeLine escapes a line, but for the mark of an item.
func escapeLine(s string) string {
	if text, is := strings.CutPrefix(s, "* "); is {
		return "* " + escape(text)
	}
	return escape(s)
}

// escape keeps names and notes from being taken for Markdown or HTML.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;",
		"*", `\*`, "_", `\_`, "`", "'", "\n", " ").Replace(s)
}

func (r *Result) title() string {
	base := r.Sides[0]
	if len(r.Sides) == 1 {
		return fmt.Sprintf("%s, %s: %s", base.Scenario, base.Size, format.Plural(len(base.Runs), "run"))
	}
	return fmt.Sprintf("%s, %s: %d sides compared", base.Scenario, base.Size, len(r.Sides))
}

// head is what stands above the numbers; items are indented.
func (r *Result) head() []string {
	var lines []string
	for _, s := range r.Sides {
		line := fmt.Sprintf("%s: %s, %s, %s", s.Label, s.Scenario, s.Size, format.Plural(len(s.Runs), "run"))
		notes := map[string]bool{}
		for _, run := range s.Runs {
			if run.Note != "" {
				notes[run.Note] = true
			}
		}
		for _, n := range slices.Sorted(maps.Keys(notes)) {
			line += fmt.Sprintf(", %q", n)
		}
		line += ", " + filepath.Base(s.Runs[0].Dir)
		if len(s.Runs) > 1 {
			line += " to " + filepath.Base(s.Runs[len(s.Runs)-1].Dir)
		}
		lines = append(lines, line)
	}
	switch {
	case len(r.Environment) == 0 && len(r.Sides[0].Runs) == 1 && len(r.Sides) == 1: // nothing to differ from
	case len(r.Environment) == 0 && len(r.unknown) > 0: // see the notes
	case len(r.Environment) == 0:
		lines = append(lines, "Environments: no difference")
	default:
		lines = append(lines, "Environments differ:")
		for _, d := range r.Environment {
			values := make([]string, len(d.Values))
			for i, v := range d.Values {
				values[i] = r.Sides[i].Label + " has " + clip(v)
			}
			lines = append(lines, "  "+d.What+": "+strings.Join(values, "; "))
		}
	}
	if !r.Valid {
		lines = append(lines, "Invalid: these cannot be compared.")
		for _, why := range r.Invalid {
			lines = append(lines, "  "+why)
		}
	}
	return lines
}

// table is a line of headings, then a line per variant and figure; the
// variant is named in its first.
func (r *Result) table() [][]string {
	head := []string{"variant", "figure"}
	for i, s := range r.Sides {
		head = append(head, s.Label)
		if i > 0 {
			head = append(head, "change", "p")
		}
	}
	rows := [][]string{head}
	for _, v := range r.Variants {
		row := []string{v.Name, "verdict"}
		for i, verdicts := range v.Verdicts {
			row = append(row, tally(verdicts))
			if i > 0 {
				row = append(row, v.verdictChange(i), shownP(v.VerdictTests[i].P))
			}
		}
		rows = append(rows, row)
		for _, m := range v.Metrics {
			row := []string{"", strings.TrimSuffix(m.Name+", "+m.Unit, ", ")}
			for i, s := range m.Sides {
				row = append(row, s.String())
				if i > 0 {
					row = append(row, m.change(i, v.Valid), shownP(s.P))
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *Result) foot() []string {
	var lines []string
	for _, v := range r.Variants {
		if v.Invalid != nil && r.Valid {
			lines = append(lines, fmt.Sprintf("%s is invalid: %s.", v.Name, *v.Invalid))
		}
		for _, why := range v.LeftOut {
			lines = append(lines, fmt.Sprintf("%s: left out, %s.", v.Name, why))
		}
	}
	return append(lines, r.Notes...)
}
