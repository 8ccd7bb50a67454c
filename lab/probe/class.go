package probe

// Class is what a line of a proxy's error log says.
type Class uint8

const (
	ClassNotice          Class = iota // below the level error: nothing failed
	ClassError99                      // connect() found no free source port, or no such source address
	ClassNoLiveUpstreams              // every peer was marked down before: no connect() was tried
	ClassRefused                      // errno 111
	ClassReset                        // errno 104
	ClassTimedOut                     // errno 110
	ClassPrematureClose               // the backend closed before it had answered
	ClassRequest                      // any other failure in the course of a client's connection
	ClassOwnLimit                     // the proxy ran out of connections or descriptors, with a request or without
	ClassProcess                      // no client's: a worker died, accept failed
	ClassForeign                      // not a line of the proxy's
	classCount
)

var classNames = [classCount]string{
	"notice", "error_99", "no_live_upstreams", "refused", "reset", "timed_out",
	"premature_close", "request", "own_limit", "process", "foreign",
}

// String is a name in the style of the results format.
func (c Class) String() string {
	if c < classCount {
		return classNames[c]
	}
	return "unknown"
}

// OfRequest reports whether such a line belongs to a client's request. A line
// is not a failed request: a proxy may try again, and logs each try.
func (c Class) OfRequest() bool { return ClassError99 <= c && c <= ClassRequest }

// A Log reads the lines of one kind of proxy's error log.
type Log interface {
	// Classify reads one line, without its newline.
	Classify(line []byte) Class
	// AppendMessage appends to b what a line has in common with its like: its
	// level and text without the peer.
	AppendMessage(b, line []byte) []byte
}
