package nginx

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// rewriteFor puts the lab's addresses into a configuration of the user's own,
// and says, a line each, what it changed.
//
// What changes is what the lab cannot do without, and every line keeps its
// number, so that nginx's messages fit the user's file:
//
//   - inside http{}, each `proxy_pass http://HOST[:PORT]` that does not name an
//     upstream block and each `server` of an upstream block gets a backend
//     address in place of its own;
//   - a server block that proxies listens where the lab's clients connect, any
//     other one on a socket in the lab's run directory, out of the way;
//   - pid and error_log are the lab's, nginx stays in the foreground and runs
//     as root, the one account every image has;
//   - TLS is taken out: the lab speaks plain HTTP on both sides.
//
// Timeouts, pools, retries, limits, headers: all that makes the configuration
// what it is stays. Included files are not read.
func rewriteFor(v scenarios.Variant, at proxy.Site) ([]byte, []string, error) {
	r := &rewriter{file: v.ProxyFile, text: string(v.ProxyFile.Text), site: at}
	r.site.ErrorLog = cmp.Or(at.ErrorLog, "stderr")
	if len(at.Backends) == 0 {
		return nil, nil, errors.New("no backend address to put into " + r.file.Label)
	}
	text, err := r.run()
	if err != nil {
		return nil, nil, err
	}
	if v.Proxy.Keepalive > 0 {
		r.notes = append(r.notes, note{0, fmt.Sprintf("proxy.keepalive: %d has no effect on a configuration of your own: "+
			"write `keepalive %[1]d` into an upstream block of a copy, and give this variant that file", v.Proxy.Keepalive)})
	}
	if v.Proxy.Workers > 1 {
		r.notes = append(r.notes, note{0, fmt.Sprintf("proxy.workers: %d has no effect on a configuration of your own: its worker_processes stays", v.Proxy.Workers)})
	}
	slices.SortStableFunc(r.notes, func(a, b note) int { return a.line - b.line })
	var notes []string
	for _, n := range r.notes {
		if n.line > 0 {
			n.text = fmt.Sprintf("%s:%d: %s", r.file.Label, n.line, n.text)
		}
		if !slices.Contains(notes, n.text) {
			notes = append(notes, n.text)
		}
	}
	return []byte(text), notes, nil
}

type rewriter struct {
	file *scenarios.ConfigFile
	text string
	site proxy.Site

	upstreams   []string // names of the upstream blocks
	group       string   // the lab's own upstream block, made when a bare proxy_pass meets several backends
	substituted int      // addresses
	edits       []edit
	notes       []note
	left        []string // what could have named a backend and was not touched
}

type edit struct {
	start, end int
	text       string
}

type note struct {
	line int // 0: about no line
	text string
}

func (r *rewriter) run() (string, error) {
	root, err := parse(r.text)
	if err != nil {
		var s *syntaxError
		errors.As(err, &s)
		return "", r.file.Mistake(s.offset, "not a valid nginx configuration: "+s.msg, "check it with nginx -t")
	}
	r.everywhere(root)
	http := 0 // where it is, for what is missing in it
	for _, d := range root {
		if d.name() == "http" && d.open > 0 {
			http = d.start
			r.http(d)
		}
	}
	if r.substituted == 0 {
		hint := "the lab rewrites `proxy_pass http://HOST[:PORT]` and the `server HOST[:PORT]` of upstream blocks, inside http{}"
		if len(r.left) > 0 {
			hint += "; this file has " + strings.Join(r.left, ", ") + ": write the backend out in this file"
		}
		return "", r.file.Mistake(http, "no backend address found to put the lab's in place of", hint)
	}
	r.edits = append(r.edits, edit{0, 0, fmt.Sprintf("daemon off; user root; pid %s/nginx.pid; error_log %s error; ", r.site.RunDir, r.site.ErrorLog)})
	r.notes = append(r.notes, note{1, "daemon, user, pid and error_log are set to the lab's"})
	return r.apply(), nil
}

