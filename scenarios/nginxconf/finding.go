package nginxconf

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lab99/lab99/scenarios/finding"
)

// Level is how grave a finding is.
type Level = finding.Level

// The levels.
const (
	Note    = finding.Note
	Warning = finding.Warning
	Error   = finding.Error
)

// A Finding is what a rule found, and where.
type Finding struct {
	finding.Finding
	Directive *Directive `json:"-"` // what it is about; nil: the file
}

// A Rule finds one kind of mistake. A new one is a value of this type in a file
// of its own, and its line in the list of rules.
type Rule struct {
	ID    string
	Level Level  // of most of its findings
	Doc   string // what it finds, why that matters and what to do: a paragraph of Markdown
	check func(*checker)
}

// rules are all rules, in the order of the documentation.
var rules = []Rule{
	noPool, inertPool, halfDoneKeepalive, connectionHeaderWiped, connectionVaries, variableBypassesPool,
	poolSmallerThanWorkersNeed, defaultDiffersByVersion,
	loopbackBackend, unixSocket, unevenServers, duplicateAddress, peerEjection, retryAmplifies, proxyBind,
	errorHidden, cacheAnswers, subrequestDoubles, notProxied, protocolNotSupported,
	noResolver, includeNotFound, fragmentRule, notSubstituted, byteOrderMarkRule, nginxRefuses,
}

// Rules are all rules, in the order of the documentation.
func Rules() []Rule { return slices.Clone(rules) }

// Findings are what the rules find, in the order of the files. What a release
// decides is that release's; an unknown one is taken for one before 1.29.7, and
// where that matters default-differs-by-version says so.
func (c *Config) Findings(release Release) []Finding {
	k := &checker{config: c, model: c.model, release: release, routes: c.Routes(release), seen: map[told]bool{}}
	c.model.Lock()
	defer c.model.Unlock()
	for i := range rules {
		k.rule = &rules[i]
		clear(k.seen)
		k.rule.check(k)
	}
	order := map[string]int{c.Name: -1}
	for i, t := range c.Files {
		order[t.Name] = i
	}
	slices.SortStableFunc(k.found, func(a, b Finding) int {
		return cmp.Or(order[a.File]-order[b.File], a.Line-b.Line, a.Column-b.Column)
	})
	return k.found
}

// A checker is what a rule looks at.
type checker struct {
	config  *Config
	model   *model
	release Release
	routes  []*Route
	rule    *Rule
	found   []Finding
	seen    map[told]bool // by this rule: a file that is included twice is told about once
}

type told struct {
	tree   *Tree
	offset int
	text   string
}

// report adds a finding about a word of a directive.
func (k *checker) report(level Level, d *Directive, word int, fix, format string, args ...any) {
	if by := d.Tree.packagedFor; by != nil { // nobody has that file to look at
		d, word = by, 1
	}
	word = min(word, len(d.Words)-1) // an argument may be missing
	f := Finding{finding.Finding{
		ID:    k.rule.ID,
		Level: level,
		File:  d.Tree.Name,
		Text:  fmt.Sprintf(format, args...),
		Fix:   fix,
		Width: d.width(word),
	}, d}
	f.Line, f.Column = d.Tree.Position(d.Words[word].Start)
	if t := (told{d.Tree, d.Words[word].Start, f.Text}); !k.seen[t] {
		k.seen[t] = true
		k.found = append(k.found, f)
	}
}

// width is how long a word of a directive is, and with its name the directive as a whole,
// without its block.
func (d *Directive) width(word int) int {
	switch {
	case word > 0:
		return d.Words[word].End - d.Words[word].Start
	case d.HasBlock():
		return d.Words[len(d.Words)-1].End - d.Start
	}
	return d.End - d.Start
}

// groups are the upstream groups that routes use and have a block, each once
// with its first route.
func (k *checker) groups() []*Route {
	var all []*Route
	seen := map[*Upstream]bool{}
	for _, r := range k.routes {
		if u := r.Upstream; u != nil && u.Directive != nil && !seen[u] {
			seen[u] = true
			all = append(all, r)
		}
	}
	return all
}

// at is where a directive is, as seen from another: "line 5", with the file
// where that is another one.
func at(d, from *Directive) string {
	if d.Tree == from.Tree {
		return fmt.Sprintf("line %d", d.Line)
	}
	return "line " + fmt.Sprint(d.Line) + " of " + d.Tree.Name
}

// port is what a closed connection costs.
func (r *Route) port() string {
	switch {
	case r.Protocol == TCP:
		return "where the client ends it, nginx closes towards the backend first, and its port stays taken " +
			"for a minute (f = 1)"
	case r.ClosesFirst == ClosedByNginx:
		return "nginx closes it first, so that its port stays taken for a minute (f = 1)"
	case r.ClosesFirst == ClosedInRace:
		return "a race with the backend decides who closes first and whose port stays taken for a minute"
	}
	return "the backend closes it first, so that no port of nginx's stays taken"
}
