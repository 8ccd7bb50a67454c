package main

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/results"
)

// The tables of the page stand between <!-- NAME --> and <!-- /NAME -->.
const (
	record  = "record"
	enacted = "enacted"
)

// fill puts both tables into the page. Of an incident without a run, it keeps what the page
// has measured.
func fill(text string, all []incident, runs map[string]*results.Run) (string, error) {
	before, err := between(text, enacted)
	if err != nil {
		return "", err
	}
	if text, err = replace(text, record, recordTable(all)); err != nil {
		return "", err
	}
	return replace(text, enacted, enactedTable(all, runs, measuredOn(before)))
}

func recordTable(all []incident) string {
	t := table{{"incident", "what the report says", "the law, with its figures", "what holds", "re-enacted by"}}
	for _, i := range all {
		t = append(t, []string{fmt.Sprintf("[%s](%s)", i.title(), i.Link), i.said(), i.law(), i.holds(), i.command()})
	}
	return t.String()
}

// Columns of the table of what was enacted.
const (
	colIncident = iota
	colVariant
	colPredicted
	colMeasured
	colVerdict
)

func enactedTable(all []incident, runs map[string]*results.Run, before map[string][]string) string {
	t := table{{"incident", "variant", "first error 99, predicted", "measured", "verdict",
		"how it differs from the report"}}
	for _, i := range all {
		for n, v := range i.plan.Variants {
			row := []string{i.title(), v.Title, predicted(v), "not run", "–", ""}
			if n == 0 {
				row[len(row)-1] = i.Scale
			}
			if old := before[key(row)]; old != nil {
				row[colMeasured], row[colVerdict] = old[colMeasured], old[colVerdict]
			}
			if r := runs[i.name]; r != nil {
				if seen := r.Summary.Variant(v.Name); seen != nil {
					row[colMeasured], row[colVerdict] = measured(*seen, v.Laws().Race), word(*seen)
				}
			}
			t = append(t, row)
		}
	}
	return t.String()
}

// word is the verdict, with what is to be said of it.
func word(v results.Variant) string {
	if v.AsExpected != nil && *v.AsExpected {
		return v.Verdict
	}
	return v.Verdict + ", not as expected"
}

// key tells the rows of the second table apart.
func key(row []string) string { return row[colIncident] + "\n" + row[colVariant] }

// measuredOn are the rows of a table that the page has.
func measuredOn(text string) map[string][]string {
	rows := map[string][]string{}
	for line := range strings.SplitSeq(text, "\n") {
		row := cells(line)
		if len(row) > colVerdict {
			rows[key(row)] = row
		}
	}
	return rows
}

// cells are those of a line of a table.
func cells(line string) []string {
	inner, ok := strings.CutPrefix(line, "| ")
	if !ok {
		return nil
	}
	return strings.Split(strings.TrimSuffix(inner, " |"), " | ")
}

// table is one in Markdown, its head first.
type table [][]string

func (t table) String() string {
	var b strings.Builder
	for n, row := range t {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if n == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	return b.String()
}

func marks(name string) (open, end string) {
	return "<!-- " + name + " -->\n", "<!-- /" + name + " -->"
}

// between is what the page has between two marks.
func between(text, name string) (string, error) {
	open, end := marks(name)
	_, rest, found := strings.Cut(text, open)
	inner, _, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("%s has no %sand %s around the table", page, open, end)
	}
	return inner, nil
}

func replace(text, name, inner string) (string, error) {
	old, err := between(text, name)
	if err != nil {
		return "", err
	}
	open, end := marks(name)
	return strings.Replace(text, open+old+end, open+inner+end, 1), nil
}
