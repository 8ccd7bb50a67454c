// Package driver says what the lab asks of whatever runs its hosts: bring up a
// load host, a proxy and a backend in network namespaces of their own, put an
// agent into each, and take everything away again.
//
// A driver knows no server by name: what one needs comes with its Server.
//
// Neighbours: package driver/docker does it with containers, package driver/netns
// with namespaces. Package lab brings labs up; package lab/cli lists the drivers.
package driver

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/image"
)

// Driver brings labs up.
type Driver interface {
	// Name is the word for it on the command line.
	Name() string
	// Machine describes what runs the hosts, which need not be this one.
	Machine() Machine
	// Describe says in a few words how it runs the hosts here.
	Describe() string
	// Find looks for the image of a server without fetching or making one. The
	// error is an *image.AbsentError if a run would have to.
	Find(ctx context.Context, role image.Role, ref string) (image.Image, error)
	// Prepare finds or makes the image of a server. What it did is said, a
	// line at a time.
	Prepare(ctx context.Context, role image.Role, ref string, mode image.Mode, say func(string)) (image.Image, error)
	// Up brings a lab up at addresses of the driver's choice. Several may come
	// up at once. When it fails, whatever it made is gone again. The error is an
	// *UnfitError where the machine is to blame and a *ServerError where a server
	// would not start.
	Up(ctx context.Context, spec Spec) (Lab, error)
	// Sweep removes what labs left behind, as far as the reach goes.
	Sweep(ctx context.Context, reach Reach) (Swept, error)
}

// Trier is a driver that can try what the kernel of its hosts can do.
type Trier interface {
	// Abilities tries it in a namespace made for it. It may recall what was found
	// since the machine booted, but not where it is to be fresh.
	Abilities(ctx context.Context, fresh bool) (ability.Found, error)
}

// Reach is how far a sweep goes; each goes further than the one before.
type Reach int

const (
	Leftovers  Reach = iota // what no living command owns
	Caches                  // and what the driver keeps to be quicker the next time
	Everything              // and what living commands own: it ends their labs
)

// Swept is what came of a sweep, a line for each thing.
type Swept struct {
	Removed []string
	Kept    []string // and why
}

// Machine is where the hosts of a lab run.
type Machine struct {
	Engine    string // name and version, "" without one
	Kernel    string
	Arch      string
	CPUs      int
	MemoryMiB int
	Apart     bool   // a lab that comes up or goes down disturbs the loads of others
	NoFile    uint64 // descriptors a process may open, if this process's limit decides; 0: unknown
}

// Lab is a running set of hosts.
type Lab interface {
	Topology() Topology
	// Agent returns the agent on one of the hosts results.HostLoad,
	// HostProxy and HostBackend.
	Agent(host string) *agent.Client
	// Exec runs a program inside a server's container and returns what it
	// printed, stdout and stderr together.
	Exec(ctx context.Context, host string, argv ...string) (string, error)
	// Printed is the end of what a server has written to its standard streams.
	Printed(host string) string
	// Exited delivers an error for each server, or agent, that ends while the
	// lab is up.
	Exited() <-chan *ServerError
	// Down takes the lab away. It is safe to call twice.
	Down(ctx context.Context) error
}

// Spec is what to bring up.
type Spec struct {
	Run     string // names the run; unique among the runs of an engine
	Variant string // unique among those of the run that are up
	Layout  Layout
	// Subnets are the candidates for the lab's network, tried in turn. Without
	// any the driver takes one of its own choice.
	Subnets []netip.Prefix
	// Configure says what the servers are, once the driver has chosen the
	// addresses. It is called once.
	Configure func(Topology) (proxy, backend Server, err error)
	// OnRecord gets every sample of every agent; it is called from one
	// goroutine per host.
	OnRecord func(host string, r agent.Record)
}

// Server is the proxy or the backend.
type Server struct {
	Name    string // for people
	Image   string
	Agent   bool              // the lab's own program instead of an image's
	Command []string          // program and arguments, of the lab's own the arguments; it must stay in the foreground
	Sysctls map[string]string // of its network namespace
	Files   []File            // put there before it starts
	// Capabilities are all that it gets, as root, in the words of capabilities(7)
	// without CAP_.
	Capabilities []string
	Writable     []string // directories it writes in besides RunDir and the temporary ones; they start empty
	Settings     []string // what it reads of the machine's /etc, if it is one installed there
}

// Where a server finds what the lab gives it.
const (
	ConfigDir = "/etc/lab" // files copied in before it starts
	RunDir    = "/run/lab" // empty, in memory, writable by everyone
)

// WantFiles is how many descriptors the configurations of the servers count on;
// engines give more.
const WantFiles = 8192

// File is a file put into a server before it starts.
type File struct {
	Path string // absolute
	Data []byte
}

// Layout is what a lab has where. A zero count means one.
type Layout struct {
	Addresses int // of the backend
	Ports     int // it listens on, at each address
	Sources   int // addresses of the proxy
	// Shared puts the backend into the proxy's network namespace, at the
	// proxy's address or, with Loopback, at 127.0.0.1; with two addresses, at
	// both.
	Shared, Loopback bool
}

// Topology is where things are.
type Topology struct {
	Subnet   netip.Prefix
	Load     netip.Addr
	Proxy    netip.AddrPort
	Sources  []netip.Addr     // of the proxy, its own address first
	Backends []netip.AddrPort // one per address and port
}

// BackendAddrs are the backend's addresses, each once.
func (t Topology) BackendAddrs() []netip.Addr {
	var all []netip.Addr
	for _, b := range t.Backends {
		if !slices.Contains(all, b.Addr()) {
			all = append(all, b.Addr())
		}
	}
	return all
}

// UnfitError says that this machine cannot run the lab, and what would help.
type UnfitError struct {
	What string
	Hint string
	Err  error
	// Asked is set where the user named what does not answer. It may hold what
	// a lab left.
	Asked bool
}

func (e *UnfitError) Error() string {
	s := e.What
	if e.Err != nil {
		s = fmt.Sprintf("%s: %v", s, e.Err)
	}
	if e.Hint != "" {
		s += "\n  " + e.Hint
	}
	return s
}

func (e *UnfitError) Unwrap() error { return e.Err }

// LackingError says that a lab cannot come up for want of a sysctl that one of its
// servers asks for: the kernel has none of that name in a network namespace. It
// comes within an *UnfitError.
type LackingError struct {
	Sysctl string
	Err    error
}

func (e *LackingError) Error() string {
	return fmt.Sprintf("the kernel has no %s in a network namespace: %v", e.Sysctl, e.Err)
}

func (e *LackingError) Unwrap() error { return e.Err }

// ServerError says that a server or an agent ended by itself.
type ServerError struct {
	Host   string // results.HostProxy, HostBackend, and HostLoad for an agent
	Name   string // of the server, for people
	Agent  bool
	Output string // the last of what it printed
}

// What says who ended, in one line.
func (e *ServerError) What() string {
	if e.Agent {
		return "lab99's own agent on host " + e.Host + " ended by itself"
	}
	return e.Name + " ended by itself"
}

func (e *ServerError) Error() string {
	if e.Output == "" {
		return e.What() + " and printed nothing"
	}
	return e.What() + "; it printed:\n" + e.Output
}
