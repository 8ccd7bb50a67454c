package haproxyconf

import (
	"slices"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// A Lane is a source and a destination, between which ports are counted: each lane has
// all of them.
type Lane struct {
	Source      string // "" where the kernel chooses
	Destination string
	Share       float64 // of the backend's connections
	Own         int     // ports that HAProxy lists by itself; 0: the kernel chooses
	Limit       int     // connections at once, by maxconn; 0: none
	Servers     []*Server
}

// serving are the servers that get requests while none has failed: those that the balance
// chooses, and those that a use-server line does.
func (b *Backend) serving() []*Server {
	all := b.balanced()
	for _, s := range b.Servers {
		if b.Pick(s) != nil && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// Pick is the first use-server line that a server may get requests by, whatever its weight
// and even as a backup; nil: none. Its condition is not evaluated.
// https://docs.haproxy.org/3.2/configuration.html#4.2-use-server
func (b *Backend) Pick(s *Server) *Line {
	i := slices.IndexFunc(b.Picks, func(l *Line) bool { return s.called(l.Arg(1)) })
	if i < 0 || s.Disabled || b.Dispatch != nil {
		return nil
	}
	return b.Picks[i]
}

// Peers is how many servers may get requests, backups included.
func (b *Backend) Peers() (n int) {
	for _, s := range b.Servers {
		if s.Active() || s.Backup && !s.Disabled || b.Pick(s) != nil {
			n += s.Count
		}
	}
	return n
}

// balanced are the servers that get requests by their weights.
func (b *Backend) balanced() []*Server {
	active := slices.DeleteFunc(slices.Clone(b.Servers), func(s *Server) bool { return !s.Active() })
	if len(active) > 0 {
		if b.Balance == "first" {
			return active[:1]
		}
		return active
	}
	spare := slices.DeleteFunc(slices.Clone(b.Servers), func(s *Server) bool {
		return s.Disabled || !s.Backup || s.Weight == 0
	})
	if len(spare) > 1 && !b.AllBackups {
		spare = spare[:1]
	}
	return spare
}

// Serves says whether any server gets requests.
func (b *Backend) Serves() bool { return len(b.serving()) > 0 }

// SourceOf is where the connections of one of its servers come from.
func (b *Backend) SourceOf(s *Server) Source {
	if s.Source.Given() {
		return s.Source
	}
	return b.Source
}

// Share is what a serving server gets of the requests by its weight. What only a use-server
// line chooses has none; where all are such, they count as even.
func (b *Backend) Share(s *Server) float64 {
	chosen, weight := b.balanced(), func(s *Server) int { return s.Weight * s.Count }
	if len(chosen) == 0 {
		chosen, weight = b.serving(), func(s *Server) int { return s.Count }
	}
	if !slices.Contains(chosen, s) {
		return 0
	}
	total := 0
	for _, c := range chosen {
		total += weight(c)
	}
	return float64(weight(s)) / float64(total)
}

// Lanes are those of the servers that take ports, in their order.
func (b *Backend) Lanes() []Lane {
	var all []Lane
	for _, s := range b.serving() {
		if s.Unix {
			continue
		}
		source := b.SourceOf(s)
		i := slices.IndexFunc(all, func(l Lane) bool {
			return l.Source == source.Address && l.Destination == s.Destination()
		})
		if i < 0 {
			i = len(all)
			all = append(all, Lane{Source: source.Address, Destination: s.Destination(), Limit: s.MaxConn * s.Count})
		} else if all[i].Limit > 0 {
			all[i].Limit += s.MaxConn * s.Count
			if s.MaxConn == 0 {
				all[i].Limit = 0
			}
		}
		l := &all[i]
		l.Share += b.Share(s)
		l.Own += source.Ports() * s.Count
		l.Servers = append(l.Servers, s)
	}
	return all
}

// TakesPorts says whether any server gets requests over IP.
func (b *Backend) TakesPorts() bool { return len(b.Lanes()) > 0 }

// Heaviest is the lane whose ports end first; nil where none takes ports.
func (b *Backend) Heaviest() *Lane {
	lanes := b.Lanes()
	if len(lanes) == 0 {
		return nil
	}
	most := slices.MaxFunc(lanes, func(x, y Lane) int {
		return int(1e9*(x.Share-y.Share)) + (y.Own - x.Own)
	})
	return &most
}

// Pooled says whether requests share connections; why not, in HAProxy's words.
func (b *Backend) Pooled() (pooled bool, why string) {
	switch {
	case b.Mode != ModeHTTP:
		return false, "mode " + b.Mode + " passes each connection on as one of its own"
	case b.Close != "":
		return false, "option " + b.Close + " ends the connection with the response"
	case b.Reuse == "never":
		return false, "http-reuse never keeps a connection to the client that it was opened for"
	case b.Dispatch != nil:
		return false, b.Dispatch.Name() + " has no pool: a connection stays with the client that it was opened for"
	}
	serving := b.serving()
	if len(serving) > 0 && !slices.ContainsFunc(serving, (*Server).keepsIdle) {
		word := "pool-max-conn 0"
		if serving[0].Pool != 0 {
			word = "pool-purge-delay 0"
		}
		return false, word + " closes a connection as soon as it is idle"
	}
	return true, ""
}

// Idle is how many idle connections are kept, to all servers together; limited is false where nothing says so, as
// pool-max-conn has no limit by default.
// https://docs.haproxy.org/3.2/configuration.html#5.2-pool-max-conn
func (b *Backend) Idle() (n int, limited bool) {
	if pooled, _ := b.Pooled(); !pooled {
		return 0, true
	}
	limited = true
	for _, s := range b.serving() {
		if !s.keepsIdle() {
			continue
		}
		if s.Pool < 0 {
			limited = false
		}
		n += max(s.Pool, 0) * s.Count
	}
	if !limited {
		n = law.NoCap
	}
	return n, limited
}

// Conduct is what the laws have to know.
func (b *Backend) Conduct() law.Conduct {
	c := law.Conduct{Tries: b.Tries(), Lines: b.Tries()}
	c.Idle, c.IdleInAll = b.Idle()
	c.IdleInAll = c.IdleInAll && c.Idle > 0
	switch b.Mode {
	case ModeHTTP:
		c.Resets = true
	default:
		c.CloseShare, c.Passes, c.Resets = 1, true, b.NoLinger != nil
	}
	if c.Resets {
		c.CloseShare = 0
	}
	if l := b.Heaviest(); l != nil {
		c.OwnPorts = l.Own
	}
	return c
}

// Laws puts what a backend does into a setup. K is P for each lane; what goes to Unix-domain
// sockets takes no part.
func (b *Backend) Laws(base law.Setup) law.Setup {
	lanes, share := b.Lanes(), 0.0
	for _, l := range lanes {
		share += l.Share
	}
	base.Sources, base.Destinations, base.HeaviestShare = 1, max(1, len(lanes)), 0
	s := base.By(b.Conduct())
	if h := b.Heaviest(); h != nil {
		s.RatePerS *= share
		s.InFlight *= share
		if h.Share*float64(len(lanes)) > 1.001*share {
			s.HeaviestShare = h.Share / share
		}
	}
	return s
}

// Checked is how long a server may stay out at most that its health check has found
// without a port, once there are ports again; 0: none is checked.
func (b *Backend) Checked() time.Duration {
	var most time.Duration
	for _, s := range b.serving() {
		if s.Check {
			most = max(most, time.Duration(s.Rise)*s.Inter)
		}
	}
	return most
}
