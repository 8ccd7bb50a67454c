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
	"github.com/lab99/lab99/results"
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
	Pods      bool   // load and backend may be several hosts, and a Service can lead to the latter
	Clocks    bool   // the hosts may be on kernels of their own, each with a clock
	NoFile    uint64 // descriptors a process may open, if this process's limit decides; 0: unknown
}

// Lab is a running set of hosts.
type Lab interface {
	Topology() Topology
	// Agent returns the agent on one of the hosts results.HostLoad,
	// HostProxy and HostBackend, or of LoadHosts.
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

// Placed is a lab whose hosts are on machines that somebody else chose.
type Placed interface {
	// Place says where a host is, and what is around it there.
	Place(ctx context.Context, host string) (*results.Place, error)
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
	// addresses. A driver that must say first what it starts, and is told where it
	// is, calls it again: nothing but the contents of files may differ then.
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
	// Default are those of Sysctls that have the same effect as a new namespace's: where
	// it takes a right to set them, they stay.
	Default []string
	Files   []File // put there before it starts
	// Capabilities are all that it gets, as root, in the words of capabilities(7)
	// without CAP_.
	Capabilities []string
	Writable     []string // directories it writes in besides RunDir and the temporary ones; they start empty
	Executable   []string // the same, for code that it makes and runs
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
	Loads            int // hosts that share the load (Machine.Pods)
	// Service is what leads to the backend, each address of which is then a host of its
	// own (Machine.Pods).
	Service Service
	// Passes says that the proxy makes a connection to the backend for each that it accepts,
	// whether it is asked anything or not: to connect to it takes a port.
	Passes bool
}

// Service is how a cluster's Service leads to a backend.
type Service string

const (
	NoService Service = ""
	ClusterIP Service = "cluster-ip" // one address for all its hosts, translated on the way
	Headless  Service = "headless"   // the hosts' own addresses
)

// Topology is where things are.
type Topology struct {
	Subnet   netip.Prefix // the lab's own; not valid where the hosts have addresses of somebody else's
	Load     netip.Addr
	Loads    []netip.Addr // of all load hosts, that one first
	Proxy    netip.AddrPort
	Sources  []netip.Addr     // of the proxy, its own address first
	Backends []netip.AddrPort // one per address and port
	// Behind is where the backend's own sockets are, if Backends are addresses that are
	// translated on the way; nil: Backends are the backend's own.
	Behind []netip.AddrPort
}

// LoadHosts are the hosts of a load that so many share.
func LoadHosts(n int) []string {
	all := []string{results.HostLoad}
	for i := 2; i <= n; i++ {
		all = append(all, fmt.Sprintf("%s-%d", results.HostLoad, i))
	}
	return all
}

// Own is where the backend's own sockets are.
func (t Topology) Own() []netip.AddrPort {
	if t.Behind != nil {
		return t.Behind
	}
	return t.Backends
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

// LackingError says that a lab cannot come up for want of what its variant asks for, and
// others may not: the kernel has no sysctl of a name in a network namespace, somebody
// forbids to set it, or a host cannot have several addresses. It comes within an
// *UnfitError.
type LackingError struct {
	Sysctl string // "": it is something else
	Why    string // where it is not that the kernel has none of that name
	Err    error
}

func (e *LackingError) Error() string {
	switch {
	case e.Err == nil:
		return e.Why
	case e.Why != "":
		return fmt.Sprintf("%s: %v", e.Why, e.Err)
	}
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
