package nginx

import "regexp"

// looks are blocks and passes that only nginx has.
var looks = regexp.MustCompile(`(?m)^[ \t]*((events|http|server)[ \t]*\{|` +
	`(location|upstream)[ \t][^\n]*\{|proxy_pass[ \t]+[^;\n]+;)`)

// Recognises looks for one of them.
func (Kind) Recognises(text []byte) bool { return looks.Match(text) }
