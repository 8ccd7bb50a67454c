package nginxconf

import (
	"fmt"
	"strings"
)

// MatchKind is how a location matches a path.
type MatchKind uint8

// The kinds.
const (
	MatchPrefix MatchKind = iota
	MatchExact            // =
	MatchStop             // ^~
	MatchRegex            // ~ and ~*
	MatchNamed            // @
)

// A Location is a location block.
type Location struct {
	Directive *Directive
	Server    *Server
	Kind      MatchKind
	Pattern   string
	Inner     []*Location
	Internal  bool // internal, also of an outer location: no client reaches it

	block *block
	regex *pattern
}

// String is the location as it is written.
func (l *Location) String() string {
	switch l.Kind {
	case MatchExact:
		return "= " + l.Pattern
	case MatchStop:
		return "^~ " + l.Pattern
	case MatchRegex:
		if l.regex.fold {
			return "~* " + l.Pattern
		}
		return "~ " + l.Pattern
	default:
		return l.Pattern
	}
}

func newLocations(b *block, s *Server, outer *Location) []*Location {
	var all []*Location
	for _, d := range b.all("location") {
		if d.Kind != Directives || len(d.Words) < 2 {
			continue
		}
		l := &Location{Directive: d, Server: s, block: b.in(d)}
		l.Kind, l.Pattern, l.regex = locationMatch(d)
		l.Internal = l.block.own("internal") != nil || outer != nil && outer.Internal
		l.Inner = newLocations(l.block, s, l)
		all = append(all, l)
	}
	return all
}

// locationMatch reads "location = /x" and also "location =/x".
func locationMatch(d *Directive) (MatchKind, string, *pattern) {
	modifier, text := "", d.Arg(1)
	if len(d.Words) > 2 {
		modifier, text = d.Arg(1), d.Arg(2)
	} else {
		for _, m := range []string{"=", "^~", "~*", "~"} {
			if rest, ok := strings.CutPrefix(text, m); ok {
				modifier, text = m, rest
				break
			}
		}
	}
	switch modifier {
	case "=":
		return MatchExact, text, nil
	case "^~":
		return MatchStop, text, nil
	case "~", "~*":
		return MatchRegex, text, &pattern{text: text, fold: modifier == "~*"}
	}
	if strings.HasPrefix(text, "@") {
		return MatchNamed, text, nil
	}
	return MatchPrefix, text, nil
}

// found is what a search for a location gave.
type found struct {
	location *Location // nil: none, the server itself answers
	groups   []string  // of a regular expression
	names    []string
	slash    bool    // nginx redirects to the path with a slash behind it
	unsure   []error // expressions that could not be followed
}

// findLocation searches as ngx_http_core_find_location does: an exact one
// ends the search; the longest prefix is remembered, and its inner locations
// are searched; then come the regular expressions of this level, in order,
// unless the prefix has ^~; and at last the prefix itself.
func findLocation(at *found, level []*Location, path string) (done bool) {
	var best *Location
	for _, l := range level {
		switch {
		case l.Kind == MatchExact && l.Pattern == path:
			at.location = l
			return true
		case l.Kind != MatchPrefix && l.Kind != MatchStop:
		case strings.HasPrefix(path, l.Pattern):
			if best == nil || len(l.Pattern) > len(best.Pattern) {
				best = l
			}
		}
	}
	if best == nil || best.Pattern != path {
		if l := slashed(level, path+"/"); l != nil {
			at.location, at.slash = l, true
			return true
		}
	}
	stop := false
	if best != nil {
		at.location = best
		stop = best.Kind == MatchStop
		if findLocation(at, best.Inner, path) {
			return true
		}
		// An inner prefix with ^~ does not keep this level's expressions out: nginx
		// looks at the flag of the level's own match only.
	}
	if stop {
		return false
	}
	for _, l := range level {
		if l.Kind != MatchRegex {
			continue
		}
		groups, ok, err := l.regex.match(path)
		if err != nil {
			at.unsure = append(at.unsure, fmt.Errorf("%s: %w", l.Directive.Pos(), err))
		}
		if ok {
			at.location, at.groups, at.names = l, groups, l.regex.names()
			findLocation(at, l.Inner, path)
			return true
		}
	}
	return false
}

// slashed is the location of a path with a slash at its end, where one of that
// pattern redirects to it: the exact one before the prefix.
func slashed(level []*Location, path string) *Location {
	var to *Location
	redirects := false
	for _, l := range level {
		if l.Kind > MatchStop || l.Pattern != path {
			continue
		}
		redirects = redirects || l.redirects()
		if to == nil || l.Kind == MatchExact {
			to = l
		}
	}
	if !redirects {
		return nil
	}
	return to
}

// redirects says whether nginx answers a request for the location's path
// without the slash at its end by a redirect: it has a pass of its own.
func (l *Location) redirects() bool {
	if !strings.HasSuffix(l.Pattern, "/") {
		return false
	}
	for name := range passes {
		if l.block.own(name) != nil {
			return true
		}
	}
	return false
}

// named is the server's location of a name with an @.
func (s *Server) named(name string) *Location {
	for _, l := range s.Locations {
		if l.Kind == MatchNamed && l.Pattern == name {
			return l
		}
	}
	return nil
}
