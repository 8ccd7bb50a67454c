package explain

const curlHost = `(?P<host>[\w.:%-]+) port (?P<port>\d+)`

// curlDialect is curl and libcurl. With -v it prints the errno of each address;
// error 7 alone has it in older ones only (7.88: "Couldn't connect to server").
var curlDialect = dialect{
	name:  "curl",
	marks: []string{"immediate connect fail", "connect to ", "bind failed with errno", "curl: (7)"},
	read: forms(
		form(CallConnect, 0, `\bImmediate connect fail for `+theDst+`: `+theWords),
		form(CallConnect, 0, `\bconnect to `+curlHost+`(?: from \S+ port \d+)? failed: `+theWords),
		form(CallBind, 0, `\bbind failed with errno (?P<errno>\d+): `),
		form(CallConnect, 0, `\bFailed to connect to `+curlHost+`(?: after \d+ ms)?: `+theWords),
		form(CallConnect, 0, `\bFailed to connect to `+theDst+`: `+theWords),
		form(CallConnect, 0, `\bFailed connect to `+theDst+`; `+theWords),
		form(CallConnect, 0, `\b[Ff]ailed to connect to `+curlHost+`(?: after \d+ ms)?: Could`),
		form(CallConnect, 0, `\bcurl: \(7\) `),
	),
	own: own{setsSource: " (--interface)", hasErrno: ": curl -v prints it, as \"Immediate connect fail for …\""},
}
