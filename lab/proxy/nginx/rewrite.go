package nginx

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// rewriteFor puts the lab's addresses into a configuration of the user's own,
// and says, a line each, what it changed.
//
// What decides on connections stays: pools, versions, headers, retries, weights,
// limits, timeouts. What changes is what the lab cannot do without, and every
// line keeps its number, so that nginx's messages fit the user's file:
//
//   - addresses of backends, in upstream blocks, passes and the values of
//     variables that passes name (peers.go, values.go), and of proxy_bind
//     (bind.go);
//   - where servers listen (listen.go);
//   - what the lab sets itself, what its hosts do not have, and TLS towards
//     clients (remove.go);
//   - includes: those beside the file come along and are rewritten as well,
//     files that every nginx brings are supplied (include.go).
func rewriteFor(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if len(at.Backends) == 0 {
		return proxy.Config{}, errors.New("no backend address to put into " + v.ProxyFile.Label)
	}
	r, err := newRewriter(v, at)
	if err != nil {
		return proxy.Config{}, err
	}
	if err := r.run(); err != nil {
		return proxy.Config{}, err
	}
	return proxy.Config{Text: []byte(r.apply(r.main())), More: r.files(), Rewrites: r.said()}, nil
}

// readOwn reads a configuration of the user's own, with what lies beside it.
func readOwn(file *scenarios.ConfigFile) (*nginxconf.Config, error) {
	o := nginxconf.Options{Text: file.Text}
	if !file.OnDisk {
		o.Open = func(path string) ([]byte, error) {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
	}
	c, err := nginxconf.Load(file.Label, o)
	if s := (*nginxconf.SyntaxError)(nil); errors.As(err, &s) {
		msg := "not a valid nginx configuration: " + s.Msg
		if s.Want != "" {
			msg += ", expected " + s.Want
		}
		hint := cmp.Or(s.Hint, "check it with nginx -t")
		if s.File == file.Label {
			return nil, file.Mistake(s.Offset, msg, hint)
		}
		return nil, &scenarios.Error{File: s.File, Line: s.Line, Column: s.Column, Msg: msg, Hint: hint}
	}
	return c, err
}

type rewriter struct {
	v    scenarios.Variant
	file *scenarios.ConfigFile
	conf *nginxconf.Config
	site proxy.Site

	written func() []*nginxconf.Route // what conf passes on, whatever the release

	trees       []*nginxconf.Tree // the files that are rewritten, the main one first
	upstreams   []string          // names of the upstream blocks, in lower case
	group       string            // the lab's own upstream block, made when a bare proxy_pass meets several backends
	substituted int               // addresses
	edits       map[*nginxconf.Tree][]edit
	shipped     map[*nginxconf.Tree]string // included files by their name in the lab
	supplied    map[string][]byte          // files that every nginx brings, and an include wants
	hosts       map[string][]hostUse       // passes, and values in between, by the variable that is their host
	sources     map[string]string          // source addresses of the file, and the lab's in their place
	notes       []note
	left        []string // what could have named a backend and was not touched
}

type edit struct {
	start, end int
	text       string
}

type note struct {
	at   *nginxconf.Directive // nil: about no line
	text string
}

func newRewriter(v scenarios.Variant, at proxy.Site) (*rewriter, error) {
	at.ErrorLog = cmp.Or(at.ErrorLog, "stderr")
	conf, err := readOwn(v.ProxyFile)
	if err != nil {
		return nil, err
	}
	return &rewriter{
		written:  sync.OnceValue(func() []*nginxconf.Route { return conf.Routes(nginxconf.Release{}) }),
		v:        v,
		file:     v.ProxyFile,
		conf:     conf,
		trees:    read(conf.Files[0]),
		site:     at,
		edits:    map[*nginxconf.Tree][]edit{},
		shipped:  map[*nginxconf.Tree]string{},
		supplied: map[string][]byte{},
		sources:  map[string]string{},
		hosts:    map[string][]hostUse{},
	}, nil
}

func (r *rewriter) main() *nginxconf.Tree { return r.conf.Files[0] }

func (r *rewriter) run() error {
	if r.main().ByteOrderMark {
		return r.file.Mistake(0, "the file begins with a byte order mark, and nginx refuses it",
			"save it as UTF-8 without one")
	}
	if r.conf.Fragment == "stream" {
		return r.file.Mistake(0, "servers of stream{} are not supported: the lab's load is HTTP",
			"`lab99 lint` says what they do to ports")
	}
	if err := r.computed(); err != nil {
		return err
	}
	for _, t := range r.trees {
		r.everywhere(t.Root)
	}
	groups := r.blocks("upstream")
	for _, d := range groups {
		r.upstreams = append(r.upstreams, strings.ToLower(d.Arg(1)))
	}
	for _, d := range groups {
		r.upstream(d)
	}
	r.passes()
	r.others()
	r.values()
	r.binds()
	r.servers()
	if r.substituted == 0 || !r.passing() {
		return r.nothingToPut()
	}
	r.wrap()
	return r.supported()
}

// passing says whether any server passes requests on over HTTP.
func (r *rewriter) passing() bool {
	return slices.ContainsFunc(r.written(), func(x *nginxconf.Route) bool {
		return x.Pass.Name() == "proxy_pass" && !x.Server.Stream
	})
}

// inGroup says whether a pass leads to an upstream block, whose servers are the
// lab's.
func (r *rewriter) inGroup(pass *nginxconf.Directive) bool {
	return slices.ContainsFunc(r.written(), func(x *nginxconf.Route) bool {
		return x.Pass == pass && x.Upstream != nil && x.Upstream.Directive != nil
	})
}

// wrap sets what the lab sets, and makes a whole of a part.
func (r *rewriter) wrap() {
	t := r.main()
	head := fmt.Sprintf("daemon off; user root; pid %s/nginx.pid; error_log %s error; ", r.site.RunDir, r.site.ErrorLog)
	text := "daemon, user, pid and error_log are set to the lab's"
	switch r.conf.Fragment {
	case "http":
		head += "events {} http { "
		text += "; the file is a part of a configuration: events {} and http { … } are put around it"
		r.insert(t, len(t.Text), "\n}")
	case "server":
		head += fmt.Sprintf("events {} http { server { listen %s default_server; ", r.site.Listen)
		text += "; the file is a part of a configuration: events {}, http { … } and server { … } are put around it"
		r.insert(t, len(t.Text), "\n}}")
	case "location":
		head += fmt.Sprintf("events {} http { server { listen %s default_server; location / { ", r.site.Listen)
		text += "; the file is a part of a configuration: " +
			"events {}, http { … }, server { … } and location / { … } are put around it"
		r.insert(t, len(t.Text), "\n}}}")
	}
	if r.group != "" {
		var b strings.Builder
		fmt.Fprintf(&b, " upstream %s {", r.group)
		for _, a := range r.site.Backends {
			fmt.Fprintf(&b, " server %s max_fails=0;", a) // the user did not ask for peers to be taken out
		}
		if pools, known := poolsByDefault(r.site.Version); pools || !known {
			b.WriteString(" keepalive 0;") // a bare proxy_pass has no pool, so its group must not get one by default
		}
		group := b.String() + " } "
		if r.conf.Fragment != "" {
			head = strings.Replace(head, "http { ", "http {"+group, 1)
		} else {
			for _, http := range r.blocks("http") {
				r.insert(http.Tree, http.Open, group)
				break
			}
		}
		text += "; upstream " + r.group + " is added for the backend's addresses"
	}
	r.edits[t] = append(r.edits[t], edit{0, 0, head})
	r.notes = append(r.notes, note{nil, text})
}

// said are the notes in the order of the lines, each once.
func (r *rewriter) said() []string {
	if r.v.Proxy.Keepalive > 0 {
		r.notes = append(r.notes, note{nil, fmt.Sprintf("proxy.keepalive: %d has no effect on a configuration "+
			"of your own: write `keepalive %[1]d` into an upstream block of a copy, and give this variant that file",
			r.v.Proxy.Keepalive)})
	}
	if r.v.Proxy.Workers > 1 {
		r.notes = append(r.notes, note{nil, fmt.Sprintf(
			"proxy.workers: %d has no effect on a configuration of your own: its worker_processes stays",
			r.v.Proxy.Workers)})
	}
	place := func(n note) (file, line int) {
		if n.at == nil {
			return -1, 0 // those about no line come first
		}
		return slices.Index(r.conf.Files, n.at.Tree), n.at.Line
	}
	slices.SortStableFunc(r.notes, func(a, b note) int {
		aFile, aLine := place(a)
		bFile, bLine := place(b)
		return cmp.Or(aFile-bFile, aLine-bLine)
	})
	var texts []string
	said := map[string]bool{}
	for _, n := range r.notes {
		if n.at != nil {
			n.text = n.at.Pos() + ": " + n.text
		}
		if !said[n.text] {
			texts, said[n.text] = append(texts, n.text), true
		}
	}
	return texts
}
