package haproxyconf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Source is where connections come from: the line `source` of a backend, or the word
// of a server.
type Source struct {
	Line      *Line
	Word      int // index of the address; -1: there is no source, and the kernel chooses
	Address   string
	Low, High int    // its own list of ports; 0: the kernel chooses one
	UseSrc    string // client, clientip, or what else stands for the address
}

// Ports is the size of the list; 0: there is none.
func (s Source) Ports() int {
	if s.Low == 0 || s.High < s.Low {
		return 0
	}
	return s.High - s.Low + 1
}

// Given says whether there is one.
func (s Source) Given() bool { return s.Line != nil && s.Word >= 0 }

// sourceAt reads a source whose address is the word at an index.
func sourceAt(l *Line, i int) Source {
	s := Source{Line: l, Word: i}
	host, ports := splitPort(l.Arg(i))
	s.Address = host
	low, high, list := strings.Cut(ports, "-")
	s.Low, _ = strconv.Atoi(low)
	if s.High = s.Low; list {
		s.High, _ = strconv.Atoi(high)
	}
	if l.Arg(i+1) == "usesrc" {
		s.UseSrc = l.Arg(i + 2)
	}
	return s
}

// A Server of a backend.
type Server struct {
	Line    *Line
	Name    string // use-server calls it by this
	Word    int    // index of the address
	Count   int    // 1; that of server-template
	Host    string
	Port    string // "" is the client's
	Unix    bool   // takes no port
	Unknown bool   // a variable of the environment decides

	Disabled, Backup, Check, TLS, H2 bool

	Weight  int  // 1 by default
	MaxConn int  // 0: no limit
	Pool    int  // pool-max-conn; -1: no limit
	Purged  bool // pool-purge-delay 0
	Source  Source
	Rise    int
	Inter   time.Duration // between checks while it is down
}

// Active says whether it gets requests while every server is up.
func (s *Server) Active() bool { return !s.Disabled && !s.Backup && s.Weight > 0 }

// called says whether a use-server line means it. HAProxy numbers those of a
// server-template, and a name with an expression may be any.
func (s *Server) called(name string) bool {
	number, template := strings.CutPrefix(name, s.Name)
	if s.Line.Name() == "server-template" && template {
		_, err := strconv.Atoi(number)
		return err == nil
	}
	return name == s.Name || strings.Contains(name, "%[")
}

// keepsIdle says whether its connections wait for another request.
func (s *Server) keepsIdle() bool { return s.Pool != 0 && !s.Purged }

// clientsPort says whether its port is the client's, or one so far from it.
func (s *Server) clientsPort() bool {
	return !s.Unix && (s.Port == "" || s.Port == "0" ||
		strings.HasPrefix(s.Port, "+") || strings.HasPrefix(s.Port, "-"))
}

// Destination is its address and port.
func (s *Server) Destination() string {
	switch {
	case s.Unix:
		return s.Host
	case s.Port == "":
		return s.Host + ":(the client's)"
	}
	return s.Host + ":" + s.Port
}

// Loopback says whether it is on HAProxy's own host.
func (s *Server) Loopback() bool {
	a, err := netip.ParseAddr(strings.Trim(s.Host, "[]"))
	return s.Host == "localhost" || err == nil && a.IsLoopback()
}

// Named says whether its address is a name, which may have several.
func (s *Server) Named() bool {
	_, err := netip.ParseAddr(strings.Trim(s.Host, "[]"))
	return err != nil && !s.Unix && !s.Unknown
}

// taking are the words of a server line that take an argument. The others stand alone.
// https://docs.haproxy.org/3.2/configuration.html#5.2
var taking = strings.Fields(`addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-proto
	check-sni check-via-socks4 ciphers ciphersuites client-sigalgs cookie crl-file crt curves downinter error-limit fall
	fastinter guid hash-key healthcheck id idle-ping init-addr init-state inter log-bufsize log-proto max-reuse maxconn
	maxqueue minconn namespace npn observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn
	pool-max-conn pool-purge-delay port proto proxy-v2-options quic-cc-algo redir resolve-net resolve-opts
	resolve-prefer resolvers rise shard sigalgs slowstart sni socks4 source ssl-max-ver ssl-min-ver tcp-ut track usesrc
	verify verifyhost weight ws interface`)

