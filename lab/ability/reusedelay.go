package ability

var reuseDelay = Ability{
	ID:        "tw_reuse_delay",
	Name:      "net.ipv4.tcp_tw_reuse_delay sets how old a TIME_WAIT must be for tcp_tw_reuse",
	Tried:     "looks for the sysctl",
	Otherwise: "the laws then take the delay to be a second, and a variant that sets another cannot run",
	is:        func(f Found) *bool { return f.TwReuseDelay }, usual: true,
}
