package varnish

import "regexp"

// looks are what a VCL begins with, and the subroutines that Varnish calls.
var looks = regexp.MustCompile(`(?m)^[ \t]*(vcl[ \t]+4\.[01][ \t]*;|sub[ \t]+vcl_\w|backend[ \t]+\w+[ \t]*(\{|none;))`)

// Recognises looks for one of them.
func (Kind) Recognises(text []byte) bool { return looks.Match(text) }
