package caddy

import "regexp"

// looks are snippets, imports without an end, and what answers requests.
var looks = regexp.MustCompile(`(?m)^[ \t]*(\([\w-]+\)[ \t]*\{|` +
	`import[ \t]+[^;"\s]+[ \t]*$|(reverse_proxy|file_server)([ \t][^;\n]*)?$)`)

// Recognises looks for one of them.
func (Kind) Recognises(text []byte) bool { return looks.Match(text) }
