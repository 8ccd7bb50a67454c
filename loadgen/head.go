package loadgen

import "bytes"

// maxHead bounds a response's header, and apart from it a trailer. nginx and
// Apache send at most a few KiB; curl stops at 300.
const maxHead = 256 << 10

// framing is how the end of a response's body is told (RFC 9112, section 6.3).
type framing uint8

const (
	noBody framing = iota
	fixedLength
	chunked
	untilClose
)

// head is what a response header means for the connection it came on.
type head struct {
	status  int
	framing framing
	length  int64 // of the body, if fixedLength; of a bare one what its header announces, -1 if nothing
	close   bool  // the connection ends with this response
	bare    bool  // it has no body whatever its header says
	class   []byte
	// date bounds the value of the Date header in the block (0, 0: absent),
	// the one part that differs between otherwise equal headers.
	dateFrom, dateTo int
}

// interim tells a 1xx response, which announces the final one. 101 is final:
// after it the connection no longer speaks HTTP.
func (h *head) interim() bool { return h.status < 200 && h.status != 101 }

// headEnd returns the index just past the empty line that ends a header, or -1.
// Searching starts at from: bytes before it are known not to hold the end. A
// bare LF ends a line too (RFC 9112, section 2.2).
func headEnd(b []byte, from int) int {
	for from < len(b) {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1
		}
		from += i + 1
		if from < len(b) && b[from] == '\n' {
			return from + 1
		}
		if from+1 < len(b) && b[from] == '\r' && b[from+1] == '\n' {
			return from + 2
		}
	}
	return -1
}

// couldBeHTTP tells whether b may be the beginning of a response, so that
// garbage without an empty line is refused at once and not at the timeout.
func couldBeHTTP(b []byte) bool {
	const magic = "HTTP/1."
	n := min(len(b), len(magic))
	return string(b[:n]) == magic[:n]
}

// parseHead reads a complete header block. toHEAD says the request was a HEAD,
// classHeader is the lower-case name of a header whose value is wanted. It
// returns why the block is malformed, "" if it is not; head.class points into b.
func parseHead(b []byte, toHEAD bool, classHeader string) (h head, bad string) {
	line, rest := cutLine(b)
	minor := byte(0)
	if h.status, minor, bad = parseStatusLine(line); bad != "" {
		return h, bad
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return h, "a NUL byte in the header"
	}
	var (
		length              int64 = -1
		isChunked, otherTE  bool
		saysClose, saysKeep bool
		framed              bool // the previous line decides framing: folding it is an attack
	)
	for first := true; ; first = false {
		at := len(b) - len(rest)
		if line, rest = cutLine(rest); len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' { // obs-fold
			if first || framed {
				return h, "a folded header line"
			}
			continue
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			return h, "a header line without a name"
		}
		// White space before the colon makes a request malformed, but is to be
		// taken off a response (RFC 9112, section 5.1): the field counts. Reading
		// it as a field of another name, as net/http does, would let a server
		// and a proxy see two different bodies.
		name, value := trimSpace(line[:colon]), trimSpace(line[colon+1:])
		framed = false
		switch {
		case equalFold(name, "content-length"):
			framed = true
			n, ok := parseLength(value)
			if !ok {
				return h, "a Content-Length that is not a number"
			}
			if length >= 0 && n != length {
				return h, "two different Content-Lengths"
			}
			length = n
		case equalFold(name, "transfer-encoding"):
			framed = true
			if isChunked {
				return h, "a Transfer-Encoding after chunked"
			}
			for len(value) > 0 {
				var token []byte
				token, value = cutToken(value)
				switch {
				case isChunked:
					return h, "a Transfer-Encoding after chunked"
				case equalFold(token, "chunked"):
					isChunked = true
				case len(token) > 0 && !equalFold(token, "identity"):
					otherTE = true
				}
			}
		case equalFold(name, "connection"):
			for len(value) > 0 {
				var token []byte
				token, value = cutToken(value)
				saysClose = saysClose || equalFold(token, "close")
				saysKeep = saysKeep || equalFold(token, "keep-alive")
			}
		case equalFold(name, "date"):
			h.dateFrom, h.dateTo = at+colon+1, at+len(line)
		}
		if classHeader != "" && h.class == nil && equalFold(name, classHeader) {
			h.class = value
		}
	}

	h.close = saysClose || (minor == '0' && !saysKeep)
	switch {
	case h.status == 101:
		h.framing, h.close = noBody, true
	case toHEAD || h.status < 200 || h.status == 204 || h.status == 304:
		h.framing, h.bare, h.length = noBody, true, length
	case isChunked:
		h.framing = chunked
		// Both lengths, or chunks in HTTP/1.0, are how requests get smuggled:
		// read it as RFC 9112 says, then let the connection go.
		h.close = h.close || length >= 0 || minor == '0'
	case otherTE || length < 0:
		h.framing, h.close = untilClose, true
	case length == 0:
		h.framing = noBody
	default:
		h.framing, h.length = fixedLength, length
	}
	return h, ""
}

func parseStatusLine(line []byte) (status int, minor byte, bad string) {
	// HTTP/1.1 200 OK: the reason and the space before it may be missing.
	if len(line) < len("HTTP/1.1 200") || !couldBeHTTP(line) {
		return 0, 0, "a status line that is not HTTP/1.x"
	}
	minor = line[7]
	if minor < '0' || minor > '9' || line[8] != ' ' {
		return 0, 0, "a status line that is not HTTP/1.x"
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, 0, "a status that is not a number"
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 || len(line) > 12 && line[12] != ' ' {
		return 0, 0, "a status that is not three digits from 100"
	}
	return status, minor, ""
}

func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 { // 18 digits cannot overflow
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// cutLine splits b after its first LF and strips the line's end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// cutToken splits a comma-separated list after its first element.
func cutToken(b []byte) (token, rest []byte) {
	if i := bytes.IndexByte(b, ','); i >= 0 {
		return trimSpace(b[:i]), b[i+1:]
	}
	return trimSpace(b), nil
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares with a name in lower case. bytes.EqualFold folds Unicode,
// which header names must not.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
