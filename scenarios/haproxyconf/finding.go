package haproxyconf

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/finding"
)

// A Rule finds one kind of mistake. A new one is a value of this type, and its line in
// the list of rules.
type Rule struct {
	ID    string
	Level finding.Level // of most of its findings
	// Doc is what it finds, why that matters and what to do: a paragraph of Markdown. A
	// rule without one is nginxconf's of the same ID, and has its lesson.
	Doc   string
	check func(*checker, *Backend) // nil: the rule is about the file
	file  func(*checker)
}

// rules are all rules, in the order of the documentation.
var rules = []Rule{
	tcpModeNoPool, noLinger, httpReuseNever, closesEach, retriesAmplify, sourceSingleIP, ownPortList, maxconnOverPorts,
	checksNeedPorts, duplicateAddress, unevenServers, loopbackBackend, unixSocket, addressUnknown, useServer,
	conditionNotEvaluated, haproxyRefuses,
}

// Rules are those with a lesson of their own, in the order of the documentation.
func Rules() []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Doc == "" })
}

// Findings are what the rules find, in the order of the file.
func (c *Config) Findings() []finding.Finding {
	k := &checker{config: c, backends: c.Backends(), frontends: c.Frontends()}
	for i := range rules {
		k.rule = &rules[i]
		if k.rule.file != nil {
			k.rule.file(k)
		}
		for _, b := range k.backends {
			if k.rule.check != nil {
				k.backend = b
				k.rule.check(k, b)
			}
		}
		k.backend = nil
	}
	var all []finding.Finding
	for _, f := range k.found {
		if len(f.backends) > 0 {
			noun := "backend "
			if len(f.backends) > 1 {
				noun = "backends "
			}
			f.Text = noun + format.List(f.backends) + ": " + f.Text
		}
		all = append(all, f.Finding)
	}
	slices.SortStableFunc(all, func(a, b finding.Finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return all
}

type found struct {
	finding.Finding
	backends []string
}

// A checker is what a rule looks at.
type checker struct {
	config    *Config
	backends  []*Backend
	frontends []*Frontend
	backend   *Backend // nil: the rule is about the file
	rule      *Rule
	found     []found
}

// report adds a finding about a word of a line. What several backends have from one line
// of their defaults is said once.
func (k *checker) report(level finding.Level, l *Line, word int, fix, text string, args ...any) {
	w := l.Words[min(word, len(l.Words)-1)]
	f := finding.Finding{
		ID:    k.rule.ID,
		Level: level,
		File:  k.config.Name,
		Text:  fmt.Sprintf(text, args...),
		Fix:   fix,
		Width: w.End - w.Start,
	}
	f.Line, f.Column = k.config.Position(w.Start)
	at := slices.IndexFunc(k.found, func(x found) bool { return x.Finding == f })
	if at < 0 {
		at = len(k.found)
		k.found = append(k.found, found{Finding: f})
	}
	if k.backend != nil && !slices.Contains(k.found[at].backends, k.backend.Name) {
		k.found[at].backends = append(k.found[at].backends, k.backend.Name)
	}
}

// runsOut says whether closed connections of a backend keep ports that nobody else may have.
func (b *Backend) runsOut() bool {
	c := b.Conduct()
	return b.TakesPorts() && c.CloseShare > 0 && c.OwnPorts == 0
}
