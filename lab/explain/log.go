package explain

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// What a log may cost: a line longer than longest is cut, causes and tuples
// beyond most are counted together, and of a traceback so many frames are kept.
const (
	longest    = 64 << 10
	most       = 200
	mostFrames = 8
	longFrame  = 256
)

// Group is what lines of one cause, program and tuple have in common.
type Group struct {
	Explanation
	Count       int64
	First, Last string // the times of the first and the last line, in the order of the log
}

// Log is what a log says.
type Log struct {
	Lines     int64 // all of them
	Explained int64 // those that speak of a connection or a listener that failed
	Cut       int64 // lines that were too long to be read whole
	LeftOut   int64 // lines explained whose group found no room
	groups    map[key]*Group
}

type key struct {
	cause, program, source, destination, peers string
	call                                       Call
	errno                                      int
}

// Read reads a log to its end.
func Read(in io.Reader) (*Log, error) {
	l := &Log{groups: map[key]*Group{}}
	b, err := unpacked(in)
	if err != nil {
		return l, err
	}
	var c context
	for {
		line, cut, err := readLine(b)
		if line != "" || cut || err == nil {
			l.Lines++
			if cut {
				l.Cut++
			}
			if r, ok := c.add(unwrap(line)); ok {
				l.count(r)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, err
		}
	}
	if r, ok := c.end(); ok {
		l.count(r)
	}
	return l, nil
}

// readLine reads a line and returns its beginning, and whether the rest was left
// out.
func readLine(b *bufio.Reader) (line string, cut bool, err error) {
	part, err := b.ReadSlice('\n')
	line = string(part)
	for errors.Is(err, bufio.ErrBufferFull) {
		cut = true
		_, err = b.ReadSlice('\n')
	}
	return line, cut, err
}

// context gives a record what a traceback has around it: it holds one back until
// its frames are through.
type context struct {
	held   record
	holds  bool
	before string // the last indented line
	frames int
}

// frame is one of Java, .NET or Node.js, perhaps with a time that something put
// before it.
var frame = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:\d\d)?\s*)?at \S`)

// add takes a record and returns the one that is complete by it.
func (c *context) add(r record) (done record, ok bool) {
	text := strings.TrimSpace(r.text)
	if c.holds && frame.MatchString(text) {
		if c.frames++; c.frames <= mostFrames {
			c.held.after += text[:min(len(text), longFrame)] + "\n"
		}
		return record{}, false
	}
	done, ok = c.end()
	r.before = c.before
	c.held, c.holds, c.frames, c.before = r, true, 0, ""
	if strings.HasPrefix(r.text, "    ") || strings.HasPrefix(r.text, "\t") {
		c.before = text[:min(len(text), longFrame)]
	}
	return done, ok
}

func (c *context) end() (record, bool) {
	ok := c.holds
	c.holds = false
	return c.held, ok
}

// count adds a record to its group.
func (l *Log) count(r record) {
	e, ok := explain(r)
	if !ok || e.Cause.ID == "other" {
		return // nothing failed, or not in a way that this is about
	}
	l.Explained++
	k := key{e.Cause.ID, e.Program, e.Source, e.Destination, e.Peers, e.Call, e.Errno}
	g := l.groups[k]
	if g == nil {
		if len(l.groups) == most {
			l.LeftOut++
			return
		}
		// Parts of a line keep all of it alive: a group has copies.
		for _, part := range []*string{&e.Program, &e.Source, &e.Destination, &e.Peers} {
			*part = strings.Clone(*part)
		}
		k.program, k.source, k.destination, k.peers = e.Program, e.Source, e.Destination, e.Peers
		g = &Group{Explanation: e}
		l.groups[k] = g
	}
	g.Count++
	if e.Time != "" {
		g.Last = strings.Clone(e.Time)
		g.First = cmp.Or(g.First, g.Last)
	}
}

// Groups are the groups: what is exhaustion, what may be, and what is not, each
// by count.
func (l *Log) Groups() []*Group {
	all := make([]*Group, 0, len(l.groups))
	for _, g := range l.groups {
		all = append(all, g)
	}
	rank := map[Answer]int{Yes: 0, Unknown: 1, No: 2}
	slices.SortFunc(all, func(a, b *Group) int {
		return cmp.Or(
			cmp.Compare(rank[a.Cause.Answer], rank[b.Cause.Answer]), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Cause.ID, b.Cause.ID), cmp.Compare(a.Program, b.Program),
			cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Peers, b.Peers), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Errno, b.Errno))
	})
	return all
}
