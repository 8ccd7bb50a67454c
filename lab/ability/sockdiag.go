package ability

var inetDiag = Ability{
	ID:        "inet_diag",
	Name:      "sock_diag lists TCP sockets (INET_DIAG)",
	Tried:     "lists the TIME_WAITs made for it",
	Otherwise: "the lab then cannot count sockets, and does not run",
	is:        func(f Found) *bool { return f.InetDiag }, usual: true,
}

var sockDestroy = Ability{
	ID:        "sock_destroy",
	Name:      "sock_diag ends a connection (SOCK_DESTROY)",
	Tried:     "ends one made for it",
	Otherwise: "nothing then changes: no part of lab99 needs it",
	is:        func(f Found) *bool { return f.SockDestroy }, usual: true,
}
