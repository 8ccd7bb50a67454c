package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// ofFile is what a question about a configuration has besides its figures.
type ofFile struct {
	configFlags
	config, host, path string
}

func (o *ofFile) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.config, "config", "", "`nginx.conf` that K, f, pool and sources are taken from, or the output "+
		"of nginx -T; - is standard input")
	fs.StringVar(&o.path, "path", "/", "`path` of the requests, for --config")
	fs.StringVar(&o.host, "host", "", "`host` of the requests, host:port or :port, for --config (default the "+
		"default server)")
	o.configFlags.register(cmd)
	_ = cmd.MarkFlagFilename("config")
	completeFlag(cmd, "path", cobra.NoFileCompletions)
	completeFlag(cmd, "host", cobra.NoFileCompletions)
}

func (o *ofFile) check(given func(string) bool) error {
	for _, flag := range []string{"path", "host", "nginx", "prefix", "follow"} {
		if given(flag) && o.config == "" {
			return &usageError{fmt.Sprintf("--%s is about a configuration: name it with --config nginx.conf", flag)}
		}
	}
	if !strings.HasPrefix(o.path, "/") {
		return &usageError{fmt.Sprintf("--path %s: a path that begins with / is expected", o.path)}
	}
	return nil
}

// fileAnswer is the answer for a route.
type fileAnswer struct {
	answer
	told        ownconf.Told
	least, most float64  // new connections per request that the pool leaves
	assumed     []string // a sentence each
}

// predictFile answers for the route that a request takes.
func predictFile(t *terminal, q question, given func(string) bool) error {
	release, err := q.file.release()
	if err != nil {
		return err
	}
	config, m := q.file.load(t, q.file.config)
	if m != nil {
		fmt.Fprint(t.stderr, "lab99 predict: ")
		if err := m.Write(t.stderr); err != nil {
			return err
		}
		return exitError(verdict.ExitUsage)
	}
	c := ownconf.Choose(config, release, q.file.host, q.file.path)
	if len(c.Routes) == 0 {
		return unanswered(lint.Printable(t.stderr), q, config, release, c)
	}
	a := q.worst(config, c.Routes, given)
	a.assumed = slices.Concat(c.Assumed, a.assumed, a.also(c.Also))
	if r := a.told.Route; len(c.Routes) == 1 && targets(config.Routes(release), r.Pass) > 1 {
		a.assumed = append(a.assumed, fmt.Sprintf("requests are plain GETs without cookies: %s comes to %s "+
			"then", format.List(variables(r)), r.Target))
	}
	var newer *fileAnswer
	if len(c.Newer) > 0 && a.told.Case == ownconf.TakesPorts {
		newer = q.worst(config, c.Newer, given)
	}
	if q.json {
		err = printJSON(t.stdout, a.document(newer))
	} else {
		err = a.write(lint.Printable(t.stdout), newer)
		if n := grave(config.Findings(release)); n > 0 && err == nil {
			fmt.Fprintf(t.stdout, "\n`lab99 lint %s` says what is wrong in this configuration, and how to mend "+
				"it: %s.\n", q.file.config, format.Plural(n, "finding"))
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
func grave(all []nginxconf.Finding) int {
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
	a := &fileAnswer{told: ownconf.Of(r, base)}
	a.least, a.most = a.told.ChurnRange()
	if q.kernel != nil {
		a.ofKernel(q.kernel, base.TwReuse)
	}
	s := &a.told.Setup
	overrule := func(flag, fact, text string, set func()) {
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
	overrule("destinations", "destinations", format.Plural(q.setup.Destinations, "address"), func() {
		s.Destinations, s.HeaviestShare = q.setup.Destinations, 0
	})
	overrule("sources", "sources", fmt.Sprint(q.setup.Sources), func() {
		if s.NAT {
			return // it has that many already
		}
		s.Sources = q.setup.Sources
		if s.HeaviestShare > 0 {
			s.HeaviestShare = r.HeaviestShare() / float64(s.Sources)
		}
	})
	overrule("close-share", "closes first", fmt.Sprintf("f = %g", q.setup.CloseShare),
		func() { s.CloseShare, s.Race = q.setup.CloseShare, false })
	if a.told.Case == ownconf.TakesPorts {
		a.workersOf(workers, by, given("workers"))
	}
	if a.told.Case == ownconf.NoPorts {
		s.CloseShare, s.InFlight = 0, 0
	}
	if workers == 0 {
		s.Workers = anyWorkers
	}
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
	return a
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
			a.told.Unknown = append(a.told.Unknown, ownconf.Unknown{Text: "how many workers there are: " + why, Flag: "workers"})
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