// options reads the words of a server or default-server line from an index on.
func (s *Server) options(l *Line, from int) {
	for i := from; i < len(l.Words); i++ {
		word, value := l.Arg(i), l.Arg(i+1)
		number := func(to *int) {
			if n, err := strconv.Atoi(value); err == nil {
				*to = n
			}
		}
		switch word {
		case "disabled":
			s.Disabled = true
		case "enabled":
			s.Disabled = false
		case "backup":
			s.Backup = true
		case "no-backup":
			s.Backup = false
		case "check":
			s.Check = true
		case "no-check":
			s.Check = false
		case "ssl":
			s.TLS = true
		case "no-ssl":
			s.TLS = false
		case "proto":
			s.H2 = value == "h2"
		case "alpn":
			s.H2 = strings.HasPrefix(value, "h2")
		case "weight":
			number(&s.Weight)
		case "maxconn":
			number(&s.MaxConn)
		case "pool-max-conn":
			number(&s.Pool)
		case "pool-purge-delay":
			d, ok := duration(value)
			s.Purged = ok && d == 0
		case "rise":
			number(&s.Rise)
		case "inter", "downinter":
			if d, ok := duration(value); ok {
				s.Inter = d
			}
		case "source":
			s.Source = sourceAt(l, i+1)
		case "set-proxy-v2-tlv-fmt":
			i++
			continue
		}
		if strings.HasPrefix(word, "set-proxy-v2-tlv-fmt(") || slices.Contains(taking, word) {
			i++
		}
	}
}

// serverAt reads a server or server-template line, on top of what default-server says.
func serverAt(l *Line, defaults Server) *Server {
	s := defaults
	s.Line, s.Name, s.Word, s.Count = l, l.Arg(1), 2, 1
	if l.Name() == "server-template" {
		s.Word = 3
		low, high, list := strings.Cut(l.Arg(2), "-")
		s.Count, _ = strconv.Atoi(low)
		if n, err := strconv.Atoi(high); list && err == nil {
			s.Count = n - s.Count + 1
		}
		s.Count = min(max(s.Count, 1), mostServers)
	}
	address := l.Arg(s.Word)
	// HAProxy fills variables into an address without quotes too.
	s.Unknown = s.Word < len(l.Words) && (l.Words[s.Word].Variable || strings.Contains(address, "$"))
	family, rest, ok := strings.Cut(address, "@")
	if !ok {
		family, rest = "", address
	}
	local := []string{"unix", "uxst", "abns", "abnsz", "sockpair", "fd"}
	s.Unix = strings.HasPrefix(address, "/") || slices.Contains(local, family)
	if s.Unix {
		s.Host = address
	} else {
		s.Host, s.Port = splitPort(rest)
	}
	s.options(l, s.Word+1)
	return &s
}

// mostServers is what a server-template counts for at most, so that a slip of a digit
// does not fill memory.
const mostServers = 1 << 16

// splitPort cuts a port, or a list of them, off an address. The last colon does it, as
// in HAProxy; an address of IPv6 without a port stands in brackets.
func splitPort(s string) (host, port string) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// duration reads a time of HAProxy's, in milliseconds where it has no unit.
// https://docs.haproxy.org/3.2/configuration.html#2.5
func duration(s string) (time.Duration, bool) {
	digits := strings.TrimRight(s, "usmhd")
	n, err := strconv.Atoi(digits)
	units := map[string]time.Duration{
		"us": time.Microsecond, "": time.Millisecond, "ms": time.Millisecond, "s": time.Second,
		"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}
	unit, ok := units[s[len(digits):]]
	if err != nil || !ok || n < 0 || n > int(maxWait/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

const maxWait = 24 * 24 * time.Hour // the most that 2^31 milliseconds are
