package nginx

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// understand says what a configuration of the user's own does with the load, as
// the lab runs it: with its addresses, by a release of nginx. It is nil where the
// configuration cannot be run at all; who renders it says why.
func understand(v scenarios.Variant, release string) *scenarios.Own {
	at := proxy.Example(v)
	at.Version = release
	r, err := newRewriter(v, at)
	if err != nil || r.run() != nil {
		return nil
	}
	lab, err := r.rewritten()
	if err != nil {
		return &scenarios.Own{Unknown: err.Error()}
	}
	known, err := nginxconf.ParseRelease(release)
	if err != nil {
		return &scenarios.Own{Unknown: err.Error()}
	}
	answer := lab.Select(known, request(v, at))
	own := &scenarios.Own{Release: release, Routes: r.routes(known)}
	own.Workers, _ = ownconf.Workers(lab)
	for _, f := range r.conf.Findings(nginxconf.Release{}) { // directives newer than the lab's nginx are taken out
		if f.Level == nginxconf.Error {
			own.Wrong = append(own.Wrong, fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text))
		}
	}
	if answer.Kind != nginxconf.AnswerRoute {
		own.Answer = r.notPassed(known, answer, own.Routes)
		return own
	}
	route := answer.Routes[0]
	own.Passed = true
	own.Answer = fmt.Sprintf("%s is passed on by %s", v.Load.Path, r.original(route.Pass))
	if n := len(answer.Routes); n > 1 {
		own.Unknown = fmt.Sprintf("%s may lead to %d backends, and each request decides", r.original(route.Pass), n)
		return own
	}
	if route.Unknown != "" {
		own.Unknown = route.Unknown
		return own
	}
	for _, x := range answer.Also {
		if x.Ports() && x.Pool.State != nginxconf.PoolWorks {
			own.Unknown = fmt.Sprintf("every request is passed on a second time, by %s, over a connection of its own",
				r.original(x.Pass))
			return own
		}
	}
	r.describe(own, route)
	return own
}

// request is the load's.
func request(v scenarios.Variant, at proxy.Site) nginxconf.Request {
	return nginxconf.Request{
		Address: at.Listen.Addr().String(), Port: int(at.Listen.Port()), Method: v.Load.Method, Path: v.Load.Path,
		Host: cmp.Or(v.Load.Host, at.Listen.String()), NoFiles: true,
	}
}

// describe puts a route into the words of the laws.
func (r *rewriter) describe(own *scenarios.Own, route *nginxconf.Route) {
	if route.Protocol != nginxconf.HTTP && route.Protocol != nginxconf.HTTPS {
		own.Unknown = r.original(route.Pass) + " is not supported: the lab's backend speaks HTTP/1.1"
		return
	}
	told := ownconf.Of(route, law.Setup{})
	if told.Case == ownconf.NoPeer {
		own.Passed = false
		own.Answer += fmt.Sprintf(", and every server of upstream %s is down: nginx answers 502 by itself",
			route.Upstream.Name)
		return
	}
	own.Laws = told.Setup
	switch route.Pool.State {
	case nginxconf.PoolWorks:
		own.IdleFor = route.Pool.Timeout
		own.Pool = fmt.Sprintf("nginx keeps %d idle upstream connections in each worker, its default", route.Pool.Size)
		if d := route.Pool.Directive; d != nil {
			own.Pool = r.original(d) + " works"
		}
	case nginxconf.PoolInert:
		own.Pool = "the pool is not used"
		if d := route.Pool.Directive; d != nil {
			own.Pool = r.original(d) + " does nothing"
		}
		own.Pool += ": " + route.Pool.Why
	}
	if route.ClosesFirst == nginxconf.ClosedInRace {
		own.Closes = fmt.Sprintf("nginx speaks HTTP/%s to the backend (%s)",
			route.HTTPVersion, r.original(route.VersionBy))
		if h := route.Header; strings.EqualFold(h.Value, "close") && route.HTTPVersion != "1.0" {
			own.Closes = fmt.Sprintf("nginx asks for every connection to be closed (%s)", r.original(h.Directive))
		}
	}
	if route.Newer != nil {
		own.Differs = fmt.Sprintf("the configuration leaves the protocol towards the backend, or the pool, "+
			"to the release, and nginx %s changed both; which release it is, is not known: "+
			"the prediction is for an older one",
			nginxconf.Pooling)
	}
	own.Binds = len(r.sources)
	if mine := r.mine(route); mine != nil {
		own.Servers = len(mine.Destinations())
		own.Secure, own.Unix = mine.Protocol == nginxconf.HTTPS, !mine.Ports()
		own.Loopback = mine.Upstream != nil && slices.ContainsFunc(mine.Upstream.Peers, nginxconf.Peer.Loopback)
	}
	for _, d := range route.Limits {
		if strings.HasPrefix(d.Name(), "limit_") {
			own.Limited = r.original(d) + " may turn requests away that the figures count: " +
				"the lab's load comes from one address"
		}
	}
	if c := route.Cache; c != nil {
		own.Cached = r.original(c.Directive) + " may answer in the backend's place"
	}
	for _, e := range route.Hides {
		if e.Hidden() {
			own.Hidden = r.original(e.Directive) + " keeps failures from clients"
		}
	}
}

