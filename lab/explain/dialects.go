package explain

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A dialect reads the lines of one program, or of one language's runtime.
type dialect struct {
	name string
	// marks are in small letters. One of them stands in each line of the dialect,
	// if there are any: most lines of a log are about something else, and the
	// expressions cost a hundred times as much as a search for a mark.
	marks []string
	// words: the line has errno words, too.
	words bool
	// read returns false for a line of another dialect.
	read func(r record) (Reading, bool)
	own  own
}

// own is what only one program has, as a cause puts it into a sentence: "" where that is
// not known.
type own struct {
	setsSource string // what sets the source address
	setsFiles  string // what sets the limit of open files
	takesOut   string // what takes a backend out after a failure
	hasErrno   string // what has the errno that a line has not
}

// may tells whether it can be a line of the dialect.
func (d dialect) may(lower string, words bool) bool {
	if d.words && !words {
		return false
	}
	return len(d.marks) == 0 || slices.ContainsFunc(d.marks, func(m string) bool { return strings.Contains(lower, m) })
}

// dialects are asked in this order: what looks for a form that is a program's
// own stands before what looks for words.
var dialects = []dialect{
	nginxDialect,
	haproxyDialect,
	httpdDialect,
	varnishDialect,
	envoyDialect,
	squidDialect,
	lighttpdDialect,
	hitchDialect,
	caddyDialect,
	traefikDialect,
	goDialect,
	curlDialect,
	wgetDialect,
	dotnetDialect,
	javaDialect,
	pythonDialect,
	nodeDialect,
	rubyDialect,
	rustDialect,
	phpDialect,
	mysqlDialect,
	postgresDialect,
	anyDialect,
}

// Dialects are the names of those whose lines can be read.
func Dialects() []string {
	var names []string
	for _, d := range dialects {
		if d.name != "" {
			names = append(names, d.name)
		}
	}
	return names
}

// ofProgram is what only a program of this name has.
func ofProgram(name string) own {
	i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })
	if i < 0 {
		return own{}
	}
	return dialects[i].own
}

// request is a line of an access log in the common format or one that begins
// like it. All that it quotes is the client's.
var request = regexp.MustCompile(`^\S+ \S+ \S+ \[[^\]]+\] "`)

// searched is how much of a text is looked through: some logs have a stack trace or
// a body in a line, whose error stands first. nginx writes 2 KiB at most
// (NGX_MAX_ERROR_STR).
const searched = 8 << 10

// read asks the dialects for what a record says.
func read(r record) (Reading, bool) {
	if request.MatchString(r.text) {
		return Reading{}, false
	}
	type part struct {
		text, lower string
		words       bool
	}
	parts := make([]part, 0, 1+len(r.other))
	for _, text := range append([]string{r.text}, r.other...) {
		text = text[:min(len(text), searched)]
		lower := strings.ToLower(text)
		parts = append(parts, part{text, lower, hasWords(lower)})
	}
	for _, d := range dialects {
		for _, p := range parts {
			if !d.may(p.lower, p.words) {
				continue
			}
			one := r
			one.text = p.text
			if found, ok := d.read(one); ok {
				if found.Program == "" {
					found.Program = d.name
				}
				if found.Program == "" {
					found.Program = program(r.app)
				}
				found.Source = address(found.Source)
				found.Destination = address(found.Destination)
				found.Peers = group(found.Peers)
				return found, true
			}
		}
	}
	return Reading{}, false
}

var name = regexp.MustCompile(`^[\w.@-]{1,64}$`)

// program is the name that a wrapping has for a program, as far as it is one.
func program(app string) string {
	if name.MatchString(app) {
		return app
	}
	return ""
}

// rule is one form of a line: the call it is about, and the groups of its
// expression, by name: dst, host and port, src, words, errno, peers.
type rule struct {
	re    func() *regexp.Regexp
	call  Call
	errno int // where the form has no words for it
}

// What forms have in common: the groups that give a field of a Reading.
var (
	theWords = `(?P<words>` + words + `)`
	theDst   = `(?P<dst>` + target + `)`
	theSrc   = `(?P<src>` + target + `)`
	thePeers = `(?P<peers>` + target + `)`
)

func form(call Call, errno int, expression string) rule {
	return rule{re: compiled(expression), call: call, errno: errno}
}

// compiled is an expression that is compiled when it is first asked for. Those with errno
// words are large: all of them at once took 14 ms and 5 MB of every start of lab99, whatever
// the command.
func compiled(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// match reads a text by the first form that fits.
func match(text string, rules []rule) (Reading, bool) {
	for _, f := range rules {
		re := f.re()
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		part := func(name string) string {
			if i := re.SubexpIndex(name); i >= 0 {
				return m[i]
			}
			return ""
		}
		r := Reading{Call: f.call, Errno: f.errno, Source: part("src"), Destination: part("dst"), Peers: part("peers")}
		if host := part("host"); host != "" {
			if r.Destination = hostPort(host, part("port")); f.call == CallListen {
				r.Source, r.Destination = r.Destination, ""
			}
		}
		if w := part("words"); w != "" {
			r.Errno = errnoOf(w)
		}
		if n := part("errno"); n != "" {
			r.Errno = number(n)
		}
		return r, true
	}
	return Reading{}, false
}

// number is a short decimal number; 0 for anything else.
func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 9999 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// forms reads by forms alone.
func forms(rules ...rule) func(record) (Reading, bool) {
	return func(r record) (Reading, bool) { return match(r.text, rules) }
}
