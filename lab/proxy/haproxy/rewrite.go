package haproxy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/haproxyconf"
)

// rewriter puts the lab's addresses into a configuration of the user's own, and takes out
// what the lab sets or does not have. Words are changed where they stand; a line that goes
// becomes a comment.
type rewriter struct {
	conf      *haproxyconf.Config
	at        proxy.Site
	backends  []*haproxyconf.Backend // those that the load may reach first
	reached   int                    // how many those are
	frontend  *haproxyconf.Frontend  // the one that the load comes by
	addresses []string               // destinations of the file, in the order of the lab's
	sources   []string
	edits     []edit
	notes     []note
}

type edit struct {
	start, end int
	text       string
}

type note struct {
	line int // 0: about no line
	text string
}

// readOwn reads a configuration of the user's own, and follows the load through it.
func readOwn(v scenarios.Variant, at proxy.Site) (*rewriter, error) {
	file := v.ProxyFile
	c, err := haproxyconf.Parse(file.Label, file.Text)
	if s := (*haproxyconf.SyntaxError)(nil); errors.As(err, &s) {
		return nil, file.Mistake(s.Offset, "not a valid HAProxy configuration: "+s.Msg+", expected "+s.Want,
			"check it with haproxy -c -f")
	} else if err != nil {
		return nil, err
	}
	r := &rewriter{conf: c, at: at}
	all := c.Backends()
	for _, f := range c.Frontends() {
		mine := slices.DeleteFunc(slices.Clone(all), func(b *haproxyconf.Backend) bool {
			return !slices.ContainsFunc(b.From, func(x *haproxyconf.Frontend) bool { return x.Section == f.Section })
		})
		if len(mine) > 0 && len(f.Binds) > 0 {
			if i := slices.IndexFunc(mine, func(b *haproxyconf.Backend) bool { return b.Name == f.Default }); i > 0 {
				mine[0], mine[i] = mine[i], mine[0]
			}
			r.frontend, r.backends, r.reached = f, mine, len(mine)
			break
		}
	}
	if r.frontend == nil {
		return nil, file.Mistake(0, "no frontend with a bind line leads to a backend with a server",
			"`lab99 lint` says what leads where")
	}
	for _, b := range all {
		if !slices.ContainsFunc(r.backends, func(x *haproxyconf.Backend) bool { return x.Section == b.Section }) {
			r.backends = append(r.backends, b)
		}
	}
	for _, b := range r.backends {
		if d := b.Dispatch; d != nil {
			return nil, file.Mistake(d.Words[0].Start, d.Name()+" "+d.Arg(1)+
				" has no server that the lab's backend could stand in for",
				"write `server app ADDRESS:PORT` in its place")
		}
		for _, s := range b.Servers {
			if s.Unix {
				return nil, file.Mistake(s.Line.Words[s.Word].Start,
					"a server at a Unix-domain socket takes no port, and error 99 cannot come from it",
					"leave it out, or give it an address")
			}
			if d := s.Destination(); !slices.Contains(r.addresses, d) {
				r.addresses = append(r.addresses, d)
			}
			if a := b.SourceOf(s); a.Given() && !slices.Contains(r.sources, a.Address) {
				r.sources = append(r.sources, a.Address)
			}
		}
	}
	return r, nil
}

// rewriteFor is the configuration as the lab runs it.
func rewriteFor(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if len(at.Backends) == 0 {
		return proxy.Config{}, errors.New("no backend address to put into " + v.ProxyFile.Label)
	}
	r, err := readOwn(v, at)
	if err != nil {
		return proxy.Config{}, err
	}
	for i, s := range r.conf.Sections {
		switch s.Kind {
		case "global":
			r.global(s)
		case "peers", "mailers", "program", "ring", "log-forward":
			r.drop(s.Head, s.Kind+" sections are left out")
			for _, l := range s.Lines {
				r.drop(l, "")
			}
		case "defaults", "frontend", "backend", "listen":
			r.proxy(s, i)
		}
	}
	// First, since `log global` takes what stands above it.
	text := fmt.Sprintf("# lab: the log goes to the lab.\nglobal\n    log %s format raw local0 err\n\n", at.Syslog)
	end := ""
	if !strings.HasSuffix(string(v.ProxyFile.Text), "\n") {
		end = "\n" // else HAProxy takes the file for truncated
	}
	r.notes = append(r.notes, note{0, "log lines are replaced by the lab's, at level err"})
	return proxy.Config{Text: []byte(text + r.apply() + end), Rewrites: r.said()}, nil
}

