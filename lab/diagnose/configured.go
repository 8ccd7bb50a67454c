package diagnose

import (
	"fmt"
	"net/netip"

	"github.com/lab99/lab99/lab/lint"
)

// Configured is the configuration of a proxy that runs in a namespace.
type Configured struct {
	Program string       `json:"program"`
	PID     int          `json:"pid"`              // of the master
	Report  *lint.Report `json:"report,omitempty"` // of nginx, as lint sees it
	Ends    []End        `json:"ends,omitempty"`

	// Requests are those that left a line in its access logs since the look before; nil: there
	// was none, or they leave none that could be counted.
	Requests *Requests `json:"requests,omitempty"`

	logs  []accessLog // as far as they went; nil: requests cannot be counted in them
	begun int64       // connections of the namespace, by then
}

func (c *Configured) process() string { return fmt.Sprintf("%s %d", c.Program, c.PID) }

// within is the process with its namespace, which may be called after it.
func (c *Configured) within(namespace string) string {
	if c.process() == namespace {
		return namespace
	}
	return c.process() + " in " + namespace
}

// End is an address in the configuration that it connects to, or from. Names are left
// out: what they mean, the resolver of the process knows.
type End struct {
	File    string     `json:"file"`
	Line    int        `json:"line"`
	Address netip.Addr `json:"address"`
	Source  bool       `json:"source,omitempty"` // of proxy_bind or its like
	Port    bool       `json:"port,omitempty"`   // it names the source port, too
	Low     uint16     `json:"low,omitempty"`    // it names a range of source ports: the first; 0: none
	High    uint16     `json:"high,omitempty"`   // and the last
}
