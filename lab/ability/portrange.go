package ability

var portRange = Ability{
	ID:        "local_port_range",
	Name:      "a socket may have a port range of its own (IP_LOCAL_PORT_RANGE)",
	Tried:     "sets the socket option",
	Otherwise: "nothing then changes: a stock proxy does not set it",
	is:        func(f Found) *bool { return f.LocalPortRange }, usual: true,
}

// portRangeStep: since 6.8 (207184853dbd) __inet_hash_connect() of
// net/ipv4/inet_hashtables.c goes through the ports of such a socket one by one.
// Stable 6.1 has the option and not that change.
var portRangeStep = Ability{
	ID:        "local_port_range_removes_step",
	Name:      "IP_LOCAL_PORT_RANGE removes the step at half the range",
	Tried:     "connects sixteen sockets that have the option, and looks whether they get ports of both parities",
	Otherwise: "a run that collapses then does not say that a program with the option is spared that",
	is:        func(f Found) *bool { return f.LocalPortRangeRemovesStep }, usual: true,
}
