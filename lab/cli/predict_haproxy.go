package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios/haproxyconf"
)

// predictHAProxy answers for the backend of a haproxy.cfg that requests reach. Where
// several do different things it asks for a name, as HAProxy's rules are not followed.
func predictHAProxy(t *terminal, q question, name string, text []byte, given func(string) bool) error {
	for _, flag := range ofNginx() {
		if given(flag) {
			return &usageError{fmt.Sprintf("--%s is about an nginx.conf, and %s is a haproxy.cfg: "+
				"--backend names what is asked of it", flag, name)}
		}
	}
	c, err := haproxyconf.Parse(name, text)
	if err != nil {
		return unread(t, lint.MistakeOf(name, err, map[string][]byte{name: text}))
	}
	report := lint.NewHAProxy(name, c)
	reached, sure := ownconf.Backends(c, q.file.backend)
	if !sure {
		return undecided(lint.Printable(t.stderr), q, report, len(reached))
	}
	b := reached[0]
	i := slices.IndexFunc(report.Routes, func(r lint.Route) bool { return r.Line == b.Head.Number })
	a := q.aboutBackend(b, report.Routes[i], given)
	if len(reached) > 1 {
		a.assumed = append(a.assumed, fmt.Sprintf("all requests reach %s: "+
			"the %d backends that clients reach do the same (--backend)",
			b.Name, len(reached)))
	}
	return q.say(t, a, nil, grave(report.Findings))
}

// undecided says that the file does not tell, and what to name.
func undecided(w io.Writer, q question, r *lint.Report, reached int) error {
	code := verdict.ExitUndecided
	switch {
	case q.file.backend != "":
		code = verdict.ExitUnexpected
		fmt.Fprintf(w, "lab99 predict: --backend %s: %s has no backend of that name with a server\n",
			q.file.backend, r.File)
	case reached == 0:
		code = verdict.ExitUnexpected
		fmt.Fprintf(w, "lab99 predict: a request reaches no backend: no frontend of %s leads to one with a server\n",
			r.File)
	default:
		fmt.Fprintf(w, "lab99 predict: which backend a request reaches cannot be told: "+
			"clients reach %d of %s, which do different things\n",
			reached, r.File)
	}
	if len(r.Routes) == 0 {
		return exitError(code)
	}
	fmt.Fprintln(w)
	lint.WriteBackends(w, r.Routes)
	fmt.Fprint(w, "\nAsk about one of them:\n")
	for _, x := range r.Routes[:min(len(r.Routes), fewRoutes)] {
		fmt.Fprintf(w, "  --backend %s  for %s:%d\n", x.Upstream, r.File, x.Line)
	}
	return exitError(code)
}

// aboutBackend is the answer for one backend. A flag that was given outranks the file.
func (q question) aboutBackend(b *haproxyconf.Backend, row lint.Route, given func(string) bool) *fileAnswer {
	base := q.setup
	base.TwReuse = q.twReuse() // the kernel's default
	if q.workers == 0 {
		base.Workers = anyWorkers
	}
	q.by = ofKind{name: lint.KindHAProxy, kind: proxy.Named(lint.KindHAProxy)}
	q.by.policy = &proxy.Policy{Name: b.Name, Words: "mode " + b.Mode, Laws: b.Conduct()}
	for _, p := range q.by.kind.(proxy.Governed).Policies() {
		if p.Laws == q.by.policy.Laws { // it would be compared with itself
			q.by.policy.Name = p.Name
		}
	}
	frontends := ""
	if names := strings.Split(row.Server, ", "); len(b.From) > 0 {
		frontends = ", by " + format.List(names)
	}
	a := &fileAnswer{
		told:  ownconf.OfHAProxy(b, base),
		proxy: "HAProxy",
		title: fmt.Sprintf("%s:%d: backend %s%s", row.File, row.Line, b.Name, frontends),
		route: predictedRoute{
			File:          row.File,
			Line:          row.Line,
			Server:        row.Server,
			Protocol:      string(row.Protocol),
			Upstream:      b.Name,
			Ports:         row.Ports,
			Destinations:  row.Destinations,
			HeaviestShare: row.HeaviestShare,
			Tries:         row.Tries,
		},
	}
	a.least, a.most = 1, 1
	if q.kernel != nil {
		a.ofKernel(q.kernel, base.TwReuse)
	}
	a.overrule(q.setup, row.HeaviestShare, given)
	q.by.bare = a.told.Setup
	if a.told.Case == ownconf.NoPorts {
		a.told.Setup.CloseShare, a.told.Setup.InFlight = 0, 0
	}
	a.ask(q)
	return a
}
