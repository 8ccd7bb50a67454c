package loadgen

// chunks reads a chunked body (RFC 9112, section 7.1) from any split of its
// bytes, with extensions and trailers, keeping nothing of it.
type chunks struct {
	left   int64 // of the chunk's data; while its size is read, the size so far
	extra  int32 // bytes of the chunk's extensions, or of all trailers, so far; bounded by maxHead
	digits uint8
	state  chunkState
}

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkExt
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	trailerStart
	trailerLine
	trailerEndLF
)

// feed reads from b. It returns how many bytes belong to the body's framing
// and data, how many of those are data, whether the body ended there, and why
// it is malformed.
func (c *chunks) feed(b []byte) (n int, data int64, done bool, bad string) {
	for n < len(b) {
		ch := b[n]
		if c.state == chunkData { // in one step: data is most of a body
			k := min(c.left, int64(len(b)-n))
			n, data, c.left = n+int(k), data+k, c.left-k
			if c.left == 0 {
				c.state = chunkDataCR
			}
			continue
		}
		n++
		switch c.state {
		case chunkSize:
			v, isHex := hexDigit(ch)
			switch {
			case isHex && c.digits < 15: // 15 digits cannot overflow
				c.left, c.digits = c.left<<4|int64(v), c.digits+1
			case isHex || c.digits == 0:
				return n, data, false, "a chunk size that is not a hexadecimal number"
			case ch == '\r':
				c.state = chunkSizeLF
			case ch == '\n':
				c.startData()
			case ch == ';' || ch == ' ' || ch == '\t':
				c.state = chunkExt
			default:
				return n, data, false, "a chunk size that is not a hexadecimal number"
			}
		case chunkExt:
			if c.extra++; c.extra > maxHead {
				return n, data, false, tooLarge
			}
			if ch == '\n' {
				c.startData()
			}
		case chunkSizeLF:
			if ch != '\n' {
				return n, data, false, "a chunk size line without its end"
			}
			c.startData()
		case chunkDataCR:
			switch ch {
			case '\r':
				c.state = chunkDataLF
			case '\n':
				c.startSize()
			default:
				return n, data, false, "a chunk longer than its size"
			}
		case chunkDataLF:
			if ch != '\n' {
				return n, data, false, "a chunk longer than its size"
			}
			c.startSize()
		case trailerStart:
			switch ch {
			case '\n':
				return n, data, true, ""
			case '\r':
				c.state = trailerEndLF
			default:
				c.state = trailerLine
			}
		case trailerLine:
			if c.extra++; c.extra > maxHead {
				return n, data, false, tooLarge
			}
			if ch == '\n' {
				c.state = trailerStart
			}
		case trailerEndLF:
			if ch != '\n' {
				return n, data, false, "a trailer without its end"
			}
			return n, data, true, ""
		}
	}
	return n, data, false, ""
}

func (c *chunks) startSize() { c.state, c.left, c.digits, c.extra = chunkSize, 0, 0, 0 }

func (c *chunks) startData() {
	c.state = chunkData
	if c.left == 0 {
		c.state = trailerStart
	}
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
