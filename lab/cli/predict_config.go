package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// ofFile is what a question about a configuration has besides its figures.
type ofFile struct {
	configFlags
	config, host, path, backend string
}

func (o *ofFile) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.config, "config", "", "`nginx.conf` that K, f, pool and sources are taken from, or the output "+
		"of nginx -T, or a haproxy.cfg; - is standard input")
	fs.StringVar(&o.path, "path", "/", "`path` of the requests, for --config")
	fs.StringVar(&o.host, "host", "", "`host` of the requests, host:port or :port, for --config (default the "+
		"default server)")
	fs.StringVar(&o.backend, "backend", "", "`name` of the backend that the requests reach, for --config haproxy.cfg")
	o.configFlags.register(cmd)
	_ = cmd.MarkFlagFilename("config")
	completeFlag(cmd, "path", cobra.NoFileCompletions)
	completeFlag(cmd, "host", cobra.NoFileCompletions)
	completeFlag(cmd, "backend", cobra.NoFileCompletions)
}

func (o *ofFile) check(given func(string) bool) error {
	for _, flag := range append(ofNginx(), "backend") {
		if given(flag) && o.config == "" {
			return &usageError{fmt.Sprintf("--%s is about a configuration: name it with --config nginx.conf", flag)}
		}
	}
	if !strings.HasPrefix(o.path, "/") {
		return &usageError{fmt.Sprintf("--path %s: a path that begins with / is expected", o.path)}
	}
	return nil
}

// ofNginx are the flags that only an nginx.conf has a use for.
func ofNginx() []string { return []string{"path", "host", "nginx", "prefix", "follow"} }

// fileAnswer is the answer for a route, or for a backend of HAProxy.
type fileAnswer struct {
	answer
	told        ownconf.Told
	title       string // where it stands, and what it is
	proxy       string // how people call what it is a file of
	route       predictedRoute
	least, most float64  // new connections per request that the pool leaves
	assumed     []string // a sentence each
}

// predictFile answers for the route that a request takes.
func predictFile(t *terminal, q question, given func(string) bool) error {
	release, err := q.file.release()
	if err != nil {
		return err
	}
	name, text, m := q.file.read(t, q.file.config)
	if m == nil && haproxyconf.Recognise(text) {
		return predictHAProxy(t, q, name, text, given)
	}
	if given("backend") {
		return &usageError{fmt.Sprintf("--backend is about a haproxy.cfg, and %s is an nginx.conf: "+
			"--host and --path say what is asked of it", name)}
	}
	var config *nginxconf.Config
	if m == nil {
		config, m = q.file.parse(name, text)
	}
	if m != nil {
		return unread(t, m)
	}
	c := ownconf.Choose(config, release, q.file.host, q.file.path)
	if len(c.Routes) == 0 {
		return unanswered(lint.Printable(t.stderr), q, config, release, c)
	}
	a := q.worst(config, c.Routes, given)
	a.assumed = slices.Concat(c.Assumed, a.assumed, a.also(c.Also))
	if text := ignored(config, a.told.Route.Server); text != "" {
		a.assumed = append(a.assumed, text)
	}
	if r := a.told.Route; len(c.Routes) == 1 && targets(config.Routes(release), r.Pass) > 1 {
		a.assumed = append(a.assumed, fmt.Sprintf("requests are plain GETs without cookies: %s comes to %s "+
			"then", format.List(variables(r)), r.Target))
	}
	var newer *fileAnswer
	if len(c.Newer) > 0 && a.told.Case == ownconf.TakesPorts {
		newer = q.worst(config, c.Newer, given)
	}
	return q.say(t, a, newer, grave(lint.New(name, config, release).Findings))
}

// ignored says which servers nginx ignores as it has another one of their names; "" for none.
func ignored(config *nginxconf.Config, first *nginxconf.Server) string {
	var at []string
	for _, s := range config.Ignored() {
		if slices.ContainsFunc(s.Conflicts, func(c nginxconf.Conflict) bool { return c.First == first }) {
			at = append(at, s.Directive.Pos())
		}
	}
	const few = 3
	if n := len(at) - few; n > 1 {
		at = append(at[:few], fmt.Sprintf("%d others", n))
	}
	switch len(at) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("nginx ignores the server in %s, as this one has its server_name: "+
			"its routes are not counted", at[0])
	}
	return fmt.Sprintf("nginx ignores the servers in %s, as this one has a server_name of each: "+
		"their routes are not counted", format.List(at))
}

