package explain

// Programs in C that print strerror() behind words of their own.

var lighttpdDialect = dialect{
	name:  "lighttpd",
	marks: []string{"establishing connection failed"},
	words: true,
	read: forms(
		form(CallConnect, 0, `\bestablishing connection failed: `+
			`(?:socket: )?(?:tcp:)?(?P<dst>(?:unix:)?[\w.:\[\]/%-]+): `+theWords),
	),
}

var hitchDialect = dialect{name: "hitch", marks: []string{"{backend-connect}"}, words: true, read: forms(
	form(CallConnect, 0, `\{backend-connect\}: `+theWords),
)}

var wgetDialect = dialect{name: "wget", marks: []string{"connecting to "}, words: true, read: forms(
	form(CallConnect, 0, `\bConnecting to (?:[\w.-]+ \([\w.-]+\)\|)?`+
		theDst+`\|?(?::(?P<port>\d+))?\.\.\. failed: `+theWords),
)}

var postgresDialect = dialect{
	name:  "libpq",
	marks: []string{"connection to server ", "could not connect to server: "},
	words: true,
	read: forms(
		form(CallConnect, 0, `\bconnection to server at "(?P<host>[\d.]+|[\da-fA-F.:]*:[\w.:%]*)", `+
			`port (?P<port>\d+) failed: `+theWords),
		form(CallConnect, 0, `\bconnection to server at "[^"]*"(?: \((?P<host>[\w.:%-]+)\))?, `+
			`port (?P<port>\d+) failed: `+theWords),
		// before 14; its second line has the host
		form(CallConnect, 0, `\bcould not connect to server: `+theWords),
		form(CallConnect, 0, `\bconnection to server on socket "(?P<dst>/[^"]+)" failed: `+theWords),
	),
}

// mysqlDialect prints a number only: "Can't connect to MySQL server on '10.0.0.5:3306' (99)".
var mysqlDialect = dialect{name: "mysql", marks: []string{"can't connect to "}, read: forms(
	form(CallConnect, 0, `\bCan't connect to (?:MySQL )?server on '(?P<dst>[^']+)' \((?P<errno>\d+)\b`),
	form(CallConnect, 0, `\bCan't connect to (?:MySQL )?server on '(?P<dst>[^']+)' \((?:\[Errno \d+\] )?`+theWords),
)}
