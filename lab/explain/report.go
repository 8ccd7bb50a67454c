package explain

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
)

// Schema names the form of the JSON.
const Schema = "lab99/explain/v1"

// One screen: so many groups, causes and steps of a log are told in text.
const (
	mostRows   = 8
	mostCauses = 3
	mostSteps  = 5
)

type document struct {
	Schema    string      `json:"schema"`
	Lines     int64       `json:"lines"`
	Explained int64       `json:"explained"`
	Cut       int64       `json:"cut"`
	LeftOut   int64       `json:"left_out"`
	Groups    []groupJSON `json:"groups"`
}

type groupJSON struct {
	Exhaustion  Answer  `json:"exhaustion"`
	Cause       string  `json:"cause"`
	Title       string  `json:"title"`
	Program     *string `json:"program"`
	Call        *Call   `json:"call"`
	Errno       *int    `json:"errno"`
	ErrnoName   *string `json:"errno_name"`
	Source      *string `json:"source"`
	Destination *string `json:"destination"`
	Peers       *string `json:"peers"`
	Count       int64   `json:"count"`
	First       *string `json:"first"`
	Last        *string `json:"last"`
	Why         string  `json:"why"`
	Next        []Step  `json:"next"`
}

// known is nil for what is not known.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// WriteJSON writes the log as lab99/explain/v1.
func (l *Log) WriteJSON(w io.Writer) error {
	doc := document{
		Schema:    Schema,
		Lines:     l.Lines,
		Explained: l.Explained,
		Cut:       l.Cut,
		LeftOut:   l.LeftOut,
		Groups:    []groupJSON{},
	}
	for _, g := range l.Groups() {
		next := g.Next()
		if next == nil {
			next = []Step{}
		}
		doc.Groups = append(doc.Groups, groupJSON{
			Exhaustion:  g.Cause.Answer,
			Cause:       g.Cause.ID,
			Title:       g.Cause.Title,
			Program:     known(g.Program),
			Call:        known(g.Call),
			Errno:       known(g.Errno),
			ErrnoName:   known(errnoNames[g.Errno]),
			Source:      known(g.Source),
			Destination: known(g.Destination),
			Peers:       known(g.Peers),
			Count:       g.Count,
			First:       known(g.First),
			Last:        known(g.Last),
			Why:         sentence(g.Why()),
			Next:        next,
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// Write writes the log for a person: one line's meaning, or a table of all and
// the meaning of the foremost.
func (l *Log) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	groups := l.Groups()
	switch {
	case len(groups) == 0:
		l.nothing(b)
	case l.Explained == 1:
		if l.Lines > 1 {
			fmt.Fprintf(b, "One of %s speaks of a connection or a listener that failed.\n\n",
				format.Plural(l.Lines, "line"))
		}
		one(b, groups[0])
	default:
		l.table(b, w, groups)
		l.causes(b, groups)
	}
	if l.Cut > 0 {
		fmt.Fprintf(b, "\n%s longer than %d KiB: only the beginning was read.\n",
			format.Plural(l.Cut, "line"), longest>>10)
	}
	return b.Flush()
}

func (l *Log) nothing(w io.Writer) {
	if l.Lines > 1 {
		fmt.Fprintf(w, "None of the %s speaks of a connection or a listener that failed.\n",
			format.Plural(l.Lines, "line"))
	} else {
		fmt.Fprintln(w, "The line does not speak of a connection or a listener that failed, as far as is known here.")
	}
	wrap(w, "Known are the lines of "+format.List(Dialects())+", and the words of errno 98 and 99 in any other.")
}

// one tells of one line.
func one(w io.Writer, g *Group) {
	fmt.Fprintf(w, "Port exhaustion: %s.\n", g.Cause.Answer.Words())
	fmt.Fprintf(w, "  %s.\n", what(g.Reading))
	if g.Time != "" {
		fmt.Fprintf(w, "  at %s\n", g.Time)
	}
	fmt.Fprintln(w)
	wrap(w, sentence(g.Why()))
	steps(w, g.Next())
}

// what a reading says, in a line.
func what(r Reading) string {
	var s strings.Builder
	s.WriteString(cmp.Or(r.Program, "a program that is not known"))
	s.WriteString(": ")
	switch r.Call {
	case CallNone:
		s.WriteString("no connection was tried")
	case CallUnknown:
		s.WriteString("a call failed")
	case CallSocket:
		s.WriteString("a call that needs a descriptor failed")
	case CallOther:
		s.WriteString("a connection failed that was up")
	case CallListen:
		s.WriteString("listening")
	default:
		s.WriteString(string(r.Call) + "()")
	}
	if r.Source != "" {
		from := " from "
		if r.Call == CallListen {
			from = " on "
		}
		s.WriteString(from + r.Source)
	}
	if r.Destination != "" {
		s.WriteString(" to " + r.Destination)
	} else if r.Peers != "" {
		s.WriteString(" for " + r.Peers)
	}
	switch r.Call {
	case CallConnect, CallBind, CallListen:
		s.WriteString(" failed")
	}
	if r.Errno != 0 {
		fmt.Fprintf(&s, " with errno %d", r.Errno)
		if name := errnoNames[r.Errno]; name != "" {
			s.WriteString(", " + name)
		}
	}
	return s.String()
}

func (l *Log) table(b, w io.Writer, groups []*Group) {
	fmt.Fprintf(b, "%s of %s speak of a connection or a listener that failed.\n\n",
		format.Grouped(l.Explained), format.Plural(l.Lines, "line"))
	tw := table.New(folding{b, w})
	fmt.Fprintln(tw, "exhaustion\tlines\tprogram\tcause\twhere\tfirst\tlast")
	for _, g := range groups[:min(len(groups), mostRows)] {
		answer := string(g.Cause.Answer)
		place := cmp.Or(g.Destination, g.Peers, g.Source, "–")
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			answer, format.Grouped(g.Count), cmp.Or(g.Program, "–"), g.Cause.ID, place,
			cmp.Or(g.First, "–"), cmp.Or(g.Last, "–"))
	}
	tw.Flush()
	if n := len(groups) - mostRows; n > 0 {
		var lines int64
		for _, g := range groups[mostRows:] {
			lines += g.Count
		}
		fmt.Fprintf(b, "and %d more with %s; --json has them\n", n, format.Plural(lines, "line"))
	}
	if l.LeftOut > 0 {
		fmt.Fprintf(b, "%s belong to none of the first %d causes and places, and are not told apart\n",
			format.Plural(l.LeftOut, "more line"), most)
	}
}

// folding writes to a buffer, as wide as the terminal behind it.
type folding struct {
	io.Writer
	to io.Writer
}

func (f folding) Unwrap() io.Writer { return f.to }

// causes tells the foremost causes, each of its largest group, and then once what to
// do next.
func (l *Log) causes(w io.Writer, groups []*Group) {
	told := map[string]bool{}
	var next []Step
	for _, g := range groups {
		if told[g.Cause.ID] || len(told) == mostCauses {
			continue
		}
		told[g.Cause.ID] = true
		fmt.Fprintln(w)
		wrap(w, fmt.Sprintf("%s (exhaustion: %s): %s", g.Cause.ID, g.Cause.Answer, g.Why()))
		for _, s := range g.Next() {
			if s != wholeLog && s != linesAround && !slices.Contains(next, s) && len(next) < mostSteps {
				next = append(next, s)
			}
		}
	}
	steps(w, next)
}

func steps(w io.Writer, all []Step) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNext, on that host and in the network namespace of the program:")
	for _, s := range all {
		if s.Command == "" {
			fmt.Fprintf(w, "  %s\n", s.Text)
			continue
		}
		fmt.Fprintf(w, "  %s\n      %s\n", s.Command, s.Text)
	}
}

// sentence begins with a capital, but for the name of a call, such as bind().
func sentence(s string) string {
	if word, _, _ := strings.Cut(s, " "); s == "" || strings.Contains(word, "(") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// wide is where text is broken, so that it reads well in a terminal and in a
// ticket.
const wide = 100

func wrap(w io.Writer, text string) {
	n := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && n+1+len(word) > wide:
			fmt.Fprintln(w)
			n = 0
		case i > 0:
			fmt.Fprint(w, " ")
			n++
		}
		fmt.Fprint(w, word)
		n += len(word)
	}
	fmt.Fprintln(w)
}
