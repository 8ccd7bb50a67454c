package loadgen

import "bytes"

// tooLarge is the one malformation with a cause of its own, CauseHeaderSize.
const tooLarge = "a header too large"

// notHTTP is said of bytes that may be of another protocol; see named.
const notHTTP = "a response that does not begin with HTTP/1."

// parser is what the replies of one loop share: the request's kind, the hook
// that names causes, and the memory of the last headers seen.
type parser struct {
	toHEAD      bool
	classHeader string // lower case
	// classify names the cause of a final response that is neither 2xx nor 3xx.
	classify func(status int, class []byte) causeID
	// memo holds the last successful and the last failed header. Replies of
	// one kind mostly differ in their Date alone, so comparing is enough.
	memo [2]memo
	tail [][]byte // buffers for incomplete headers, reused
}

type memo struct {
	block  []byte
	toHEAD bool
	head   head
	cause  causeID
}

// reply is the reading of one response, from any split of its bytes.
type reply struct {
	stage  stage
	close  bool
	bare   bool // it has no body whatever its header says: to HEAD, 204, 304
	status int32
	cause  causeID // causeNone: 2xx or 3xx
	left   int64   // of a fixed-length body; of a response that is bare: see head.length
	chunks chunks
	body   int64 // bytes of body so far, framing not counted
	tail   []byte
	inter  int32 // interim responses
}

type stage uint8

const (
	readHead stage = iota
	readFixed
	readChunks
	readUntilClose
	complete
)

// reset makes r ready for the next response.
func (r *reply) reset() {
	*r = reply{}
}

// feed reads from b and returns how many bytes belong to this response; fewer
// than len(b) only when it is complete or malformed. bad says why it is
// malformed.
func (r *reply) feed(p *parser, b []byte) (n int, bad string) {
	for {
		switch r.stage {
		case readHead:
			k, bad := r.feedHead(p, b[n:])
			if n += k; bad != "" || r.stage == readHead && n == len(b) {
				return n, bad
			}
		case readFixed:
			k := min(r.left, int64(len(b)-n))
			n, r.left, r.body = n+int(k), r.left-k, r.body+k
			if r.left > 0 {
				return n, ""
			}
			r.stage = complete
		case readChunks:
			k, data, done, bad := r.chunks.feed(b[n:])
			n, r.body = n+k, r.body+data
			if !done {
				return n, bad
			}
			r.stage = complete
		case readUntilClose:
			r.body += int64(len(b) - n)
			return len(b), ""
		case complete:
			return n, ""
		}
	}
}

// feedHead reads the header, keeping the bytes of an incomplete one.
func (r *reply) feedHead(p *parser, b []byte) (n int, bad string) {
	if len(r.tail) == 0 && r.recall(p, b) {
		return len(p.memo[boolIndex(r.cause != causeNone)].block), ""
	}
	block, old := b, len(r.tail)
	if old > 0 {
		r.tail = append(r.tail, b...)
		block = r.tail
	}
	end := headEnd(block, max(0, old-2)) // the empty line may have begun in the tail
	switch {
	case !couldBeHTTP(block):
		return 0, notHTTP
	case end < 0 && len(block) > maxHead || end > maxHead:
		return 0, tooLarge
	case end < 0:
		if old == 0 {
			r.tail = append(p.buffer(), b...)
		}
		return len(b), ""
	}
	h, bad := parseHead(block[:end], p.toHEAD, p.classHeader)
	if bad != "" {
		return 0, bad
	}
	n = end - old
	if h.interim() {
		r.inter++
	} else {
		r.begin(&h, causeNone)
		if h.status < 200 || h.status >= 400 {
			r.cause = p.classify(h.status, h.class)
		}
		p.remember(block[:end], &h, r.cause)
	}
	if r.tail != nil {
		p.tail = append(p.tail, r.tail[:0])
		r.tail = nil
	}
	return n, ""
}

// begin turns to the body.
func (r *reply) begin(h *head, cause causeID) {
	r.status, r.close, r.bare, r.cause = int32(h.status), h.close, h.bare, cause
	switch h.framing {
	case noBody:
		r.stage, r.left = complete, h.length
	case fixedLength:
		r.stage, r.left = readFixed, h.length
	case chunked:
		r.stage = readChunks
	case untilClose:
		r.stage = readUntilClose
	}
}

// recall reads the header by comparing it with the last one of its kind.
func (r *reply) recall(p *parser, b []byte) bool {
	if len(b) < 10 {
		return false
	}
	m := &p.memo[boolIndex(b[9] > '3')]
	n, from, to := len(m.block), m.head.dateFrom, m.head.dateTo
	if n == 0 || len(b) < n || m.toHEAD != p.toHEAD ||
		!bytes.Equal(b[:from], m.block[:from]) || !bytes.Equal(b[to:n], m.block[to:]) ||
		bytes.IndexByte(b[from:to], '\n') >= 0 || bytes.IndexByte(b[from:to], 0) >= 0 {
		return false
	}
	r.begin(&m.head, m.cause)
	return true
}

// remember keeps a final header for recall. Its place in the memory is told by
// its first status digit, because recall has nothing else to choose by.
func (p *parser) remember(block []byte, h *head, cause causeID) {
	if len(block) > 2048 || (h.status >= 400) != (cause != causeNone) {
		return
	}
	m := &p.memo[boolIndex(h.status >= 400)]
	m.block = append(m.block[:0], block...)
	m.head, m.cause, m.toHEAD = *h, cause, p.toHEAD
	m.head.class = nil
}

func (p *parser) buffer() []byte {
	if n := len(p.tail); n > 0 {
		b := p.tail[n-1]
		p.tail = p.tail[:n-1]
		return b
	}
	return make([]byte, 0, 4096)
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

// eof reads the end of the stream. It returns the cause of failure if the
// response is not complete by it.
func (r *reply) eof(got bool) causeID {
	switch {
	case r.stage == readUntilClose:
		r.stage = complete
		return causeNone
	case r.stage != readHead:
		return causeShortBody
	case got:
		return causeShortHeader
	}
	return causeEmptyReply
}
