package diagnose

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// haproxyText is one file of HAProxy's configuration.
type haproxyText struct{ name, text string }

// haproxyEnds are the addresses in the configuration that servers are connected to, and
// from: those of `source`, of the server, of default-server, or of the section. No more of
// it is read. What comes of an environment variable, of a name or of a condition (.if) is
// not known, and left out; with usesrc the addresses are those of clients.
//
// https://docs.haproxy.org/2.6/configuration.html, sections 2 and 4.2 (source), 5.2, 11 (addresses)
func haproxyEnds(files []haproxyText) []End {
	r := haproxyReader{named: map[string]haproxyDefaults{}, seen: map[End]bool{}}
	for _, f := range files {
		r.end() // a section does not go on in another file
		for i, line := range strings.Split(f.text, "\n") {
			r.line(f.name, i+1, haproxyWords(line))
		}
	}
	r.end()
	slices.SortStableFunc(r.all, func(a, b End) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return r.all
}

// haproxyDefaults is what a proxy begins with, as its section of defaults says.
type haproxyDefaults struct {
	source *End // of `source`; nil: there is none
	server *End // of `default-server … source`
}

// haproxyReader goes through sections.
type haproxyReader struct {
	all     []End
	seen    map[End]bool
	named   map[string]haproxyDefaults
	last    haproxyDefaults // of the section of defaults that came last
	kind    string          // of the section
	name    string          // of a section of defaults
	now     haproxyDefaults
	servers []*End // what each is connected from by itself; nil: as the section says
	inIf    int
}

// haproxySections are the words that begin one.
var haproxySections = []string{
	"global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "cache",
	"program", "ring", "http-errors", "log-forward", "fcgi-app", "crt-store", "traces", "acme", "log-profile",
}

func (r *haproxyReader) line(file string, line int, words []string) {
	switch {
	case len(words) == 0:
		return
	case words[0] == ".if":
		r.inIf++
	case words[0] == ".endif":
		r.inIf = max(0, r.inIf-1)
	case r.inIf > 0:
	case slices.Contains(haproxySections, words[0]):
		r.begin(words)
	case r.kind != "defaults" && r.kind != "listen" && r.kind != "backend":
	case words[0] == "source":
		r.now.source = haproxySource(file, line, words)
	case words[0] == "default-server":
		if from := haproxySource(file, line, words); from != nil {
			r.now.server = from
		}
	case words[0] == "server" && len(words) > 2 && !slices.Contains(words[3:], "disabled"):
		from := haproxySource(file, line, words[3:])
		if from == nil {
			from = r.now.server
		}
		r.servers = append(r.servers, from)
		if e := haproxyEnd(file, line, words[2]); e != nil {
			e.Low, e.High = 0, 0
			r.add(e)
		}
	}
}

// add keeps an end that is known, each once.
func (r *haproxyReader) add(e *End) {
	if e != nil && e.Address.IsValid() && !r.seen[*e] {
		r.seen[*e] = true
		r.all = append(r.all, *e)
	}
}

func (r *haproxyReader) begin(words []string) {
	r.end()
	r.kind, r.name, r.now = words[0], "", r.last
	if i := slices.Index(words, "from"); i > 0 && i+1 < len(words) {
		r.now = r.named[words[i+1]]
	} else if r.kind == "defaults" {
		r.now = haproxyDefaults{}
	}
	if r.kind == "defaults" && len(words) > 1 {
		r.name = words[1]
	}
}

// end ends a section: `source` may come after the servers it is for.
func (r *haproxyReader) end() {
	if r.kind == "defaults" {
		r.last, r.named[r.name] = r.now, r.now
	}
	for _, from := range r.servers {
		if from == nil {
			from = r.now.source
		}
		r.add(from)
	}
	r.kind, r.servers = "", nil
}

// haproxySource is what `source ADDRESS[:PORT[-PORT]]` among words says; nil: it is not
// there. Its address is invalid where it is not known, or the client's.
func haproxySource(file string, line int, words []string) *End {
	i := slices.Index(words, "source")
	if i < 0 || i+1 >= len(words) {
		return nil
	}
	e := haproxyEnd(file, line, words[i+1])
	if e == nil || slices.Contains(words[i+2:], "usesrc") {
		return new(End)
	}
	e.Source = true
	e.Port = e.Low != 0 && e.Low == e.High
	if e.Port {
		e.Low, e.High = 0, 0
	}
	return e
}

// haproxyEnd reads an address; nil: it is none of IP.
func haproxyEnd(file string, line int, word string) *End {
	for _, prefix := range []string{"ipv4@", "ipv6@", "tcp4@", "tcp6@", "tcp@"} {
		word = strings.TrimPrefix(word, prefix)
	}
	host, ports := word, ""
	if i := strings.LastIndexAny(word, ":]"); i >= 0 && word[i] == ':' {
		host, ports = word[:i], word[i+1:]
	}
	if host == "" || host == "*" {
		host = "0.0.0.0"
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil {
		return nil
	}
	e := &End{File: file, Line: line, Address: a.Unmap().WithZone("")}
	first, last, isRange := strings.Cut(ports, "-")
	low, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return e
	}
	high := low
	if isRange {
		if high, err = strconv.ParseUint(last, 10, 16); err != nil {
			return e
		}
	}
	if 0 < low && low <= high {
		e.Low, e.High = uint16(low), uint16(high)
	}
	return e
}

// haproxyWords splits a line as HAProxy does: at blanks that are not quoted or escaped, up
// to a comment. An environment variable stays as it is written.
func haproxyWords(line string) (words []string) {
	var word strings.Builder
	inside, quote := false, byte(0)
	end := func() {
		if inside {
			words = append(words, word.String())
			word.Reset()
			inside = false
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == 0 && (c == ' ' || c == '\t' || c == '\r'):
			end()
		case quote == 0 && c == '#':
			end()
			return words
		case c == '\\' && quote != '\'' && i+1 < len(line):
			i++
			inside = true
			word.WriteByte(line[i])
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote != 0 && c == quote:
			quote = 0
		default:
			inside = true
			word.WriteByte(c)
		}
	}
	end()
	return words
}
