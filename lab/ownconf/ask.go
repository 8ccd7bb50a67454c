package ownconf

import (
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Ask is a host and a path that reach a route, each as short as will do; ok is
// false where none was found, as for a named location.
func Ask(c *nginxconf.Config, release nginxconf.Release, r *nginxconf.Route) (host, path string, ok bool) {
	reaches := func(host, path string) bool {
		chosen := Choose(c, release, host, path).Routes
		return slices.ContainsFunc(chosen, func(x *nginxconf.Route) bool { return x.Pass == r.Pass })
	}
	hosts := append([]string{""}, hostsOf(r.Server)...)
	if r.Server.Stream {
		for _, h := range hosts {
			if reaches(h, "") {
				return h, "", true
			}
		}
		return "", "", false
	}
	for _, h := range hosts {
		for _, p := range pathsOf(r.Location) {
			if reaches(h, p) {
				return h, p, true
			}
		}
	}
	return "", "", false
}

// hostsOf are texts for a host that may reach a server.
func hostsOf(s *nginxconf.Server) []string {
	var all []string
	for _, n := range s.Names {
		n = strings.TrimPrefix(strings.Replace(n, "*", "www", 1), ".")
		if n != "" && !strings.HasPrefix(n, "~") && n != "_" {
			all = append(all, n)
		}
	}
	for _, l := range s.Listens {
		if l.Port == 0 {
			continue
		}
		port := ":" + strconv.Itoa(l.Port)
		for _, n := range slices.Clone(all) {
			if !strings.Contains(n, ":") {
				all = append(all, n+port)
			}
		}
		all = append(all, port)
	}
	return all
}

// pathsOf are texts for a path that may reach a location: Choose tells whether
// they do.
func pathsOf(l *nginxconf.Location) []string {
	switch l.Kind {
	case nginxconf.MatchNamed:
		return []string{"/"}
	case nginxconf.MatchRegex:
		return literals(l.Pattern)
	}
	p := l.Pattern
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return []string{p, strings.TrimSuffix(p, "/") + "/x"}
}

// literals are paths that an expression may match: the shortest that it does,
// as Go reads it, with what can stand before it where it may begin anywhere.
func literals(regex string) []string {
	re, err := syntax.Parse(regex, syntax.Perl)
	if err != nil { // one of PCRE's own
		return nil
	}
	text := shortest(re)
	if strings.HasPrefix(text, "/") {
		return []string{text, text + "/x"}
	}
	return []string{"/" + text, "/x" + text}
}

func shortest(re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, c := range "x1_-/" {
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= c && c <= re.Rune[i+1] {
					return string(c)
				}
			}
		}
		return string(re.Rune[:1])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(shortest(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		for _, x := range re.Sub {
			b.WriteString(shortest(x))
		}
	}
	return b.String()
}