// everywhere takes out what the lab sets itself, at any depth: an error_log
// left in a location would hide the very lines that are counted.
func (r *rewriter) everywhere(ds []*directive) {
	for _, d := range ds {
		name := d.name()
		switch {
		case d.open > 0:
			r.everywhere(d.block)
		case slices.Contains([]string{"daemon", "user", "pid", "error_log"}, name):
			r.remove(d, r.source(d)+" is taken out")
		case name == "ssl" || strings.HasPrefix(name, "ssl_") || strings.HasPrefix(name, "proxy_ssl_"):
			r.remove(d, r.source(d)+" is taken out: the lab speaks plain HTTP")
		case name == "include":
			r.left = append(r.left, fmt.Sprintf("%s in line %d, which is not read", r.source(d), r.line(d.start)))
			r.notes = append(r.notes, note{r.line(d.start), r.source(d) + " is left as it is and not read: addresses in it stay"})
		}
	}
}

func (r *rewriter) http(http *directive) {
	for _, d := range http.block {
		if d.name() == "upstream" && d.open > 0 {
			r.upstreams = append(r.upstreams, d.arg(1))
		}
	}
	for _, d := range http.block {
		if d.name() == "upstream" && d.open > 0 {
			r.upstream(d)
		}
	}
	r.passes(http.block)
	r.servers(http.block)
	if r.group != "" {
		var b strings.Builder
		fmt.Fprintf(&b, " upstream %s {", r.group)
		for _, a := range r.site.Backends {
			fmt.Fprintf(&b, " server %s;", a)
		}
		if pools, known := poolsByDefault(r.site.Version); pools || !known {
			b.WriteString(" keepalive 0;") // a bare proxy_pass has no pool, so its group must not get one by default
		}
		r.edits = append(r.edits, edit{http.open, http.open, b.String() + " }"})
		r.notes = append(r.notes, note{r.line(http.start), "upstream " + r.group + " is added for the backend's addresses"})
	}
}

// upstream gives each server of a group an address in turn, and the last one's
// parameters to the addresses left over.
func (r *rewriter) upstream(group *directive) {
	var last *directive
	n := 0
	for _, d := range group.block {
		if d.name() != "server" || len(d.words) < 2 {
			continue
		}
		r.address(d.words[1], d, r.site.Backends[n%len(r.site.Backends)].String())
		last = d
		n++
	}
	if n > len(r.site.Backends) {
		r.notes = append(r.notes, note{r.line(group.start), fmt.Sprintf("upstream %s: %d servers share %d address(es), and with them the source ports: backend.addresses=%d gives each its own",
			group.arg(1), n, len(r.site.Backends), n)})
	}
	if last == nil {
		return
	}
	for ; n < len(r.site.Backends); n++ {
		added := " server " + r.site.Backends[n].String()
		for _, w := range last.words[2:] {
			if w.text != "backup" && w.text != "down" {
				added += " " + r.text[w.start:w.end]
			}
		}
		r.edits = append(r.edits, edit{last.end, last.end, added + ";"})
		r.notes = append(r.notes, note{r.line(last.start), strings.TrimSpace(added) + " is added"})
	}
}

var (
	passRE = regexp.MustCompile(`^(?i:https?)://([^/]+)(/.*)?$`)
	unixRE = regexp.MustCompile(`^(?i:https?)://unix:[^:$]+(?::(/.*))?$`)
)

// passes rewrites every proxy_pass below.
func (r *rewriter) passes(ds []*directive) {
	for _, d := range ds {
		r.passes(d.block)
		if d.name() != "proxy_pass" || len(d.words) != 2 {
			continue
		}
		url := d.arg(1)
		host, uri := "", ""
		if m := unixRE.FindStringSubmatch(url); m != nil {
			uri = m[1]
		} else if m := passRE.FindStringSubmatch(url); m != nil {
			host, uri = m[1], m[2]
		} else {
			r.leave(d)
			continue
		}
		switch {
		case strings.Contains(host, "$"), strings.HasPrefix(host, "unix:"):
			r.leave(d)
		case slices.Contains(r.upstreams, host):
			if strings.HasPrefix(strings.ToLower(url), "https") {
				r.address(d.words[1], d, "http://"+host+uri)
				r.substituted-- // the address is the group's
			}
		default:
			to := r.site.Backends[0].String()
			if len(r.site.Backends) > 1 {
				to = r.ownGroup()
			}
			r.address(d.words[1], d, "http://"+to+uri)
		}
	}
}

