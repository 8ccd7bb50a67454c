package diagnose

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
)

// Snapshot is what was seen of a host at one moment. Its JSON is what tests record.
type Snapshot struct {
	Kernel     string        `json:"kernel"`
	Cores      int           `json:"cores,omitempty"` // that are online; 0: unknown
	Abilities  ability.Found `json:"abilities"`       // without a trial, which makes namespaces
	Namespaces []Namespace   `json:"namespaces"`
	Unseen     []string      `json:"unseen,omitempty"` // what could not be looked at, and what it would take
}

// Namespace is one network namespace.
type Namespace struct {
	Inode     uint64    `json:"inode"` // 0: unknown
	Name      string    `json:"name"`
	Host      bool      `json:"host,omitempty"`    // it is that of the machine's first process
	Outside   bool      `json:"outside,omitempty"` // read through /proc/PID/net, without being a member
	Quiet     bool      `json:"quiet,omitempty"`   // it has so few sockets that they were not listed
	Processes []Process `json:"processes,omitempty"`

	SeenS    float64           `json:"seen_s,omitempty"` // on the machine's monotonic clock
	Ports    *probe.Ports      `json:"ports,omitempty"`  // nil where it may not be read
	Sysctls  map[string]string `json:"sysctls,omitempty"`
	Begun    *int64            `json:"begun,omitempty"`    // active_opens before the sockets were read
	Counters probe.Counters    `json:"counters,omitempty"` // after that

	Addresses []netip.Addr `json:"addresses,omitempty"` // its own, without those of loopback
	// Networks that are its own, where a proxy chooses its source address.
	AnyIP     []netip.Prefix   `json:"any_ip,omitempty"`
	Listening []netip.AddrPort `json:"listening,omitempty"` // and what is merely bound

	Outgoing []Group `json:"outgoing,omitempty"` // from a source address towards a destination
	Incoming []Group `json:"incoming,omitempty"` // at a listener, from an address

	Configured []Configured `json:"configured,omitempty"` // the proxies whose configuration may be read

	Else int `json:"else,omitempty"` // sockets with a local port that connect() would not choose
}

// Process is one that holds connections of the namespace, or one of its processes where
// none is seen to.
type Process struct {
	PID     int    `json:"pid"`
	Name    string `json:"name"`
	Sockets int    `json:"sockets,omitempty"` // how many of those looked at it holds
}

// Group is the connections of a pair of ends. The port of the end that chose it is 0.
type Group struct {
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
	States map[string]int `json:"states"`

	// RemainingMs are the timers of the TIME_WAITs, in milliseconds.
	RemainingMs []int32 `json:"remaining_ms,omitempty"`

	// LivePorts are the local ports of the others, and WaitPorts those of the TIME_WAITs in
	// the order of RemainingMs, of connections that this end made: two looks tell by them
	// which are new and which have ended, and one look who chose the ports.
	LivePorts []uint16 `json:"live_ports,omitempty"`
	WaitPorts []uint16 `json:"wait_ports,omitempty"`

	inodes []uint32 // of some of the live ones
}

// live is how many are in other states than TIME_WAIT.
func (g *Group) live() int {
	n := 0
	for state, count := range g.States {
		if state != results.StateTimeWait {
			n += count
		}
	}
	return n
}

func (g *Group) taken() int { return g.live() + g.States[results.StateTimeWait] }

// ownersSought is how many live connections of a group are traced to their processes.
const ownersSought = 16

// sorter puts connections into groups as they are read. Listeners come first in a dump,
// and of /proc the family is read first whose listeners may be dual-stack.
type sorter struct {
	low, high uint16 // ip_local_port_range; 0 where unknown
	listening portSet
	bound     []netip.AddrPort
	outgoing  map[ends]*Group
	incoming  map[ends]*Group
	other     int
}

// pair is what a group is about.
type pair struct{ local, remote netip.AddrPort }

// ends are a pair in 36 bytes without a gap: each connection is looked up by it, and a pair
// takes twice as long.
type ends struct {
	local, remote         [16]byte
	localPort, remotePort uint16
}

func (s *sorter) reset() {
	s.outgoing, s.incoming = map[ends]*Group{}, map[ends]*Group{}
	s.listening, s.bound, s.other = portSet{}, s.bound[:0], 0
}

func (s *sorter) listener(end netip.AddrPort) {
	s.bound = append(s.bound, end)
	s.listening.put([]uint16{end.Port()})
}

// add files a connection. connect() never chooses a port that somebody has bound, so a
// local port that is listened on is an accepted connection's.
func (s *sorter) add(c probe.Connection) {
	port := c.Local.Port()
	key := ends{local: c.Local.Addr().As16(), remote: c.Remote.Addr().As16()}
	var g *Group
	switch {
	case s.listening.has(port):
		key.localPort = port
		g = groupOf(s.incoming, key, c.Local, netip.AddrPortFrom(c.Remote.Addr(), 0))
	case s.high != 0 && (port < s.low || port > s.high):
		s.other++
		return
	default:
		key.remotePort = c.Remote.Port()
		g = groupOf(s.outgoing, key, netip.AddrPortFrom(c.Local.Addr(), 0), c.Remote)
	}
	if c.TimeWait() {
		g.RemainingMs = append(g.RemainingMs, int32(min(c.Remaining, time.Hour).Milliseconds()))
		if g.Local.Port() == 0 {
			g.WaitPorts = append(g.WaitPorts, port)
		}
		return
	}
	g.States[c.State]++
	if g.Local.Port() == 0 {
		g.LivePorts = append(g.LivePorts, port)
	}
	if c.Inode != 0 && len(g.inodes) < ownersSought {
		g.inodes = append(g.inodes, c.Inode)
	}
}

func groupOf(groups map[ends]*Group, key ends, local, remote netip.AddrPort) *Group {
	g := groups[key]
	if g == nil {
		g = &Group{Local: local, Remote: remote, States: map[string]int{}}
		groups[key] = g
	}
	return g
}

// into gives the groups to a namespace, the fullest first.
func (s *sorter) into(n *Namespace) {
	n.Outgoing, n.Incoming, n.Else = groupsOf(s.outgoing), groupsOf(s.incoming), s.other
	n.Listening = slices.SortedFunc(slices.Values(s.bound), netip.AddrPort.Compare)
	n.Listening = slices.Compact(n.Listening)
}

// boundPorts are the ports that somebody has bound.
func (s *sorter) boundPorts() (ports []uint16) {
	for _, end := range s.bound {
		ports = append(ports, end.Port())
	}
	return ports
}

func groupsOf(m map[ends]*Group) (all []Group) {
	for _, g := range m {
		if n := len(g.RemainingMs); n > 0 {
			g.States[results.StateTimeWait] = n
		}
	}
	for _, g := range slices.SortedFunc(maps.Values(m), func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.taken(), a.taken()), a.Remote.Compare(b.Remote), a.Local.Compare(b.Local))
	}) {
		all = append(all, *g)
	}
	return all
}
