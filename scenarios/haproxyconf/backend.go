package haproxyconf

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The modes.
const (
	ModeTCP  = "tcp" // the default
	ModeHTTP = "http"
)

// A Backend is a section whose servers get connections: backend, or listen.
type Backend struct {
	*Section
	From []*Frontend // those that lead here, in the order of the file

	Mode     string
	ModeLine *Line // nil: the default decides

	Reuse     string // http-reuse; "safe" by default
	ReuseLine *Line

	// Close is the option after which each request has a connection of its own, of the
	// backend or of a frontend: http-server-close or httpclose; "": none.
	Close     string
	CloseLine *Line

	NoLinger    *Line // option nolinger; nil: without
	Retries     int
	RetriesLine *Line
	Redispatch  bool
	Source      Source // of servers without one
	Balance     string
	FullConn    int
	AllBackups  bool
	Servers     []*Server
	Picks       []*Line // use-server: what else gets requests, if a condition says so
	Dispatch    *Line   // dispatch or option transparent, which is the only server then; nil: without
	globalMax   int
}

// A Frontend leads to backends.
type Frontend struct {
	*Section
	Mode    string
	Binds   []*Line
	MaxConn int    // 0: the process's
	Default string // backend of what no use_backend takes; "": none
	close   string
	closeAt *Line
	to      []string
}

// Tries is how many connect() a request makes that finds no port.
func (b *Backend) Tries() int { return 1 + b.Retries }

// scope are the lines that decide about a section, those of its defaults first, so that
// the last one counts.
func (c *Config) scope(s *Section) []*Line {
	var lines []*Line
	seen := map[*Section]bool{}
	for at := s; at != nil && !seen[at]; at = c.defaultsOf(at) {
		seen[at] = true
		lines = append(slices.Clone(at.Lines), lines...)
	}
	return lines
}

// defaultsOf is the section that another one takes its defaults from; nil: none. A
// defaults section starts anew unless it names one.
func (c *Config) defaultsOf(s *Section) *Section {
	var found *Section
	for _, x := range c.Sections {
		if x == s {
			break
		}
		if x.Kind == "defaults" && (s.From == "" && s.Kind != "defaults" || s.From != "" && x.Name == s.From) {
			found = x
		}
	}
	return found
}

// Frontends are the sections that clients connect to.
func (c *Config) Frontends() []*Frontend {
	var all []*Frontend
	for _, s := range c.Sections {
		if s.Kind != "frontend" && s.Kind != "listen" {
			continue
		}
		f := &Frontend{Section: s, Mode: ModeTCP}
		for _, l := range c.scope(s) {
			switch l.Name() {
			case "mode":
				f.Mode = l.Arg(1)
			case "bind":
				f.Binds = append(f.Binds, l)
			case "maxconn":
				f.MaxConn, _ = strconv.Atoi(l.Arg(1))
			case "default_backend":
				f.Default = l.Arg(1)
				f.to = append(f.to, f.Default)
			case "use_backend":
				f.to = append(f.to, l.Arg(1))
			}
			closing(l, &f.close, &f.closeAt)
		}
		all = append(all, f)
	}
	return all
}

// closing follows the option that decides what becomes of a connection after a request.
// The last one of a section counts.
func closing(l *Line, option *string, at **Line) {
	no := l.Is("no", "option")
	if !no && !l.Is("option") {
		return
	}
	name := l.Arg(1)
	if no {
		name = l.Arg(2)
	}
	switch name {
	case "forceclose":
		name = "httpclose"
	case "httpclose", "http-server-close", "http-keep-alive":
	default:
		return
	}
	switch {
	case no && *option != name:
	case no || name == "http-keep-alive":
		*option, *at = "", nil
	default:
		*option, *at = name, l
	}
}

// Backends are the sections with servers, in the order of the file.
func (c *Config) Backends() []*Backend {
	frontends, globalMax := c.Frontends(), 0
	for _, s := range c.Sections {
		for _, l := range s.Lines {
			if s.Kind == "global" && l.Is("maxconn") {
				globalMax, _ = strconv.Atoi(l.Arg(1))
			}
		}
	}
	var all []*Backend
	for _, s := range c.Sections {
		if s.Kind != "backend" && s.Kind != "listen" {
			continue
		}
		b := &Backend{Section: s, Mode: ModeTCP, Reuse: "safe", Retries: 3, Balance: "roundrobin", globalMax: globalMax}
		b.Source.Word = -1
		b.read(c.scope(s))
		if s.Kind == "listen" && len(b.Servers) == 0 {
			continue // it is a frontend, or serves statistics
		}
		for _, f := range frontends {
			dynamic := slices.ContainsFunc(f.to, func(n string) bool { return strings.Contains(n, "%[") })
			if f.Section == s || slices.Contains(f.to, s.Name) || dynamic && s.Kind == "backend" {
				b.From = append(b.From, f)
				b.closesAs(f)
			}
		}
		all = append(all, b)
	}
	return all
}

