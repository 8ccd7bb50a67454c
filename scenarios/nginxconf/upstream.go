package nginxconf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Upstream is a group of peers: an upstream block, or the host that a pass
// names.
type Upstream struct {
	Name      string
	Directive *Directive // the block; nil: a host named in a pass
	Method    Method
	Key       string // what hash hashes
	Peers     []Peer
	Zone      bool // the workers share the peers' state

	balancer *Directive // the directive that chose the method, or nil
	block    *block
}

// Method is how a group chooses a peer.
type Method string

// The methods. The last is a module's or a subscription's.
const (
	RoundRobin  Method = "round_robin"
	LeastConn   Method = "least_conn"
	IPHash      Method = "ip_hash"
	Hash        Method = "hash"
	Random      Method = "random"
	OtherMethod Method = "other"
)

var methods = map[string]Method{
	"least_conn": LeastConn, "ip_hash": IPHash, "hash": Hash, "random": Random, "least_time": OtherMethod,
	"fair": OtherMethod, "consistent_hash": OtherMethod, "balancer_by_lua_block": OtherMethod,
	"balancer_by_lua_file": OtherMethod,
}

// Lua is the directive whose code chooses the peer of each request; nil if none
// does. The servers of the group then only stand in for the real ones.
func (u *Upstream) Lua() *Directive {
	if u.balancer != nil && strings.HasPrefix(u.balancer.Name(), "balancer_by_lua") {
		return u.balancer
	}
	return nil
}

// A Peer is one server of a group.
type Peer struct {
	Directive   *Directive    // server, or the pass that names the host
	Word        int           // index of the word that holds the address
	Address     string        // without the port: an IP address, a name, or unix:/path
	Port        int           // 0 for a Unix-domain socket
	Weight      int           // 1 unless given
	MaxFails    int           // 1 unless given; 0: no ejection
	FailTimeout time.Duration // 10 s unless given
	MaxConns    int           // 0: no limit
	Backup      bool
	Down        bool
	Resolve     bool // the name is looked up again while nginx runs
	Unix        bool
	Named       bool // Address is a name: it may have several addresses, which only a lookup tells
}

// Destination is the address and port, as one text.
func (p Peer) Destination() string {
	switch {
	case p.Unix:
		return p.Address
	case strings.Contains(p.Address, ":") && !strings.HasPrefix(p.Address, "["):
		return "[" + p.Address + "]:" + strconv.Itoa(p.Port)
	}
	return p.Address + ":" + strconv.Itoa(p.Port)
}

// Loopback says whether the peer is on the proxy's own loopback interface.
func (p Peer) Loopback() bool {
	if strings.EqualFold(p.Address, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(p.Address, "[]"))
	return err == nil && a.IsLoopback()
}

func newUpstream(d *Directive, b *block) *Upstream {
	u := &Upstream{Name: d.Arg(1), Directive: d, Method: RoundRobin, block: b, Zone: b.own("zone") != nil}
	for _, x := range b.items {
		if x.Name() == "server" && len(x.Words) > 1 {
			u.Peers = append(u.Peers, newPeer(x))
		}
		if m, ok := methods[x.Name()]; ok {
			u.Method, u.balancer = m, x
			if m == Hash {
				u.Key = x.Arg(1)
			}
		}
	}
	return u
}

func newPeer(d *Directive) Peer {
	p := peerAt(d.Arg(1), 80)
	p.Directive, p.Word = d, 1
	for _, w := range d.Words[2:] {
		key, value, _ := strings.Cut(w.Text, "=")
		n, err := strconv.Atoi(value)
		switch {
		case key == "backup":
			p.Backup = true
		case key == "down":
			p.Down = true
		case key == "resolve":
			p.Resolve = true
		case key == "fail_timeout":
			if t, ok := seconds(value); ok {
				p.FailTimeout = t
			}
		case err != nil:
		case key == "weight":
			p.Weight = n
		case key == "max_fails":
			p.MaxFails = n
		case key == "max_conns":
			p.MaxConns = n
		}
	}
	return p
}

// peerAt is a peer with the defaults of nginx at "host", "host:port", "[v6]:port"
// or "unix:/path".
func peerAt(s string, port int) Peer {
	p := Peer{Weight: 1, MaxFails: 1, FailTimeout: 10 * time.Second}
	if len(s) > 5 && strings.EqualFold(s[:5], "unix:") {
		p.Address, p.Unix = s, true
		return p
	}
	p.Address, p.Port = splitPort(s, port)
	_, err := netip.ParseAddr(strings.Trim(p.Address, "[]"))
	p.Named = err != nil
	return p
}

// splitPort takes the port off a host, or gives it the default one.
func splitPort(s string, port int) (string, int) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i < strings.LastIndexByte(s, ']') {
		return s, port
	}
	if n, err := strconv.Atoi(s[i+1:]); err == nil {
		return s[:i], n
	}
	return s, port
}

// up are the peers that get requests while none has failed: those that are not
// down, and of them the backups only where there is no other.
func (u *Upstream) up() []Peer {
	var up, backups []Peer
	for _, p := range u.Peers {
		switch {
		case p.Down || p.Weight == 0:
		case p.Backup:
			backups = append(backups, p)
		default:
			up = append(up, p)
		}
	}
	if len(up) == 0 {
		return backups
	}
	return up
}

// Spare are the backups that wait for the others to fail.
func (u *Upstream) Spare() []Peer {
	if up := u.up(); len(up) == 0 || up[0].Backup {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(u.Peers), func(p Peer) bool { return !p.Backup || p.Down || p.Weight == 0 })
}

// shares gives each destination's share of the requests, by weight, in the
// order of the file.
func (u *Upstream) shares() (destinations []string, shares map[string]float64) {
	total := 0
	shares = map[string]float64{}
	up := u.up()
	for _, p := range up {
		total += p.Weight
	}
	for _, p := range up {
		d := p.Destination()
		if _, seen := shares[d]; !seen {
			destinations = append(destinations, d)
		}
		shares[d] += float64(p.Weight) / float64(total)
	}
	return destinations, shares
}
