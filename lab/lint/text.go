package lint

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Write writes the report for a person: the routes, then the findings, the
// worst of each line as it comes.
func (r *Report) Write(w io.Writer) error {
	b := bufio.NewWriter(w) // a table is written cell by cell
	p := &printer{w: b, to: w}
	if r.Kind == KindHAProxy {
		r.backends(p)
	} else {
		r.routes(p)
	}
	for _, f := range r.Findings {
		p.f("\n")
		r.finding(p, f)
	}
	p.f("\n%s: %s\n", r.File, r.count())
	return cmp.Or(p.err, b.Flush())
}

func (r *Report) routes(p *printer) {
	p.f("%s: %s, %s\n", r.File, format.Plural(len(r.Routes), "route"), r.about())
	if len(r.Routes) > 0 {
		p.f("\n")
		WriteRoutes(p, r.Files[0], r.Routes)
	}
}

func (r *Report) about() string {
	var parts []string
	if r.Fragment != "" {
		parts = append(parts, "a part of "+r.Fragment+"{}")
	}
	if n := len(r.Files); n > 1 {
		parts = append(parts, format.Plural(n, "file"))
	}
	release := "nginx release unknown (--nginx VERSION says it)"
	if r.Nginx != nil {
		release = "nginx " + *r.Nginx
	}
	return strings.Join(append(parts, release), ", ")
}

// WriteRoutes writes a table of routes of the configuration whose main file is
// called so.
func WriteRoutes(w io.Writer, main string, routes []Route) {
	tw := table.New(w)
	fmt.Fprintln(tw, "line\tserver\tlocation\tprotocol\tupstream\tHTTP\tConnection\tpool\tcloses first\tports")
	for _, r := range routes {
		row(tw, line(main, r.Row), r.Server, r.Location, r.Row)
		if r.Newer != nil {
			row(tw, "", "", "  from "+nginxconf.Pooling.String()+" on", *r.Newer)
		}
	}
	tw.Flush()
}

// line is where a route stands: its line in the main file, or a file and line.
func line(main string, r nginxconf.Row) string {
	if r.File == main {
		return strconv.Itoa(r.Line)
	}
	name := r.File
	if rel, err := filepath.Rel(filepath.Dir(main), name); err == nil && !strings.HasPrefix(rel, "..") {
		name = rel
	}
	return fmt.Sprintf("%s:%d", name, r.Line)
}

func row(w io.Writer, line, server, location string, r nginxconf.Row) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
		line, short(server), short(cmp.Or(location, "–")), r.Protocol, upstream(r),
		cmp.Or(r.HTTPVersion, "–"), connection(r), pool(r.Pool), r.ClosesFirst, yesNo(r.Ports))
}

// longestName is how long a name in the table may be: regular expressions are longer.
const longestName = 40

func short(s string) string {
	if r := []rune(s); len(r) > longestName {
		return string(r[:longestName-1]) + "…"
	}
	return s
}

// upstream is the group or host, with how many peers share the requests.
func upstream(r nginxconf.Row) string {
	if r.Peers == 0 {
		return short(r.Upstream) + " (unknown)"
	}
	var notes []string
	if r.Peers > 1 {
		notes = append(notes, format.Plural(r.Peers, "peer"))
	}
	if r.Destinations > 0 && r.Destinations != r.Peers {
		notes = append(notes, format.Plural(r.Destinations, "destination"))
	}
	if r.Destinations > 1 && r.HeaviestShare*float64(r.Destinations) > 1.001 {
		notes = append(notes, "heaviest "+format.Percent(r.HeaviestShare))
	}
	if notes == nil {
		return short(r.Upstream)
	}
	return short(r.Upstream) + " (" + strings.Join(notes, ", ") + ")"
}

// connection is the header that a backend gets.
func connection(r nginxconf.Row) string {
	switch r.HTTPVersion {
	case "", "2":
		return "–"
	}
	return cmp.Or(r.Connection, "not sent")
}

func pool(p nginxconf.RowPool) string {
	switch p.State {
	case nginxconf.PoolNone:
		return "none"
	case nginxconf.PoolInert:
		return fmt.Sprintf("%d, inert", p.Size)
	}
	return fmt.Sprintf("%d a worker", p.Size)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (r *Report) finding(p *printer, f Finding) {
	p.f("%s: %s: %s [%s]\n", position(f.File, f.Line, f.Column), f.Level, f.Text, f.ID)
	if f.Line > 0 {
		r.span(f).write(p, f.Line)
	}
	if f.Fix != "" {
		p.f("  fix: %s\n", f.Fix)
	}
	p.f("  see: %s\n", f.Docs)
}

func (s span) write(p *printer, line int) {
	text, mark := s.quoted()
	p.f("%5d | %s\n", line, text)
	if mark != "" {
		p.f("      | %s\n", mark)
	}
}

func position(file string, line, column int) string {
	switch {
	case line == 0:
		return file
	case column == 0:
		return fmt.Sprintf("%s:%d", file, line)
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// count sums the findings up.
func (r *Report) count() string {
	n := map[nginxconf.Level]int{}
	for _, f := range r.Findings {
		n[f.Level]++
	}
	var parts []string
	for _, l := range []nginxconf.Level{nginxconf.Error, nginxconf.Warning, nginxconf.Note} {
		if n[l] > 0 {
			parts = append(parts, format.Plural(n[l], string(l)))
		}
	}
	if len(parts) == 0 {
		return "nothing found"
	}
	return format.List(parts)
}

// Write writes the mistake for a person, with the line quoted.
func (m *Mistake) Write(w io.Writer) error {
	p := &printer{w: w}
	p.f("%s\n", m)
	if m.line != "" {
		m.span().write(p, m.Line)
	}
	return p.err
}

func (m *Mistake) span() span {
	at := min(max(m.Column-1, 0), len(m.line))
	return span{m.line, at, at + 1}
}

func (m *Mistake) String() string {
	return fmt.Sprintf("%s: %s", position(m.File, m.Line, m.Column), m.Text)
}

// printer keeps the first error of a writer.
type printer struct {
	w   io.Writer
	to  io.Writer // where w writes to in the end; nil: w itself does
	err error
}

func (p *printer) Write(b []byte) (int, error) {
	if p.err == nil {
		_, p.err = Printable(p.w).Write(b)
	}
	return len(b), p.err
}

// Unwrap is the writer that the text goes to: a table asks it for its width.
func (p *printer) Unwrap() io.Writer {
	if p.to != nil {
		return p.to
	}
	return p.w
}

func (p *printer) f(text string, args ...any) { fmt.Fprintf(p, text, args...) }
