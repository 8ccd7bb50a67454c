package explain

// phpDialect is PHP's streams, Predis and PDO, none of which binds first.
var phpDialect = dialect{
	name:  "PHP",
	marks: []string{"unable to connect", "tcp://", "sqlstate", "hy000/2002", "redisexception"},
	words: true,
	read: forms(
		form(CallConnect, 0, `\b(?:stream_socket_client|p?fsockopen)\(\).{0,32}: `+
			`[Uu]nable to connect to (?P<dst>[\w.:/\[\]-]+) \(`+theWords+`\)`),
		form(CallConnect, 0, `\bConnectionException\b.*: `+theWords+` \[(?P<dst>tcp://[\w.:\[\]-]+)\]`),
		form(CallConnect, 0, theWords+` \[(?P<dst>tcp://[\w.:\[\]-]+)\].*\bConnectionException\b`),
		form(CallConnect, 0, `\bSQLSTATE\[(?:HY000|08006)\] \[2002\] `+theWords),
		form(CallConnect, 0, `\bmysqli\S*\(\): \(HY000/2002\): `+theWords),
		form(CallConnect, 0, `\bRedisException: `+theWords),
	),
}
