package httpd

import "regexp"

// looks are sections and directives that only Apache has.
var looks = regexp.MustCompile(`(?mi)^[ \t]*(<(VirtualHost|Location|LocationMatch|Directory|IfModule|Proxy)[ \t>]|` +
	`(LoadModule|ServerRoot|ProxyPass|ProxyPassMatch|BalancerMember)[ \t])`)

// Recognises looks for one of them.
func (Reverse) Recognises(text []byte) bool { return looks.Match(text) }
