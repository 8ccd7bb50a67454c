package explain

const envoyError = `\b(?:immediate|delayed)[ _]connect[ _]error:[ _]`

var envoyPeer = `remote[ _]address:` + theDst

// envoyDialect is Envoy, as it stands alone or in a service mesh: its debug log,
// what it answers to clients, and the details in its access log, where blanks are
// underscores (Connection::connect in source/common/network/connection_impl.cc).
var envoyDialect = dialect{
	name: "envoy",
	marks: []string{
		"connect error", "connect_error", "failed to bind to", "cannot bind '", "healthy upstream", "healthy_upstream",
	},
	read: forms(
		form(CallConnect, 0, envoyError+`(?:\d+\|)?`+theWords+`(?:\|`+envoyPeer+`)?`),
		form(CallConnect, 0, envoyError+`(?P<errno>\d+)\b(?:\|[\w .]+\|`+envoyPeer+`)?`),
		// Port 0: the address of a connection to come. The words are those of the source address.
		form(CallBind, 0, `\bfailed to bind to `+theSrc+`: `+theWords),
		form(CallListen, 0, `\bcannot bind '(?P<src>[^']+)': `+theWords),
		form(CallNone, 0, `\bno[ _]healthy[ _]upstream\b`),
	),
	own: own{takesOut: " (outlier detection or health checks)", hasErrno: " that is known"},
}
