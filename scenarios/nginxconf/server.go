package nginxconf

import (
	"fmt"
	"regexp"
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

	Conflicts []Conflict // names that another server has
	Unreached bool       // it has nothing else, and no request reaches it

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
	QUIC      bool
	Range     bool // of ports, of which Port is the first
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
	add := func(name string, at *Directive, word int) {
		n := newServerName(name)
		n.directive, n.word = at, word
		s.Names, s.names = append(s.Names, name), append(s.names, n)
	}
	for _, n := range b.all("server_name") {
		for i, w := range n.Args() {
			add(w.Text, n, i+1)
		}
	}
	if len(s.Names) == 0 {
		add("", d, 0)
	}
	if !stream {
		s.Locations = newLocations(b, s, nil)
	}
	return s
}

// rangeRE is several ports of a listen.
var rangeRE = regexp.MustCompile(`^[0-9]+-[0-9]+$`)

func newListen(d *Directive) Listen {
	l := Listen{Directive: d, Port: 80}
	l.Address, l.Port = splitListen(d.Arg(1))
	l.Range = l.Port != 0 && rangeRE.MatchString(d.Arg(1)[strings.LastIndexByte(d.Arg(1), ':')+1:])
	for _, w := range d.Words[2:] {
		switch w.Text {
		case "default_server", "default":
			l.Default = true
		case "ssl":
			l.TLS = true
		case "quic":
			l.TLS, l.QUIC = true, true
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

	directive *Directive // where it stands: server_name, or the server that has none
	word      int
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

// byName chooses among the names of one address as nginx does: the exact
// name, the longest wildcard in front, the longest one behind, the first regular
// expression. It returns nil where none has the name.
func byName(names []heardName, host string) (*Server, *pattern) {
	var head, tail *Server
	var headLen, tailLen int
	for _, n := range names {
		switch {
		case n.regex != nil:
		case n.exact == host && (n.exact != "" || n.suffix == "" && n.prefix == ""):
			return n.server, nil
		case n.suffix != "" && len(n.suffix) > headLen && strings.HasSuffix(host, n.suffix) &&
			len(host) > len(n.suffix):
			head, headLen = n.server, len(n.suffix)
		case n.prefix != "" && len(n.prefix) > tailLen && strings.HasPrefix(host, n.prefix) &&
			len(host) > len(n.prefix):
			tail, tailLen = n.server, len(n.prefix)
		}
	}
	if head != nil {
		return head, nil
	}
	if tail != nil {
		return tail, nil
	}
	for _, n := range names {
		if n.regex == nil {
			continue
		}
		if _, ok, _ := n.regex.match(host); ok {
			return n.server, n.regex
		}
	}
	return nil, nil
}
