package netns

import (
	"net/netip"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
)

// What the command and its child, the init of the lab, say to each other: one
// JSON value a line over a socket pair. First goes the blueprint, then orders;
// back come events.

// blueprint is a lab to be brought up. Without hosts it only tries whether
// this machine could, and which of some sysctls its namespaces do not have.
type blueprint struct {
	Rootless bool     `json:"rootless"`
	Hosts    []host   `json:"hosts"`
	Look     []string `json:"look,omitempty"`
	Try      bool     `json:"try,omitempty"` // no lab: what the kernel can do is wanted
}

// host is one host of the lab. The child inherits its streams in the order of
// the hosts: the agent's three, and the server's output if there is one.
type host struct {
	Name      string         `json:"name"`
	Addresses []netip.Prefix `json:"addresses"`
	// The host whose network namespace it shares, instead of one of its own.
	JoinName string  `json:"join,omitempty"`
	Server   *server `json:"server"`
}

// server is the proxy or the backend.
type server struct {
	driver.Server
	Root    string // its root file system; shared, never written. "/" is the machine's; "": this program, where it is
	Scratch string // an empty directory to mount on
}

// order runs a program beside a host's server.
type order struct {
	ID   int64    `json:"id"`
	Host string   `json:"host"`
	Argv []string `json:"argv"`
}

// event is news from the child. Exactly one of the groups is set.
type event struct {
	Up      bool     `json:"up,omitempty"`
	Lacking []string `json:"lacking,omitempty"` // with Up: of what was to be looked for
	Error   string   `json:"error,omitempty"`   // the lab did not come up

	Abilities *ability.Found `json:"abilities,omitempty"` // with Up, in answer to Try

	Exited string `json:"exited,omitempty"` // the host whose server or agent ended
	Agent  bool   `json:"agent,omitempty"`

	Re     int64  `json:"re,omitempty"` // answers the order
	Output string `json:"output,omitempty"`
	Status string `json:"status,omitempty"` // "" for success
}

const (
	controlFD   = 3 // in the child
	firstHostFD = 4
)

// streams is how many of the child's descriptors belong to a host.
func (h host) streams() int {
	if h.Server == nil {
		return 3
	}
	return 4
}
