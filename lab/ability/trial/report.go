package trial

import (
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
