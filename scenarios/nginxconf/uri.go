package nginxconf

import "strings"

// normalise gives the path that locations are compared with, and the query:
// without a fragment, decoded, without "." and "..", and with single slashes. It
// is false for a path that nginx answers with 400.
func normalise(raw string) (path, args string, ok bool) {
	raw, _, _ = strings.Cut(raw, "#")
	raw, args, _ = strings.Cut(raw, "?")
	if !strings.HasPrefix(raw, "/") {
		return "", "", false
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			if i+2 >= len(raw) {
				return "", "", false
			}
			hi, lo := unhex(raw[i+1]), unhex(raw[i+2])
			if hi < 0 || lo < 0 || hi+lo == 0 {
				return "", "", false
			}
			c = byte(hi<<4 | lo)
			i += 2
		}
		b.WriteByte(c)
	}
	var kept []string
	pieces := strings.Split(b.String()[1:], "/")
	for i, p := range pieces {
		last := i == len(pieces)-1
		switch {
		case p == ".." && len(kept) == 0:
			return "", "", false
		case p == "..":
			kept = kept[:len(kept)-1]
		case p != "" && p != ".":
			kept = append(kept, p)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), args, true
}

func unhex(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
