package loadgen

import "bytes"

// named says of bytes that are no HTTP/1.x what they are, where that can be told
// from the first of them; why is what the parser has to say.
func named(why string, b []byte) string {
	if why != notHTTP {
		return why
	}
	switch {
	case isSettings(b):
		return "an HTTP/2 SETTINGS frame: the target speaks HTTP/2 here, this generator HTTP/1.1 only"
	case bytes.HasPrefix(b, []byte("PRI * HTTP/2")):
		return "an HTTP/2 connection preface: the target speaks HTTP/2 here, this generator HTTP/1.1 only"
	case bytes.HasPrefix(b, []byte("HTTP/")):
		return "a response of another HTTP version than 1.x"
	case len(b) > 2 && b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4:
		return "a TLS record: the target speaks TLS here, so the URL begins with https"
	}
	return why
}

// isSettings tells a frame that every HTTP/2 server begins with (RFC 9113,
// sections 3.4, 4.1 and 6.5): of type 4, on stream 0, of whole six-byte settings.
func isSettings(b []byte) bool {
	const header = 9
	if len(b) < header {
		return false
	}
	length := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	return b[3] == 4 && length%6 == 0 && bytes.Equal(b[5:header], []byte{0, 0, 0, 0})
}