func (r *rewriter) leave(d *directive) {
	r.left = append(r.left, fmt.Sprintf("%s in line %d", r.source(d), r.line(d.start)))
	r.notes = append(r.notes, note{r.line(d.start), r.source(d) + " is left as it is: its address is not written out"})
}

// ownGroup names the group for bare proxy_pass directives.
func (r *rewriter) ownGroup() string {
	if r.group == "" {
		for r.group = "lab99"; slices.Contains(r.upstreams, r.group); {
			r.group += "_"
		}
	}
	return r.group
}

// servers moves the server blocks to the addresses they can have in the lab.
// The first proxying one that was a default server, else the first proxying
// one, gets the lab's requests.
func (r *rewriter) servers(ds []*directive) {
	var proxying, aside []*directive
	for _, d := range ds {
		switch {
		case d.name() != "server" || d.open == 0:
		case d.contains("proxy_pass"):
			proxying = append(proxying, d)
		default:
			aside = append(aside, d)
		}
	}
	for i, d := range aside {
		r.listen(d, fmt.Sprintf("unix:%s/aside-%d.sock", r.site.RunDir, i+1))
	}
	first := max(0, slices.IndexFunc(proxying, wasDefault))
	for i, d := range proxying {
		to := r.site.Listen.String()
		if i == first {
			to += " default_server"
		}
		r.listen(d, to)
	}
}

func wasDefault(server *directive) bool {
	return slices.ContainsFunc(server.block, func(d *directive) bool {
		return d.name() == "listen" && slices.ContainsFunc(d.words, func(w word) bool { return w.text == "default_server" || w.text == "default" })
	})
}

// listen leaves a server block one listen directive.
func (r *rewriter) listen(server *directive, to string) {
	done := false
	for _, d := range server.block {
		switch {
		case d.name() != "listen" || d.open > 0:
		case done:
			r.remove(d, r.source(d)+" is taken out")
		default:
			r.replace(d.start, d.end, "listen "+to+";")
			r.notes = append(r.notes, note{r.line(d.start), r.source(d) + " becomes listen " + to})
			done = true
		}
	}
	if !done {
		r.edits = append(r.edits, edit{server.open, server.open, " listen " + to + ";"})
		r.notes = append(r.notes, note{r.line(server.start), "listen " + to + " is added"})
	}
}

// address replaces a word that names a backend.
func (r *rewriter) address(w word, d *directive, to string) {
	if strings.ContainsAny(to, " \t;{}\"'\\") { // a URI that was quoted stays quoted
		to = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(to) + `"`
	}
	r.substituted++
	r.replace(w.start, w.end, to)
	r.notes = append(r.notes, note{r.line(d.start), fmt.Sprintf("%s %s becomes %s", d.name(), r.text[w.start:w.end], to)})
}

// replace keeps the line breaks of what it replaces.
func (r *rewriter) replace(start, end int, text string) {
	r.edits = append(r.edits, edit{start, end, text + strings.Repeat("\n", strings.Count(r.text[start:end], "\n"))})
}

func (r *rewriter) remove(d *directive, why string) {
	r.replace(d.start, d.end, "")
	r.notes = append(r.notes, note{r.line(d.start), why})
}

// source is a directive as it was written, on one line.
func (r *rewriter) source(d *directive) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(r.text[d.start:d.end]), " "), ";")
}

func (r *rewriter) line(offset int) int { return 1 + strings.Count(r.text[:offset], "\n") }

// apply makes the edits. They do not overlap; an insertion may stand where a
// replacement begins, and goes first.
func (r *rewriter) apply() string {
	slices.SortStableFunc(r.edits, func(a, b edit) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	var b strings.Builder
	at := 0
	for _, e := range r.edits {
		b.WriteString(r.text[at:e.start] + e.text)
		at = e.end
	}
	b.WriteString(r.text[at:])
	return b.String()
}
