package nginxconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An address is what a listen names, with the servers that share it.
type address struct {
	host    string // as in Listen
	port    int
	quic    bool // a socket of its own
	servers []*Server
	first   *Server // of requests whose host no server has
	heard   []heardName
}

// A heardName is one that nginx finds a server of an address by.
type heardName struct {
	serverName
	server *Server
}

// A Conflict is a server_name that nginx ignores at some addresses, with a warning, as
// another server has it there.
type Conflict struct {
	Name      string     // as written; "" for a server without one
	Directive *Directive // server_name, or the server where it has none
	Word      int        // index of the name
	First     *Server    // that has it
	Addresses []string   // as nginx writes them: "0.0.0.0:80"
	Quiet     bool       // nginx does not warn: of regular expressions it takes the first
}

// String is the address as nginx's log has it.
func (a *address) String() string {
	switch {
	case a.port == 0:
		return a.host
	case a.host == "*":
		return "0.0.0.0:" + strconv.Itoa(a.port)
	}
	return fmt.Sprintf("%s:%d", a.host, a.port)
}

// newAddresses are those that servers listen at, in their order. It also finds out which
// servers no request reaches.
func newAddresses(servers []*Server) []*address {
	type key struct {
		host string
		port int
		quic bool
	}
	var all []*address
	at := map[key]*address{}
	reached := map[*Server]bool{}
	for _, s := range servers {
		for _, l := range s.Listens {
			k := key{l.Address, l.Port, l.QUIC}
			a := at[k]
			if a == nil {
				a = &address{host: l.Address, port: l.Port, quic: l.QUIC, first: s}
				at[k] = a
				all = append(all, a)
			}
			if l.Default {
				a.first = s
			}
			if !slices.Contains(a.servers[max(0, len(a.servers)-1):], s) {
				a.servers = append(a.servers, s)
			}
			reached[s] = reached[s] || l.Range // the other ports are its own, for all that is known here
		}
	}
	for _, a := range all {
		a.hear()
		reached[a.first] = true
		for _, n := range a.heard {
			reached[n.server] = true
		}
	}
	for _, s := range servers {
		s.Unreached = !reached[s]
	}
	return all
}

// hear takes the names of the servers, in their order, as nginx does: the first server that
// has one keeps it, and ".a" is "a" and "*.a" at once (ngx_hash_add_key, src/core/ngx_hash.c).
func (a *address) hear() {
	owner := map[string]*Server{} // by "exact a", and so on
	take := func(kind, name string, s *Server) *Server {
		if first := owner[kind+" "+name]; first != nil {
			return first
		}
		owner[kind+" "+name] = s
		return nil
	}
	for _, s := range a.servers {
		for _, n := range s.names {
			var first *Server
			switch {
			case n.regex != nil:
				first = take("regex", n.regex.text, s)
			case n.prefix != "":
				first = take("tail", n.prefix, s)
			case n.suffix == "":
				first = take("exact", n.exact, s)
			default:
				if n.exact != "" {
					first = take("exact", n.exact, s)
				}
				if first == nil {
					first = take("head", n.suffix, s)
				}
			}
			switch first {
			case nil:
				a.heard = append(a.heard, heardName{n, s})
			case s:
			default:
				s.conflict(n, first, a.String())
			}
		}
	}
}

// conflict notes that another server has a name at an address.
func (s *Server) conflict(n serverName, first *Server, address string) {
	i := slices.IndexFunc(s.Conflicts, func(c Conflict) bool {
		return c.First == first && c.Directive == n.directive && c.Word == n.word
	})
	if i < 0 {
		i = len(s.Conflicts)
		c := Conflict{Directive: n.directive, Word: n.word, First: first, Quiet: n.regex != nil}
		if n.word > 0 {
			c.Name = strings.ToLower(n.directive.Arg(n.word))
		}
		s.Conflicts = append(s.Conflicts, c)
	}
	s.Conflicts[i].Addresses = append(s.Conflicts[i].Addresses, address)
}

// Ignored are the servers of http{} that no request reaches, as others have all of their
// names.
func (c *Config) Ignored() []*Server {
	return slices.DeleteFunc(slices.Clone(c.model.servers), func(s *Server) bool { return !s.Unreached })
}
