package squid

import "regexp"

// looks are directives that only Squid has.
var looks = regexp.MustCompile(`(?m)^[ \t]*(http_port|cache_peer|http_access|never_direct)[ \t]`)

// Recognises looks for one of them.
func (Kind) Recognises(text []byte) bool { return looks.Match(text) }
