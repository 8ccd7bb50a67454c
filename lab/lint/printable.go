package lint

import (
	"io"

	"github.com/lab99/lab99/internal/format"
)

// Printable is a writer for text with parts of a file in it: what could command
// a terminal is written as a question mark.
func Printable(w io.Writer) io.Writer { return printable{w} }

type printable struct{ w io.Writer }

// Unwrap is the writer that the text goes to.
func (p printable) Unwrap() io.Writer { return p.w }

func (p printable) Write(b []byte) (int, error) {
	_, err := io.WriteString(p.w, format.Clean(string(b)))
	return len(b), err
}