// closesAs takes over what a frontend says, if that closes more: the one of both sides
// that does counts.
func (b *Backend) closesAs(f *Frontend) {
	if b.Mode == ModeHTTP && f.close != "" && b.Close != "httpclose" {
		b.Close, b.CloseLine = f.close, f.closeAt
	}
}

// serverDefaults are HAProxy's, of a server that says nothing.
var serverDefaults = Server{Weight: 1, Pool: -1, Rise: 2, Inter: 2 * time.Second, Source: Source{Word: -1}}

// read takes the lines of a backend and its defaults.
func (b *Backend) read(lines []*Line) {
	defaults := serverDefaults
	balanced := false
	var dispatch, transparent *Line
	for _, l := range lines {
		on := !l.Is("no")
		option := l.Arg(1)
		if !on {
			option = l.Arg(2)
		}
		closing(l, &b.Close, &b.CloseLine)
		switch l.Name() {
		case "mode":
			b.Mode, b.ModeLine = l.Arg(1), l
		case "http-reuse":
			b.Reuse, b.ReuseLine = l.Arg(1), l
		case "retries":
			if n, err := strconv.Atoi(l.Arg(1)); err == nil && n >= 0 {
				b.Retries, b.RetriesLine = n, l
			}
		case "balance":
			b.Balance, _, _ = strings.Cut(l.Arg(1), "(")
			balanced = true
		case "use-server":
			if len(l.Words) > 3 { // else HAProxy refuses it
				b.Picks = append(b.Picks, l)
			}
		case "dispatch":
			dispatch = l
		case "fullconn":
			b.FullConn, _ = strconv.Atoi(l.Arg(1))
		case "source":
			b.Source = sourceAt(l, 1)
			if b.Source.Ports() > 1 {
				b.Source.Low, b.Source.High = 0, 0 // HAProxy refuses it here
			}
		case "default-server":
			defaults.options(l, 1)
		case "server", "server-template":
			if len(l.Words) > 2 { // else HAProxy refuses it
				b.Servers = append(b.Servers, serverAt(l, defaults))
			}
		case "option", "no":
			switch option {
			case "nolinger":
				b.NoLinger = l
				if !on {
					b.NoLinger = nil
				}
			case "transparent":
				transparent = l
				if !on {
					transparent = nil
				}
			case "redispatch":
				b.Redispatch = on
			case "allbackups":
				b.AllBackups = on
			}
		}
	}
	if b.Mode != ModeHTTP {
		b.Close, b.CloseLine = "", nil
	}
	if !balanced { // else HAProxy ignores both, with a warning
		b.dispatches(dispatch, transparent)
	}
}

// dispatches puts what stands in the place of servers there: one address for all, or the
// one that each client asked for.
func (b *Backend) dispatches(dispatch, transparent *Line) {
	as := serverDefaults
	as.Name, as.Word, as.Count = "dispatch", 1, 1
	switch {
	case dispatch != nil && len(dispatch.Words) > 1:
		as.Line, as.Unknown = dispatch, dispatch.Words[1].Variable
		as.Host, as.Port = splitPort(dispatch.Arg(1))
	case transparent != nil:
		as.Line, as.Host = transparent, "*"
	default:
		return
	}
	b.Dispatch, b.Servers = as.Line, []*Server{&as}
}

// clientPorts is how many ports clients can connect to that lead here, as far as they are
// written out.
func (b *Backend) clientPorts() int {
	seen := map[int]bool{}
	for _, f := range b.From {
		for _, l := range f.Binds {
			for _, address := range strings.Split(l.Arg(1), ",") {
				_, ports := splitPort(address)
				low, high, list := strings.Cut(ports, "-")
				from, err := strconv.Atoi(low)
				to := from
				if list {
					to, _ = strconv.Atoi(high)
				}
				for n := from; err == nil && n <= min(to, 65535); n++ {
					seen[n] = true
				}
			}
		}
	}
	return len(seen)
}

// ClientLimit is how many connections of clients may lead here at once; 0: unknown.
func (b *Backend) ClientLimit() int {
	total := 0
	for _, f := range b.From {
		if f.MaxConn == 0 {
			return b.globalMax
		}
		total += f.MaxConn
	}
	if b.globalMax > 0 && (total == 0 || b.globalMax < total) {
		return b.globalMax
	}
	return total
}
