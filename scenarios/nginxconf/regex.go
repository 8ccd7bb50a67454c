package nginxconf

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// A pattern is a regular expression of the configuration, compiled when it is
// first asked. nginx has PCRE's: most are Go's as well, which match in linear
// time; those with look-around and back references are regexp2's, with a limit
// on time.
type pattern struct {
	text string
	fold bool // letters of either case

	once  sync.Once
	plain *regexp.Regexp
	look  *regexp2.Regexp
	err   error
}

const matchLimit = 50 * time.Millisecond

func (p *pattern) compile() {
	text := strings.ReplaceAll(p.text, "(?<", "(?P<")
	text = strings.NewReplacer("(?P<=", "(?<=", "(?P<!", "(?<!").Replace(text)
	if p.fold {
		text = "(?i)" + text
	}
	if p.plain, p.err = regexp.Compile(text); p.err == nil {
		return
	}
	options := regexp2.RegexOptions(regexp2.None)
	if p.fold {
		options |= regexp2.IgnoreCase
	}
	if p.look, p.err = regexp2.Compile(strings.ReplaceAll(p.text, "(?P<", "(?<"), options); p.err == nil {
		p.look.MatchTimeout = matchLimit
	}
}

// names are the groups' names, by number; "" for one without.
func (p *pattern) names() []string {
	p.once.Do(p.compile)
	switch {
	case p.plain != nil:
		return p.plain.SubexpNames()
	case p.look != nil:
		return p.look.GetGroupNames()
	}
	return nil
}

// match gives the groups, the whole match first. The error says that the
// expression cannot be followed.
func (p *pattern) match(s string) (groups []string, ok bool, err error) {
	p.once.Do(p.compile)
	switch {
	case p.plain != nil:
		groups = p.plain.FindStringSubmatch(s)
		return groups, groups != nil, nil
	case p.look != nil:
		m, err := p.look.FindStringMatch(s)
		if err != nil || m == nil {
			return nil, false, err
		}
		for _, g := range m.Groups() {
			groups = append(groups, g.String())
		}
		return groups, true, nil
	}
	return nil, false, fmt.Errorf("the regular expression %q: %w", p.text, p.err)
}