// unread says why a file could not be read.
func unread(t *terminal, m *lint.Mistake) error {
	fmt.Fprint(t.stderr, "lab99 predict: ")
	if err := m.Write(t.stderr); err != nil {
		return err
	}
	return exitError(verdict.ExitUsage)
}

// say prints an answer, and how many findings lint has for the file.
func (q question) say(t *terminal, a, newer *fileAnswer, findings int) error {
	var err error
	if q.json {
		err = printJSON(t.stdout, a.document(newer))
	} else {
		err = a.write(lint.Printable(t.stdout), newer)
		if findings > 0 && err == nil {
			fmt.Fprintf(t.stdout, "\n`lab99 lint %s` says what is wrong in this configuration, and how to mend "+
				"it: %s.\n", q.file.config, format.Plural(findings, "finding"))
		}
	}
	switch {
	case err != nil:
		return err
	case a.told.Case == ownconf.NoPeer:
		return exitError(verdict.ExitUnexpected)
	case a.told.Case == ownconf.NoLaw:
		return exitError(verdict.ExitUndecided)
	}
	return nil
}

// grave counts the findings at warning or above.
func grave(all []lint.Finding) int {
	n := 0
	for _, f := range all {
		if f.Level != nginxconf.Note {
			n++
		}
	}
	return n
}

// worst is the answer for the route whose ports end first, where a variable
// decides between several.
func (q question) worst(config *nginxconf.Config, routes []*nginxconf.Route, given func(string) bool) *fileAnswer {
	var worst *fileAnswer
	for _, r := range routes {
		a := q.about(config, r, given)
		if worst == nil || lessSafe(a, worst) {
			worst = a
		}
	}
	if n := len(routes); n > 1 {
		text := "this one of the %d routes that %s decides between has its ports used up first"
		if routes[0].Share == 0 {
			text = "all requests take this one of the %d routes that %s decides between: its ports would end first"
		}
		worst.assumed = append(worst.assumed, fmt.Sprintf(text, n, format.List(variables(routes[0]))))
	}
	return worst
}

// targets is how many targets a pass may have.
func targets(routes []*nginxconf.Route, pass *nginxconf.Directive) int {
	n := 0
	for _, r := range routes {
		if r.Pass == pass {
			n++
		}
	}
	return n
}

func variables(r *nginxconf.Route) []string {
	var all []string
	for _, v := range r.Variables {
		all = append(all, "$"+v)
	}
	return all
}

// lessSafe compares by the rate of all requests that lasts.
func lessSafe(a, b *fileAnswer) bool {
	safe := func(x *fileAnswer) float64 {
		if share := x.told.Route.Share; share > 0 {
			return *x.SafeRatePerS / share
		}
		return *x.SafeRatePerS
	}
	switch {
	case a.told.Case != b.told.Case:
		return a.told.Case == ownconf.TakesPorts
	case a.SafeRatePerS == nil:
		return false
	}
	return b.SafeRatePerS == nil || safe(a) < safe(b)
}

// about is the answer for one route. A flag that was given outranks the file.
func (q question) about(config *nginxconf.Config, r *nginxconf.Route, given func(string) bool) *fileAnswer {
	base := q.setup
	base.TwReuse = q.twReuse() // the kernel's default
	workers, by := ownconf.Workers(config)
	if given("workers") {
		workers = q.workers
	}
	q.workers = workers
	base.Workers = workers
	a := &fileAnswer{told: ownconf.Of(r, base), title: titleOf(r), proxy: results.Nginx, route: routeOf(r)}
	a.least, a.most = a.told.ChurnRange()
	if q.kernel != nil {
		a.ofKernel(q.kernel, base.TwReuse)
	}
	s := &a.told.Setup
	a.overrule(q.setup, r.HeaviestShare(), given)
	if a.told.Case == ownconf.TakesPorts {
		a.workersOf(workers, by, given("workers"))
	}
	if a.told.Case == ownconf.NoPorts {
		s.CloseShare, s.InFlight = 0, 0
	}
	if workers == 0 {
		s.Workers = anyWorkers
	}
	a.ask(q)
	return a
}

