package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
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
	fs.StringVar(&o.config, "config", "", "`nginx.conf` that K, f, pool and sources are taken from, or the output of nginx -T; - is standard input")
	fs.StringVar(&o.path, "path", "/", "`path` of the requests, for --config")
	fs.StringVar(&o.host, "host", "", "`host` of the requests, host:port or :port, for --config (default the default server)")
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
	told    ownconf.Told
	assumed []string
}

// predictFile answers for the route that a request takes.
func predictFile(t *terminal, q question, given func(string) bool) error {
	release, err := q.file.configFlags.check()
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
		a.assumed = append(a.assumed, fmt.Sprintf("requests are plain GETs without cookies: %s comes to %s then", format.List(variables(r)), r.Target))
	}
	var newer *fileAnswer
	if len(c.Newer) > 0 && a.told.Case == ownconf.TakesPorts {
		newer = q.worst(config, c.Newer, given)
	}
	if q.json {
		err = printJSON(t.stdout, a.document(newer))
	} else {
		err = a.write(lint.Printable(t.stdout), newer)
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
	base.TwReuse = 2 // the kernel's default, which is about loopback only
	workers, by := ownconf.Workers(config)
	if given("workers") {
		workers = q.workers
	}
	q.workers = workers
	base.Workers = workers
	if workers == 0 {
		base.Workers = anyWorkers
	}
	a := &fileAnswer{told: ownconf.Of(r, base)}
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
	overrule("close-share", "closes first", fmt.Sprintf("f = %g", q.setup.CloseShare), func() { s.CloseShare, s.Race = q.setup.CloseShare, false })
	if a.told.Case == ownconf.TakesPorts {
		a.workersOf(workers, by, given("workers"))
	}
	if a.told.Case == ownconf.NoPorts {
		s.CloseShare, s.InFlight = 0, 0
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
		a.told.Unknown = append(a.told.Unknown, ownconf.Unknown{Text: "how many workers there are: " + why, Flag: "workers"})
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

// write writes the route, then the answer, then that for newer releases.
func (a *fileAnswer) write(w io.Writer, newer *fileAnswer) error {
	if newer == nil {
		a.head(w)
		return a.rest(w, true)
	}
	pooling := nginxconf.Pooling.String()
	fmt.Fprintf(w, "The release decides (--nginx VERSION). nginx before %s:\n\n", pooling)
	a.head(w)
	if err := a.rest(w, true); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nnginx from %s on:\n\n", pooling)
	newer.head(w)
	return newer.rest(w, false)
}

// head names the route and what decides.
func (a *fileAnswer) head(w io.Writer) {
	r := a.told.Route
	where := r.Server.Name()
	if l := r.LocationName(); l != "" {
		where = "location " + l + " of " + where
	}
	fmt.Fprintf(w, "%s: %s, %s\n\n", r.Pass.Pos(), where, r.Pass.Source())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range a.told.Facts {
		fmt.Fprintf(tw, "  %s\t%s\n", f.Name, f.Text)
	}
	tw.Flush()
	fmt.Fprintln(w)
	if len(a.assumed) > 0 {
		fmt.Fprintln(w, "Not known from the file, or taken for granted:")
		for _, s := range a.assumed {
			fmt.Fprintln(w, "  - "+s)
		}
		fmt.Fprintln(w)
	}
}

// rest is the answer, with a table of what would help where it is asked for.
func (a *fileAnswer) rest(w io.Writer, table bool) error {
	switch a.told.Case {
	case ownconf.NoPorts:
		fmt.Fprintln(w, "Error 99 cannot come: a Unix-domain socket takes no port. What can run short there is the backend's queue (listen backlog), error 11.")
		return nil
	case ownconf.NoPeer:
		fmt.Fprintln(w, "nginx opens no connection: every server of the group is down. It answers 502, \"no live upstreams\".")
		return nil
	case ownconf.NoLaw:
		fmt.Fprintln(w, "The laws are about TCP. UDP has no TIME_WAIT: a session holds its port until proxy_timeout, 10 minutes by default.")
		return nil
	}
	for _, s := range []string{a.race(), a.churn(), a.uneven()} {
		if s != "" {
			fmt.Fprintln(w, s)
			fmt.Fprintln(w)
		}
	}
	if table {
		return a.print(w)
	}
	first, second := a.limits, a.course
	if a.setup.NAT {
		first, second = a.natLimit, a.natCourse
	}
	_, err := fmt.Fprintf(w, "%s\n\n%s\n", first(), second())
	return err
}

// race says what another f makes of it.
func (a *fileAnswer) race() string {
	if !a.setup.Race {
		return ""
	}
	when := func(f float64) string {
		s := a.setup
		s.CloseShare = f
		if at := law.SteadyStateOf(s, a.target).FirstError99S; at != nil {
			return "after " + format.About(*at)
		}
		return "never"
	}
	text := "Who closes first is a race here, and f an outcome. What follows is for f = 1, the worst."
	if a.FirstError99S == nil {
		return text
	}
	return text + fmt.Sprintf(" With f = 1 error 99 comes %s; with %g, the most that was measured, %s; with %g, the least, %s.",
		when(1), law.MostRaceShare, when(law.MostRaceShare), law.LeastRaceShare, when(law.LeastRaceShare))
}

// uneven says what K is where one pair runs out before the others.
func (a *fileAnswer) uneven() string {
	s := a.setup
	if !s.Uneven() {
		return ""
	}
	first := "the heaviest pair of source and destination"
	if s.Sources == 1 {
		first = a.told.Heavy
	}
	return fmt.Sprintf("The requests are not spread evenly: the %s ports towards %s are used up when all pairs together have taken %s tuples, which is K below. "+
		"The others have ports left then, and take over what nginx tries again.", format.Grouped(s.Ports), first, format.Grouped(a.Tuples))
}

// churn says what a pool leaves, where that depends on how requests end.
func (a *fileAnswer) churn() string {
	least, most := a.told.ChurnRange()
	if a.setup.Keepalive == 0 || least == most {
		return ""
	}
	return fmt.Sprintf("The pool is smaller than the %s requests under way. It leaves %s new connections a request if they end one by one, and %s if all end at once: what follows is for the latter.",
		format.Rough(a.setup.InFlight), format.Number(least), format.Number(most))
}

// unanswered says that no backend answers, and which routes there are.
func unanswered(w io.Writer, q question, config *nginxconf.Config, release nginxconf.Release, c ownconf.Choice) error {
	code := verdict.ExitUnexpected
	if c.Answer.Kind == nginxconf.AnswerUnknown {
		code = verdict.ExitUndecided
	}
	of := ""
	if q.file.host != "" {
		of = " of " + q.file.host
	}
	reaches := "a request for %s%s reaches no backend: %s"
	if code == verdict.ExitUndecided {
		reaches = "whether a request for %s%s reaches a backend cannot be told: %s"
	}
	fmt.Fprintf(w, "lab99 predict: "+reaches+"\n", q.file.path, of, c.Answer)
	for _, s := range c.Assumed {
		fmt.Fprintln(w, "  taken for granted: "+s)
	}
	routes := config.Routes(release)
	if len(routes) == 0 {
		fmt.Fprintf(w, "  No location of %s passes requests on.\n", config.Name)
		return exitError(code)
	}
	fmt.Fprint(w, "\n")
	// Those of the server that was asked come first.
	slices.SortStableFunc(routes, func(a, b *nginxconf.Route) int { return away(a, c.Answer.Server) - away(b, c.Answer.Server) })
	shown := routes[:min(len(routes), fewRoutes)]
	lint.WriteRoutes(w, config.Files[0].Name, lint.Rows(shown))
	if n := len(routes) - len(shown); n > 0 {
		fmt.Fprintf(w, "and %s, which `lab99 lint %s` lists\n", format.Plural(n, "other route"), q.file.config)
	}
	var asks []string
	for _, r := range shown {
		if host, path, ok := ownconf.Ask(config, release, r); ok && len(asks) < 5 {
			asks = append(asks, fmt.Sprintf("  %s  for %s", askFlags(host, path), r.Pass.Pos()))
		}
	}
	if len(asks) > 0 {
		fmt.Fprintf(w, "\nAsk about one of them:\n%s\n", strings.Join(asks, "\n"))
	}
	return exitError(code)
}

// fewRoutes is how many routes are listed.
const fewRoutes = 20

// away is 0 for a route of the server, 1 for others.
func away(r *nginxconf.Route, s *nginxconf.Server) int {
	if r.Server == s {
		return 0
	}
	return 1
}

// askFlags are flags as a shell takes them.
func askFlags(host, path string) string {
	var flags []string
	add := func(flag, value string) {
		if regexp.MustCompile(`[^\w/.:-]`).MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		flags = append(flags, flag+" "+value)
	}
	if host != "" {
		add("--host", host)
	}
	if path != "" {
		add("--path", path)
	}
	return strings.Join(flags, " ")
}
