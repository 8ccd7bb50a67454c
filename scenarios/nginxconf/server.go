package nginxconf

import (
	"fmt"
	"strconv"
	"strings"
)

// A Server is a server block of http{} or stream{}.
type Server struct {
	Directive *Directive
	Listens   []Listen
	Names     []string // server_name, as written; one "" without
	Stream    bool
	Locations []*Location // of the server itself, in the file's order

	block *block
	names []serverName
}

// A Listen is an address that a server listens at.
type Listen struct {
	Directive *Directive // nil: nginx's default, *:80
	Address   string     // "*" for every IPv4 address, "[::]" for every IPv6 one, or unix:path
	Port      int        // 0 for a Unix-domain socket
	Default   bool       // default_server
	TLS       bool
	UDP       bool
}

// Name is the first server_name and the first port, as in "example.org:80"; "*"
// stands for no name.
func (s *Server) Name() string {
	name := "*"
	if len(s.Names) > 0 && s.Names[0] != "" {
		name = s.Names[0]
	}
	switch l := s.Listens[0]; {
	case l.Port == 0:
		return name + ":" + strings.TrimPrefix(l.Address, "unix:")
	case s.Stream && l.Address != "*":
		return fmt.Sprintf("%s:%d", l.Address, l.Port)
	default:
		return fmt.Sprintf("%s:%d", name, l.Port)
	}
}

// prefix keeps the names of stream{} apart from those of http{}.
func (s *Server) prefix() string {
	if s.Stream {
		return streamPrefix
	}
	return ""
}

func newServer(d *Directive, b *block, stream bool) *Server {
	s := &Server{Directive: d, Stream: stream, block: b}
	for _, l := range b.all("listen") {
		if len(l.Words) > 1 {
			s.Listens = append(s.Listens, newListen(l))
		}
	}
	if len(s.Listens) == 0 {
		s.Listens = []Listen{{Address: "*", Port: 80}}
	}
	for _, n := range b.all("server_name") {
		for _, w := range n.Args() {
			s.Names = append(s.Names, w.Text)
		}
	}
	if len(s.Names) == 0 {
		s.Names = []string{""}
	}
	for _, n := range s.Names {
		s.names = append(s.names, newServerName(n))
	}
	if !stream {
		s.Locations = newLocations(b, s, nil)
	}
	return s
}

func newListen(d *Directive) Listen {
	l := Listen{Directive: d, Port: 80}
	l.Address, l.Port = splitListen(d.Arg(1))
	for _, w := range d.Words[2:] {
		switch w.Text {
		case "default_server", "default":
			l.Default = true
		case "ssl", "quic":
			l.TLS = true
		case "udp":
			l.UDP = true
		}
	}
	return l
}

// splitListen reads "80", "*:80", "10.0.0.1", "[::]:80", "name:80" and
// "unix:/path". A port of its own or its range counts by its first number.
func splitListen(s string) (address string, port int) {
	if strings.HasPrefix(s, "unix:") {
		return s, 0
	}
	number := func(s string) (int, bool) {
		s, _, _ = strings.Cut(s, "-")
		n, err := strconv.Atoi(s)
		return n, err == nil
	}
	if n, ok := number(s); ok {
		return "*", n
	}
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		n, _ := number(s[i+1:])
		s, port = s[:i], n
	} else {
		port = 80
	}
	if s == "0.0.0.0" || s == "" {
		s = "*"
	}
	return s, port
}

// serverName is a server_name in the form it is looked up in.
type serverName struct {
	exact  string
	suffix string // of "*.example.org" and ".example.org": ".example.org"
	prefix string // of "www.*": "www."
	regex  *pattern
}

func newServerName(s string) serverName {
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(s, "~"):
		return serverName{regex: &pattern{text: s[1:], fold: true}}
	case strings.HasPrefix(s, "*."):
		return serverName{suffix: lower[1:]}
	case strings.HasPrefix(s, "."):
		return serverName{suffix: lower, exact: lower[1:]}
	case strings.HasSuffix(s, ".*"):
		return serverName{prefix: lower[:len(lower)-1]}
	default:
		return serverName{exact: lower}
	}
}

// byName chooses among the servers of one address as nginx does: the exact
// name, the longest wildcard in front, the longest one behind, the first regular
// expression. It returns nil where none has the name.
func byName(servers []*Server, host string) (*Server, *pattern) {
	var head, tail *Server
	var headLen, tailLen int
	for _, s := range servers {
		for _, n := range s.names {
			switch {
			case n.regex != nil:
			case n.exact == host && (n.exact != "" || n.suffix == "" && n.prefix == ""):
				return s, nil
			case n.suffix != "" && len(n.suffix) > headLen && strings.HasSuffix(host, n.suffix) &&
				len(host) > len(n.suffix):
				head, headLen = s, len(n.suffix)
			case n.prefix != "" && len(n.prefix) > tailLen && strings.HasPrefix(host, n.prefix) &&
				len(host) > len(n.prefix):
				tail, tailLen = s, len(n.prefix)
			}
		}
	}
	if head != nil {
		return head, nil
	}
	if tail != nil {
		return tail, nil
	}
	for _, s := range servers {
		for _, n := range s.names {
			if n.regex == nil {
				continue
			}
			if _, ok, _ := n.regex.match(host); ok {
				return s, n.regex
			}
		}
	}
	return nil, nil
}
