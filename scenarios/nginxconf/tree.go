package nginxconf

import (
	"fmt"
	"sort"
	"strings"
)

// A Tree is one parsed file.
type Tree struct {
	Name string // as errors and findings name it
	Text string // the file, byte for byte; offsets count from its start
	Root []*Directive

	// ByteOrderMark says that the text begins with one: nginx takes it for a
	// part of the first directive's name, and refuses the file.
	ByteOrderMark bool

	// DumpLines are the lines before this file in the output of nginx -T that it
	// was cut out of; 0 otherwise. Lines and offsets are those of the file.
	DumpLines int

	// Packaged says that the file is not there, and the text is the one that
	// packages of nginx bring.
	Packaged bool

	packagedFor *Directive // the include that it stands in for

	lines        []int // offsets at which lines begin
	longComments []int // offsets of those that nginx refuses
}

// A Directive is a name, its arguments and perhaps a block.
type Directive struct {
	Words []Word // the name, then the arguments
	Tree  *Tree

	// Start and End are byte offsets, from the name to the semicolon or the
	// closing brace, both included. Open is the offset just behind the opening
	// brace and Close that of the closing one; both are 0 without a block.
	Start, End  int
	Open, Close int

	// Block holds the directives in the block. Where Kind is Data they are the
	// entries of a map, geo, types or the like, whose first word is a key and no
	// directive's name; where it is Lua there are none.
	Block []*Directive
	Kind  BlockKind

	Line int // of the name, from 1

	// Included are the files that an include directive brought in, in order.
	// Only Load fills it in.
	Included []*Tree
}

// BlockKind says what is between a directive's braces.
type BlockKind uint8

// The kinds of block.
const (
	NoBlock BlockKind = iota
	Directives
	Data
	Lua
)

// A Word is a name or an argument.
type Word struct {
	Text       string // as nginx reads it, without quotes
	Start, End int    // byte offsets, quotes included
	Quoted     bool
}

// Name is the first word.
func (d *Directive) Name() string { return d.Words[0].Text }

// Arg is the i-th argument from 1, or "" when there are fewer.
func (d *Directive) Arg(i int) string {
	if i < len(d.Words) {
		return d.Words[i].Text
	}
	return ""
}

// Args are the words behind the name.
func (d *Directive) Args() []Word { return d.Words[1:] }

// HasBlock says whether the directive has braces rather than a semicolon.
func (d *Directive) HasBlock() bool { return d.Kind != NoBlock }

// Column is the column of the name, in bytes from 1.
func (d *Directive) Column() int {
	_, column := d.Tree.Position(d.Start)
	return column
}

// Pos is file:line of the directive, as text for people.
func (d *Directive) Pos() string { return fmt.Sprintf("%s:%d", d.Tree.Name, d.Line) }

// Source is the directive as it was written, on one line, without a block and
// without the semicolon.
func (d *Directive) Source() string {
	end := d.End - 1
	if d.HasBlock() {
		end = d.Open - 1
	}
	return strings.Join(strings.Fields(d.Tree.Text[d.Start:end]), " ")
}

// Position gives the line and the column, in bytes, both from 1, of a byte
// offset.
func (t *Tree) Position(offset int) (line, column int) {
	n := sort.SearchInts(t.lines, offset+1) - 1
	return n + 1, offset - t.lines[n] + 1
}

// LineText is the text of a line, without its end. It is "" for a line that is
// not there.
func (t *Tree) LineText(line int) string {
	if line < 1 || line > len(t.lines) {
		return ""
	}
	text, _, _ := strings.Cut(t.Text[t.lines[line-1]:], "\n")
	return strings.TrimSuffix(text, "\r")
}

// A SyntaxError is a mistake that nginx would refuse the file for.
type SyntaxError struct {
	File         string
	Line, Column int // from 1; the column in bytes
	Offset       int // in bytes from the start of the file
	Msg          string
	Want         string // what was expected, or ""
	Hint         string // what to do, or ""
}

func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
	if e.Want != "" {
		text += ", expected " + e.Want
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}