// overrule lets a flag that was given outrank the file. heaviest is the share of the
// destination that gets most.
func (a *fileAnswer) overrule(asked law.Setup, heaviest float64, given func(string) bool) {
	s := &a.told.Setup
	set := func(flag, fact, text string, set func()) {
		if !given(flag) {
			return
		}
		set()
		for i, f := range a.told.Facts {
			if f.Name == fact {
				a.told.Facts[i].Text = text + ", as --" + flag + " says"
			}
		}
		a.told.Unknown = slices.DeleteFunc(a.told.Unknown, func(u ownconf.Unknown) bool { return u.Flag == flag })
	}
	set("destinations", "destinations", format.Plural(asked.Destinations, "address"), func() {
		s.Destinations, s.HeaviestShare = asked.Destinations, 0
	})
	set("sources", "sources", fmt.Sprint(asked.Sources), func() {
		if s.NAT {
			return // it has that many already
		}
		s.Sources = asked.Sources
		if s.HeaviestShare > 0 {
			s.HeaviestShare = heaviest / float64(s.Sources)
		}
	})
	set("close-share", "closes first", fmt.Sprintf("f = %g", asked.CloseShare),
		func() { s.CloseShare, s.Race = asked.CloseShare, false })
}

// ask asks the laws, and words what the file does not tell.
func (a *fileAnswer) ask(q question) {
	s := &a.told.Setup
	*s = s.Complete()
	q.setup = *s
	a.answer = q.answer()
	if a.told.Case != ownconf.TakesPorts {
		a.Tuples, a.mitigations = 0, nil
	}
	for _, u := range a.told.Unknown {
		text := u.Text
		if u.Flag != "" {
			text += " (--" + u.Flag + ")"
		}
		a.assumed = append(a.assumed, text)
	}
}

// ofKernel words tcp_tw_reuse as the kernel that is asked for has it by default.
func (a *fileAnswer) ofKernel(k *ability.Known, reuse int) {
	for i, u := range a.told.Unknown {
		if strings.HasPrefix(u.Text, ownconf.ReuseOfHost) {
			a.told.Unknown[i].Text = fmt.Sprintf("%s: %d, as by default of %s", ownconf.ReuseOfHost, reuse, k.Title())
		}
	}
	for i, f := range a.told.Facts {
		if f.Name == ownconf.Loopback && reuse == 0 {
			a.told.Facts[i].Text = "no exception: a port in TIME_WAIT stays taken there as well"
		}
	}
}

// workersOf says where the number of workers comes from.
func (a *fileAnswer) workersOf(n int, by *nginxconf.Directive, flag bool) {
	text := fmt.Sprint(n)
	switch {
	case flag:
		text += ", as --workers says"
	case n > 0 && by == nil:
		text += ", nginx's default"
	case n > 0:
		text += ", " + a.told.At(by)
	default:
		text = "as many as the rate needs, a core each"
		why := "a part of a configuration does not say"
		if by != nil {
			why = fmt.Sprintf("%s (%s) does not say", by.Source(), a.told.At(by))
		}
		if !slices.ContainsFunc(a.told.Unknown, func(u ownconf.Unknown) bool { return u.Flag == "workers" }) {
			a.told.Unknown = append(a.told.Unknown, ownconf.Unknown{
				Text: "how many workers there are: " + why,
				Flag: "workers",
			})
		}
	}
	a.told.Facts = append(a.told.Facts, ownconf.Fact{Name: "workers", Text: text})
}

// also says where each request goes besides.
func (a *fileAnswer) also(routes []*nginxconf.Route) []string {
	var all []string
	for _, r := range routes {
		text := fmt.Sprintf("each request makes another one to %s (%s), which is not counted: ", r.Target, r.Pass.Pos())
		same := func(d string) bool { return slices.Contains(a.told.Route.Destinations(), d) }
		if slices.ContainsFunc(r.Destinations(), same) {
			text += "it takes ports of the same destination, so ask for twice the --rate"
		} else {
			text += "it takes ports of another destination"
		}
		all = append(all, text)
	}
	return all
}