// mine is a route of the rewritten configuration in the user's file: there its
// peers may be sockets, speak TLS, or be on the proxy's own host.
func (r *rewriter) mine(route *nginxconf.Route) *nginxconf.Route {
	pass := r.asWritten(route.Pass)
	for _, x := range r.written() {
		if x.Pass == pass {
			return x
		}
	}
	return nil
}

// rewritten is the configuration as the lab runs it, read again.
func (r *rewriter) rewritten() (*nginxconf.Config, error) {
	files, main := r.files(), filepath.Join(r.site.Dir, confFile)
	c, err := nginxconf.Load(main, nginxconf.Options{
		Text: []byte(r.apply(r.main())),
		Open: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return text, nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("what the lab made of %s cannot be read: %w", r.file.Label, err)
	}
	names := map[string]string{main: r.main().Name}
	for t, name := range r.shipped {
		names[r.site.Dir+"/"+name] = t.Name
	}
	for _, t := range c.Files {
		if name := names[t.Name]; name != "" {
			t.Name = name
		}
	}
	return c, nil
}

// original is a directive of the rewritten configuration as the user wrote it,
// with its place.
func (r *rewriter) original(d *nginxconf.Directive) string {
	if d == nil {
		return "nginx's default"
	}
	d = r.asWritten(d)
	return fmt.Sprintf("%s: %s", d.Pos(), d.Source())
}

// asWritten is the user's directive that one of the rewritten configuration comes
// from, or that itself where the lab added it. Lines stay, and so does the order of
// those of a name in a line.
func (r *rewriter) asWritten(d *nginxconf.Directive) *nginxconf.Directive {
	inLine := func(t *nginxconf.Tree) []*nginxconf.Directive {
		return slices.DeleteFunc(all(t.Root, d.Name()), func(x *nginxconf.Directive) bool { return x.Line != d.Line })
	}
	for _, t := range r.trees {
		if t.Name != d.Tree.Name || t == d.Tree {
			continue
		}
		// Counted from the last one: what the lab adds goes first.
		mine, labs := inLine(t), inLine(d.Tree)
		i := slices.Index(labs, d)
		if n := len(mine) - len(labs) + i; i >= 0 && n >= 0 {
			return mine[n]
		}
	}
	return d
}

// routes are those of the user's file that pass requests on over HTTP.
func (r *rewriter) routes(release nginxconf.Release) (all []string) {
	seen := map[string]bool{}
	for _, x := range r.conf.Routes(release) {
		text := fmt.Sprintf("%s: %s of %s: %s", x.Pass.Pos(), x.LocationName(), x.Server.Name(), x.Pass.Source())
		if x.Location != nil && !seen[text] {
			all, seen[text] = append(all, text), true
		}
	}
	return all
}

// maxTold is how much of an answer that stands in the file is quoted.
const maxTold = 80

// notPassed says who answers in a backend's place, and what would reach one.
func (r *rewriter) notPassed(release nginxconf.Release, a nginxconf.Answer, routes []string) string {
	text := fmt.Sprintf("%s is answered by nginx itself", r.v.Load.Path)
	if a.By != nil {
		by := []rune(r.original(a.By))
		if len(by) > maxTold {
			by = append(by[:maxTold], '…')
		}
		text += ", " + string(by)
	}
	all := r.conf.Routes(release)
	for _, x := range all[:min(len(all), mostTried)] {
		if set := r.reaching(release, x); set != "" {
			return fmt.Sprintf("%s; the file passes on %s (%s): %s", text, x.LocationName(), x.Pass.Pos(), set)
		}
	}
	if len(routes) > 0 {
		text += "; the file passes on " + routes[0]
	}
	return text
}

// mostTried is for how many routes of a file a load is looked for that reaches one.
const mostTried = 8

// reaching is how the load is made to reach a route, by flags; "" where that is not
// known.
func (r *rewriter) reaching(release nginxconf.Release, route *nginxconf.Route) string {
	host, path, ok := ownconf.Ask(r.conf, release, route)
	if !ok || route.Pass.Name() != "proxy_pass" || strings.ContainsAny(path, " \t\r\n#'\"$\\") {
		return ""
	}
	host, _, _ = strings.Cut(host, ":")
	for _, h := range []string{r.v.Load.Host, host} {
		v, set := r.v, "--set load.path="+path
		if v.Load.Path, v.Load.Host = path, h; h != r.v.Load.Host {
			set += " --set load.host=" + h
		}
		pass := passOf(v, r.site, release)
		if pass != nil && pass.Tree.Name == route.Pass.Tree.Name && pass.Start == route.Pass.Start {
			return set
		}
	}
	return ""
}

// passOf is the pass that a load reaches in the lab, as the user wrote it, or nil.
func passOf(v scenarios.Variant, at proxy.Site, release nginxconf.Release) *nginxconf.Directive {
	r, err := newRewriter(v, at)
	if err != nil || r.run() != nil {
		return nil
	}
	lab, err := r.rewritten()
	if err != nil {
		return nil
	}
	a := lab.Select(release, request(v, at))
	if a.Kind != nginxconf.AnswerRoute {
		return nil
	}
	return r.asWritten(a.Routes[0].Pass)
}
