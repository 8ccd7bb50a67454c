package explain

const httpdErrno = `\((?P<errno>\d+)\)[^:(]{1,80}: `

// httpdDialect is Apache httpd with mod_proxy. The numbers behind AH are its own
// for each place in its source (modules/proxy/proxy_util.c).
var httpdDialect = dialect{
	name:  "httpd",
	marks: []string{"ah0", "make_sock"},
	read: forms(
		form(CallConnect, 0, httpdErrno+`AH00957: \w+: attempt to connect to `+theDst+` `),
		form(CallConnect, 0, httpdErrno+`AH02454: \w+: attempt to connect to Unix domain socket (?P<dst>[\w./:-]+) `),
		form(CallBind, 0, httpdErrno+`AH00956: `),
		form(CallListen, 0, httpdErrno+`(?:AH00072: )?make_sock: could not bind to address `+theSrc),
		// What follows from the above.
		form(CallNone, 0, `AH(?:01114|01079|00940): .*(?:backend: |for \()`+thePeers),
		form(CallNone, 0, `AH00959: .*for \(`+thePeers+`\) for \d+s`),
		form(CallNone, 0, `AH01170: (?P<peers>[\w.:/-]+): All workers are in error state`),
	),
	own: own{setsSource: " (ProxySourceAddress)", takesOut: " (retry, 60 s)"},
}
