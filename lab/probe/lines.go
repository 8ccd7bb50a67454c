package probe

import "github.com/lab99/lab99/results"

// Bounds of Lines.
const (
	maxMessages = 100 // kinds of message told apart
	maxMessage  = 400 // bytes of a kind of message kept
)

// moreMessages counts the lines of kinds beyond maxMessages.
const moreMessages = "(further kinds of message)"

// Lines counts the lines of a proxy's error log by what they say. Not for concurrent use.
type Lines struct {
	log       Log
	perClass  int
	scratch   []byte
	counts    [classCount]int64
	kept      [classCount]int
	first     [classCount]string
	firstLine [classCount]string
	byMessage map[string]*int64
	excerpt   []string
}

// NewLines keeps the first excerpt lines of each class as they are.
func NewLines(log Log, excerpt int) Lines {
	return Lines{log: log, perClass: excerpt, byMessage: map[string]*int64{}}
}

// Add takes a line without its newline.
func (l *Lines) Add(b []byte) {
	if len(b) == 0 {
		return
	}
	class := l.log.Classify(b)
	l.counts[class]++
	if l.kept[class] < l.perClass {
		l.kept[class]++
		l.excerpt = append(l.excerpt, string(b))
	}
	l.scratch = l.log.AppendMessage(l.scratch[:0], b)
	if l.counts[class] == 1 {
		l.first[class], l.firstLine[class] = string(l.scratch), string(b)
	}
	key := l.scratch[:min(len(l.scratch), maxMessage)]
	n := l.byMessage[string(key)]
	if n == nil {
		name := string(key)
		if len(l.byMessage) >= maxMessages {
			name = moreMessages
		}
		if n = l.byMessage[name]; n == nil {
			n = new(int64)
			l.byMessage[name] = n
		}
	}
	*n++
}

// Totals counts the lines that belong to clients' requests, at the level error
// or above, by cause. With several peers a proxy may log one line for each. A
// line about a limit of the proxy's own counts with them: it fails a request, or
// keeps one from being accepted.
func (l *Lines) Totals() results.Errors {
	e := results.Errors{Error99: l.counts[ClassError99], NoLiveUpstreams: l.counts[ClassNoLiveUpstreams]}
	for c := Class(0); c < classCount; c++ {
		if c.OfRequest() || c == ClassOwnLimit {
			e.Other += l.counts[c]
		}
	}
	e.Other -= e.Error99 + e.NoLiveUpstreams
	return e
}

// Count is the number of lines of one class.
func (l *Lines) Count(c Class) int64 { return l.counts[c] }

// First is the first line of a class, without what tells one such line from
// another; "" if there was none.
func (l *Lines) First(c Class) string { return l.first[c] }

// FirstLine is the same as it stands in the log.
func (l *Lines) FirstLine(c Class) string { return l.firstLine[c] }

// ByMessage counts every line by level and text, peers and clients left out,
// so that nothing the proxy said is hidden. At most 100 kinds are told apart.
func (l *Lines) ByMessage() map[string]int64 {
	m := make(map[string]int64, len(l.byMessage))
	for k, n := range l.byMessage {
		m[k] = *n
	}
	return m
}

// Excerpt is the first lines of each class, in the order of the file.
func (l *Lines) Excerpt() []string { return append([]string(nil), l.excerpt...) }
