// Package table lines up the columns of a table, and folds a table that is wider
// than the terminal: the columns that find no room follow below, beside the first
// column once more. A terminal that breaks the lines itself makes them unreadable.
// Where the output is no terminal, a row stays a line.
package table

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"golang.org/x/term"
)

// gap is the blanks between two columns.
const gap = 2

// Table takes rows of cells, as a tabwriter does: a line each, with tabs between
// the cells. Nothing is printed before Flush.
type Table struct {
	w    io.Writer
	rows bytes.Buffer
}

// New makes a table that is printed to w.
func New(w io.Writer) *Table { return &Table{w: w} }

// Write takes rows. It does not fail.
func (t *Table) Write(b []byte) (int, error) { return t.rows.Write(b) }

// Flush prints the table. The error is that of the output.
func (t *Table) Flush() error {
	var rows [][]string
	for line := range strings.Lines(t.rows.String()) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	t.rows.Reset()
	return write(t.w, rows, columns(t.w))
}

// columns is how wide a terminal is; 0 for any other output. A writer around
// another says so with Unwrap.
func columns(w io.Writer) int {
	for {
		outer, ok := w.(interface{ Unwrap() io.Writer })
		if !ok {
			break
		}
		w = outer.Unwrap()
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}

// write prints rows in one block, or in as many as it takes; room 0 is no end of it.
func write(w io.Writer, rows [][]string, room int) error {
	for n, block := range blocks(widths(rows), room) {
		if n > 0 {
			fmt.Fprintln(w)
		}
		tw := tabwriter.NewWriter(w, 0, 0, gap, ' ', 0)
		for _, row := range rows {
			var cells []string
			for _, i := range block {
				if i < len(row) {
					cells = append(cells, row[i])
				}
			}
			fmt.Fprintln(tw, strings.Join(cells, "\t"))
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// widths are those of the columns, in characters.
func widths(rows [][]string) (wide []int) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], utf8.RuneCountInString(cell))
		}
	}
	return wide
}

// blocks are the columns of each block. Every one begins with the first column, and
// has one more at least.
func blocks(wide []int, room int) [][]int {
	var all [][]int
	used := 0
	for i, n := range wide {
		if n += gap; len(all) == 0 || room > 0 && used+n-gap > room && len(all[len(all)-1]) > 1 {
			all, used = append(all, []int{0}), wide[0]+gap
			if i == 0 {
				continue
			}
		}
		last := len(all) - 1
		all[last], used = append(all[last], i), used+n
	}
	return all
}
