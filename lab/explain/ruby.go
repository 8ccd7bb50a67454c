package explain

// rubyDialect: Ruby puts the call behind the words.
var rubyDialect = dialect{name: "Ruby", marks: []string{"(2)", "user specified timeout"}, words: true, read: forms(
	form(CallConnect, 0, theWords+` - (?:connect\(2\)|user specified timeout) for `+
		`"?(?P<host>[\w.:%-]+)"? port (?P<port>\d+)`),
	form(CallConnect, 0, theWords+` - connect\(2\)(?: for (?P<dst>[\w.:\[\]/%-]+))?`),
	form(CallListen, 0, theWords+` - bind\(2\)(?: for "?(?P<src>[\w.:\[\]/%-]+)"?)?`),
)}
