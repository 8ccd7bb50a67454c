package explain

// httpdDialect is Apache httpd with mod_proxy. The numbers behind AH are its own
// for each place in its source (modules/proxy/proxy_util.c).
var httpdDialect = dialect{name: "httpd", marks: []string{"ah0", "make_sock"}, read: forms(
	form(CallConnect, 0, `\((?P<errno>\d+)\)[^:(]{1,80}: AH00957: \w+: attempt to connect to (?P<dst>`+target+`) `),
	form(CallConnect, 0, `\((?P<errno>\d+)\)[^:(]{1,80}: AH02454: \w+: attempt to connect to Unix domain socket (?P<dst>[\w./:-]+) `),
	form(CallBind, 0, `\((?P<errno>\d+)\)[^:(]{1,80}: AH00956: `),
	form(CallListen, 0, `\((?P<errno>\d+)\)[^:(]{1,80}: (?:AH00072: )?make_sock: could not bind to address (?P<src>`+target+`)`),
	// What follows from the above.
	form(CallNone, 0, `AH(?:01114|01079|00940): .*(?:backend: |for \()(?P<peers>`+target+`)`),
	form(CallNone, 0, `AH00959: .*for \((?P<peers>`+target+`)\) for \d+s`),
	form(CallNone, 0, `AH01170: (?P<peers>[\w.:/-]+): All workers are in error state`),
)}
