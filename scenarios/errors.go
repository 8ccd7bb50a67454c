package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// Error is one mistake in a scenario, in one of its files or in a --set
// argument. The command line maps it to exit code 64.
type Error struct {
	File   string // as the user named it; "--set KEY=VALUE" for an override
	Line   int    // 1-based; 0: the mistake has no line
	Column int    // 1-based, in characters
	Msg    string // what is wrong and what was expected
	Source string // the offending line
	Hint   string // the next step; may be empty
}

// Error gives file:line:column, the line with a caret under the mistake, and a
// hint: several lines, without a newline at the end.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": " + e.Msg)
	if e.Line > 0 && e.Source != "" {
		number := fmt.Sprintf("%6d | ", e.Line)
		at := byteAt(e.Source, e.Column)
		line, mark := format.Quote(e.Source, at, at+1)
		fmt.Fprintf(&b, "\n%s%s\n%s%s", number, line, strings.Repeat(" ", len(number)), mark)
	}
	if e.Hint != "" {
		b.WriteString("\n  hint: " + e.Hint)
	}
	return b.String()
}

// byteAt is where a column, in characters from 1, begins.
func byteAt(line string, column int) int {
	n := 1
	for at := range line {
		if n >= column {
			return at
		}
		n++
	}
	return len(line)
}

// Errors is every mistake found, in the order of the file. errors.As finds the
// first *Error in it.
type Errors []*Error

func (e Errors) Error() string {
	s := make([]string, len(e))
	for i, err := range e {
		s[i] = err.Error()
	}
	return strings.Join(s, "\n")
}

// Unwrap gives the single mistakes.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// report collects mistakes. A mistake at the top level is met once for each
// size and variant it is merged into, and is kept once.
type report struct {
	errs Errors
}

func (r *report) add(e *Error) {
	if !slices.ContainsFunc(r.errs, func(o *Error) bool { return *o == *e }) {
		r.errs = append(r.errs, e)
	}
}

// addErr takes in the mistakes of another report, or any other error as one
// about a file.
func (r *report) addErr(file string, err error) {
	var list Errors
	var one *Error
	switch {
	case errors.As(err, &list):
		for _, e := range list {
			r.add(e)
		}
	case errors.As(err, &one):
		r.add(one)
	default:
		r.add(&Error{File: file, Msg: err.Error()})
	}
}

// err is nil without a mistake.
func (r *report) err() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return r.errs
}

// didYouMean words a suggestion for a misspelt name.
func didYouMean(got string, known []string) string {
	all := "known here: " + strings.Join(known, ", ")
	if best := nearest(got, known); best != "" {
		return fmt.Sprintf("did you mean %q? %s", best, all)
	}
	return all
}

// orListed is didYouMean for built-in scenarios, too many to name.
func orListed(got string) string {
	const all = "`lab99 list` lists the scenarios"
	if best := nearest(got, Names()); best != "" {
		return fmt.Sprintf("did you mean %q? %s", best, all)
	}
	return all
}

// nearest is the name that a misspelt one may stand for; "" if none.
func nearest(got string, known []string) string {
	best, bestD := "", 1+len(got)/3 // at most one slip in three letters
	for _, k := range known {
		if d := distance(strings.ToLower(got), k); d <= bestD {
			best, bestD = k, d-1
		}
	}
	return best
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
