package haproxyconf

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/finding"
)

var conditionNotEvaluated = Rule{
	ID:    "condition-not-evaluated",
	Level: finding.Note,
	Doc: "`.if`, `.elif` and `.else` choose lines by HAProxy's release, its build and the environment, " +
		"which no file tells. All lines are read here, those of every branch, so a later one counts where it " +
		"contradicts an earlier one.",
	file: func(k *checker) {
		for _, l := range k.config.Conditions {
			if l.Name() == ".if" {
				k.report(finding.Note, l, 0, "", "the lines of every branch are read, whatever the condition says")
			}
		}
	},
}

var haproxyRefuses = Rule{
	ID:    "haproxy-refuses",
	Level: finding.Error,
	Doc: "HAProxy does not start with this configuration: `haproxy -c -f FILE` says why. " +
		"Only what decides about connections is checked; `haproxy -c` of the release that runs knows all of it.",
	file: func(k *checker) {
		c := k.config
		for _, s := range c.Sections {
			if s.From != "" && c.defaultsOf(s) == nil {
				k.refuse(s.Head, len(s.Head.Words)-1, "no defaults section above is called %s", s.From)
			}
			k.values(s)
		}
		if n := len(c.starts); n > 0 && !bytes.HasSuffix(c.Text, []byte("\n")) && len(c.Sections) > 0 {
			last := c.Sections[len(c.Sections)-1]
			l := last.Head
			if len(last.Lines) > 0 {
				l = last.Lines[len(last.Lines)-1]
			}
			if l.Number == n {
				k.refuse(l, 0, "the last line does not end in a line feed, and HAProxy takes the file for truncated")
			}
		}
		k.targets()
	},
}

func (k *checker) refuse(l *Line, word int, text string, args ...any) {
	k.report(finding.Error, l, word, "", text, args...)
}

// values are the words of lines that HAProxy knows no others of.
var values = map[string][]string{
	"mode": {"tcp", "http", "log", "haterm", "spop"}, "http-reuse": {"never", "safe", "aggressive", "always"},
}

func (k *checker) values(s *Section) {
	if !slices.Contains([]string{"defaults", "frontend", "backend", "listen"}, s.Kind) {
		return
	}
	for _, l := range s.Lines {
		value := l.Arg(1)
		if len(l.Words) > 1 && l.Words[1].Variable {
			continue
		}
		if all, ok := values[l.Name()]; ok && !slices.Contains(all, value) {
			k.refuse(l, 1, "%s %s is none of %s", l.Name(), value, format.List(all))
		}
		switch l.Name() {
		case "retries":
			if n, err := strconv.Atoi(value); err != nil || n < 0 {
				k.refuse(l, 1, "retries %s is not a number of tries", value)
			}
		case "source":
			if sourceAt(l, 1).Ports() > 1 {
				k.refuse(l, 1, "a list of ports is allowed on a server line, not in the source of a section")
			}
		case "server":
			if len(l.Words) < 3 {
				k.refuse(l, len(l.Words)-1, "a server needs a name and an address")
			}
		}
	}
}

// targets looks for backends that nothing defines.
func (k *checker) targets() {
	for _, f := range k.frontends {
		for _, l := range k.config.scope(f.Section) {
			name := l.Arg(1)
			leads := l.Is("default_backend") || l.Is("use_backend")
			if !leads || name == "" || l.Words[1].Variable || strings.Contains(name, "%[") {
				continue
			}
			if !slices.ContainsFunc(k.config.Sections, func(s *Section) bool {
				return s.Name == name && (s.Kind == "backend" || s.Kind == "listen")
			}) {
				k.refuse(l, 1, "no backend is called %s", name)
				continue
			}
			// A frontend of TCP may lead to HTTP, which looks into the stream then.
			for _, b := range k.backends {
				if b.Name == name && f.Mode == ModeHTTP && b.Mode == ModeTCP {
					k.refuse(l, 1, "%s is in mode tcp, and %s in mode http", name, f.Name)
				}
			}
		}
	}
}