// unwanted are what the lab sets itself, or its hosts do not have.
var unwanted = map[string][]string{
	"global": {
		"daemon", "master-worker", "chroot", "user", "group", "uid", "gid", "pidfile", "stats", "log",
		"nbproc", "cpu-map", "ulimit-n", "setcap", "unix-bind", "server-state-base", "server-state-file",
		"localpeer", "lua-load", "lua-load-per-thread", "51degrees-data-file",
	},
	"proxy": {"log", "errorfile", "errorfiles", "load-server-state-from-file", "email-alert", "use-fcgi-app"},
}

func (r *rewriter) global(s *haproxyconf.Section) {
	for _, l := range s.Lines {
		switch n, _ := strconv.Atoi(l.Arg(1)); {
		case slices.Contains(unwanted["global"], l.Name()):
			r.drop(l, "")
		case l.Is("maxconn") && n > r.at.MaxConn():
			r.word(l, 1, strconv.Itoa(r.at.MaxConn()))
			r.say(l, "maxconn is %d, what the limit of open files allows", r.at.MaxConn())
		}
	}
}

// proxy rewrites a section that clients or servers are in, or defaults of such.
func (r *rewriter) proxy(s *haproxyconf.Section, index int) {
	bound := false
	for _, l := range s.Lines {
		switch {
		case slices.Contains(unwanted["proxy"], l.Name()):
			r.drop(l, "")
		case l.Is("bind") && bound:
			r.drop(l, "")
		case l.Is("bind"):
			bound = true
			to := r.at.Listen.String()
			if s != r.frontend.Section {
				to = fmt.Sprintf("unix@%s/frontend%d.sock", r.at.RunDir, index)
			}
			r.rest(l, 1, to)
		case l.Is("source"):
			r.source(l, 1)
		case l.Is("stick-table"):
			r.without(l, 1, map[string]int{"peers": 1})
		case l.Is("server"):
			r.address(s, l, 2)
			r.without(l, 3, absent)
		case l.Is("server-template"):
			r.address(s, l, 3)
			r.without(l, 4, absent)
		case l.Is("default-server"):
			r.without(l, 1, absent)
		}
	}
	if s.Kind != "defaults" {
		end := s.Head.Words[len(s.Head.Words)-1].End
		r.edits = append(r.edits, edit{end, end, "\n    log global"})
	}
}

// absent are the words of a server line that ask for what the lab's backend does not have,
// with how many words follow. Checks take ports, and servers out; the laws are about
// requests.
var absent = map[string]int{
	"check": 0, "agent-check": 0, "check-ssl": 0, "check-send-proxy": 0, "check-sni": 1, "check-alpn": 1,
	"track": 1, "observe": 1, "ssl": 0, "verify": 1, "verifyhost": 1, "ca-file": 1, "crl-file": 1, "crt": 1,
	"sni": 1, "alpn": 1, "proto": 1, "npn": 1, "send-proxy": 0, "send-proxy-v2": 0, "send-proxy-v2-ssl": 0,
	"send-proxy-v2-ssl-cn": 0, "proxy-v2-options": 1, "resolvers": 1, "resolve-prefer": 1, "resolve-net": 1,
	"resolve-opts": 1, "init-addr": 1, "socks4": 1, "namespace": 1, "addr": 1,
}

