package results

import "github.com/lab99/lab99/lab/ability"

// Env is where a run happened. Everything about a namespace was read from
// inside it, never assumed from what was asked.
type Env struct {
	Tool       string `json:"tool"`     // version of lab99
	Revision   string `json:"revision"` // VCS revision it was built from
	StartedUTC string `json:"started_utc"`
	Driver     string `json:"driver"`
	DriverWhy  string `json:"driver_why,omitempty"`
	Engine     string `json:"engine,omitempty"` // name and version of the container engine
	Kernel     string `json:"kernel"`
	Arch       string `json:"arch"`
	CPUs       int    `json:"cpus"`
	MemoryMiB  int    `json:"memory_mib,omitempty"`
	// Abilities are what the kernel can do, found by trying; nil in runs of an
	// older lab99.
	Abilities *ability.Found `json:"abilities,omitempty"`
	Images    []Image        `json:"images"`
	Variants  []VariantEnv   `json:"variants"`
}

// Image is a server image as asked and as used.
type Image struct {
	Role      string `json:"role"`      // proxy or backend
	Requested string `json:"requested"` // as the scenario names it
	Used      string `json:"used"`
	ID        string `json:"id"`     // a digest: the engine's image ID, or that of the unpacked files
	Source    string `json:"source"` // present, pulled, assembled or installed
	Version   string `json:"version"`
}

// VariantEnv is what was read back for one variant.
type VariantEnv struct {
	Name  string             `json:"name"`
	Hosts map[string]HostEnv `json:"hosts"` // load, proxy, backend
}

// HostEnv is one host of the lab seen from inside.
type HostEnv struct {
	Sysctls     map[string]string `json:"sysctls"`          // absent keys do not exist on this kernel
	UsablePorts int               `json:"usable_ports"`     // the range, less reserved, less bound
	NoFile      uint64            `json:"nofile,omitempty"` // the server's own limit of open files
	Version     string            `json:"version,omitempty"`
	MPM         string            `json:"mpm,omitempty"`
	Build       string            `json:"build,omitempty"` // nginx -V, httpd -V
}
