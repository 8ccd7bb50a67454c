package ability

// stepWidth: no law was measured with it set, and it is off by default. So a
// kernel that has it is as usual as one that has not.
var stepWidth = Ability{
	ID:        "port_step_width",
	Name:      "net.ipv4.ip_local_port_step_width can scatter the ports that connect() tries",
	Tried:     "looks for the sysctl, which is off by default",
	Otherwise: "the laws then hold as they are while it is 0; another value changes the order in which ports are tried",
	is:        func(f Found) *bool { return f.PortStepWidth }, usual: false,
}
