package doctor

// Seen is what a process found in namespaces made for it. An empty
// error means that it worked.
type Seen struct {
	Link       string            `json:"link"`    // error of bringing lo up
	Veth       string            `json:"veth"`    // of making a bridge and a veth pair
	Mount      string            `json:"mount"`   // of a tmpfs
	Sysctl     string            `json:"sysctl"`  // of setting the port range
	Dump       string            `json:"dump"`    // of listing sockets by sock_diag
	Destroy    string            `json:"destroy"` // of SOCK_DESTROY
	Tracked    *bool             `json:"tracked"` // whether conntrack counted a connection; nil: unknown
	Sysctls    map[string]string `json:"sysctls"` // of a namespace nobody has configured
	UsablePort int               `json:"usable_ports"`
}
