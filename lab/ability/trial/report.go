package trial

import (
	"encoding/json"
	"maps"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
)

// Schema is the version of Report as JSON.
const Schema = "lab99/abilities/v1"

// Report is what `lab99 abilities --json` prints.
type Report struct {
	Schema    string            `json:"schema"`
	Kernel    string            `json:"kernel"`
	Abilities ability.Found     `json:"abilities"` // what is not known is beside
	Unknown   map[string]string `json:"unknown"`
}

// NewReport reports what was found on a kernel.
func NewReport(kernel string, found ability.Found) Report {
	r := Report{Schema, kernel, found, map[string]string{}}
	for id, why := range found.Unknown {
		r.Unknown[id] = format.OneLine(why)
	}
	r.Abilities.Unknown = nil
	return r
}

// Found is what was found, with what was not.
func (r Report) Found() ability.Found {
	f := r.Abilities
	f.Unknown = maps.Clone(r.Unknown)
	return f
}

// InContainer is what a Report says that was printed in a container. Whether a user may make
// user namespaces is the profile's to say there, and no lab in containers makes any. kernel
// is the release of the one that it was tried on.
func InContainer(printed []byte) (f ability.Found, kernel string, err error) {
	var r Report
	if err := json.Unmarshal(printed, &r); err != nil {
		return f, "", err
	}
	f = r.Found()
	if f.UserNamespaces != nil && !*f.UserNamespaces {
		f.UserNamespaces = nil
		f.Unknown["user_namespaces"] = "it was tried in a container, which forbids them"
	}
	return f, r.Kernel, nil
}

// Preset are the sysctls of a network namespace in which Run may not set any, as
// in a container without privileges. Every kernel has them.
func Preset() map[string]string {
	return map[string]string{
		"net.ipv4.ip_local_port_range": wholeRange, "net.ipv4.tcp_tw_reuse": "0", "net.core.somaxconn": "65535",
	}
}

// wholeRange is the range of the scan, 4,096 ports: an unprivileged limit of 4,096
// open files bears half of it.
const wholeRange = "20000 24095"