// without takes words out of a line, and puts the lab's source in.
func (r *rewriter) without(l *haproxyconf.Line, from int, words map[string]int) {
	var out []string
	for i := from; i < len(l.Words); i++ {
		if l.Arg(i) == "source" {
			r.source(l, i+1)
			i++
			continue
		}
		n, ok := words[l.Arg(i)]
		if !ok {
			if slices.Contains([]string{"cookie", "id", "on-error", "weight", "maxconn"}, l.Arg(i)) {
				i++ // its value may be called like an option
			}
			continue
		}
		last := min(i+n, len(l.Words)-1)
		r.edits = append(r.edits, edit{l.Words[i-1].End, l.Words[last].End, ""})
		out = append(out, l.Arg(i))
		i = last
	}
	if out != nil {
		r.say(l, "left out: %s", strings.Join(out, ", "))
	}
}

// address puts the lab's in place of a server's: that of its destination.
func (r *rewriter) address(s *haproxyconf.Section, l *haproxyconf.Line, word int) {
	for _, b := range r.backends {
		for _, x := range b.Servers {
			if b.Section == s && x.Line == l {
				to := r.at.Backends[slices.Index(r.addresses, x.Destination())%len(r.at.Backends)].String()
				r.word(l, word, to)
				r.say(l, "%s is %s", x.Destination(), to)
			}
		}
	}
}

// source puts an address of the lab's proxy in place of the user's, and keeps the ports.
func (r *rewriter) source(l *haproxyconf.Line, word int) {
	if word >= len(l.Words) {
		return
	}
	host, ports := l.Arg(word), ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, ports = host[:i], host[i:]
	}
	to := r.at.Listen.Addr()
	if i := slices.Index(r.sources, host); i >= 0 && len(r.at.Sources) > 1 {
		to = r.at.Sources[i%len(r.at.Sources)]
	}
	r.word(l, word, to.String()+ports)
	r.say(l, "source %s is %s", host, to)
	if next := l.Arg(word + 1); next == "usesrc" || next == "interface" {
		last := min(word+2, len(l.Words)-1)
		r.edits = append(r.edits, edit{l.Words[word].End, l.Words[last].End, ""})
	}
}

func (r *rewriter) word(l *haproxyconf.Line, i int, text string) {
	r.edits = append(r.edits, edit{l.Words[i].Start, l.Words[i].End, text})
}

// rest puts a text in place of all words of a line from one on.
func (r *rewriter) rest(l *haproxyconf.Line, i int, text string) {
	if i >= len(l.Words) {
		return
	}
	r.edits = append(r.edits, edit{l.Words[i].Start, l.Words[len(l.Words)-1].End, text})
	r.say(l, "%s is %s", l.Name(), text)
}

func (r *rewriter) drop(l *haproxyconf.Line, why string) {
	at := l.Words[0].Start
	r.edits = append(r.edits, edit{at, at, "# lab: "})
	if why == "" {
		why = l.Name() + " is left out"
	}
	r.say(l, "%s", why)
}

func (r *rewriter) say(l *haproxyconf.Line, text string, args ...any) {
	r.notes = append(r.notes, note{l.Number, fmt.Sprintf(text, args...)})
}

// apply makes the edits.
func (r *rewriter) apply() string {
	slices.SortStableFunc(r.edits, func(a, b edit) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for _, e := range r.edits {
		if e.start < at {
			continue // inside of one that was made
		}
		b.Write(r.conf.Text[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.Write(r.conf.Text[at:])
	return b.String()
}

// said are the notes in the order of the lines.
func (r *rewriter) said() (texts []string) {
	slices.SortStableFunc(r.notes, func(a, b note) int { return a.line - b.line })
	for _, n := range r.notes {
		if n.line > 0 {
			n.text = fmt.Sprintf("%s:%d: %s", r.conf.Name, n.line, n.text)
		}
		texts = append(texts, n.text)
	}
	return texts
}
