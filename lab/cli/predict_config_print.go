package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

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

// titleOf says where a route stands, and what it is.
func titleOf(r *nginxconf.Route) string {
	where := r.Server.Name()
	if l := r.LocationName(); l != "" {
		where = "location " + l + " of " + where
	}
	return fmt.Sprintf("%s: %s, %s", r.Pass.Pos(), where, r.Pass.Source())
}

// head names the route and what decides.
func (a *fileAnswer) head(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", a.title)
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

// rest is the answer, with a table of what would help where it is asked for and
// something has to.
func (a *fileAnswer) rest(w io.Writer, table bool) error {
	switch a.told.Case {
	case ownconf.NoPorts:
		as := ""
		if a.told.Spare() != "" {
			as = " before the backup is needed"
		}
		fmt.Fprintf(w, "Error 99 cannot come%s: a Unix-domain socket takes no port. What can run short there is "+
			"the backend's queue (listen backlog), error 11.\n", as)
		return nil
	case ownconf.NoPeer:
		fmt.Fprintln(w, a.noPeer())
		return nil
	case ownconf.NoLaw:
		fmt.Fprintln(w, "The laws are about TCP. UDP has no TIME_WAIT: a session holds its port until "+
			"proxy_timeout, 10 minutes by default.")
		return nil
	}
	for _, s := range []string{a.race(), a.churn(), a.uneven()} {
		if s != "" {
			fmt.Fprintln(w, s)
			fmt.Fprintln(w)
		}
	}
	if table && a.Verdict != law.NotReproduced {
		return a.print(w)
	}
	first, second := a.limits, a.course
	if a.setup.NAT {
		first, second = a.natLimit, a.natCourse
	}
	if a.kernel != nil {
		fmt.Fprintf(w, "%s\n\n", a.forKernel())
	}
	if _, err := fmt.Fprintf(w, "%s\n\n%s\n", first(), second()); err != nil || !table {
		return err
	}
	a.printKernel(w)
	return nil
}

// noPeer says what becomes of requests for which there is no server.
func (a *fileAnswer) noPeer() string {
	if a.proxy == results.Nginx {
		return "nginx opens no connection: every server of the group is down. It answers 502, \"no live upstreams\"."
	}
	return a.proxy + " opens no connection: every server of the backend is disabled. " +
		"In HTTP mode it answers 503, in TCP mode it closes the client's connection."
}

// when is the moment of the first error 99 with something else than is assumed.
func (a *fileAnswer) when(otherwise func(*law.Setup)) string {
	s := a.setup
	otherwise(&s)
	o := law.SteadyStateOf(s, a.target)
	switch {
	case o.FirstError99S != nil:
		return "after " + whenFirst(o)
	case o.Verdict == law.Collapsed:
		return "never, as the rate falls before"
	}
	return "never"
}

// race says what another f makes of it.
func (a *fileAnswer) race() string {
	if !a.setup.Race {
		return ""
	}
	text := "Who closes first is a race here, and f an outcome. What follows is for f = 1, the worst."
	if a.FirstError99S == nil {
		return text
	}
	with := func(f float64) string { return a.when(func(s *law.Setup) { s.CloseShare = f }) }
	return text + fmt.Sprintf(" With f = 1 error 99 comes %s; with %g, the most that was measured, %s; with %g, "+
		"the least, %s.",
		with(1), law.MostRaceShare, with(law.MostRaceShare), law.LeastRaceShare, with(law.LeastRaceShare))
}

// churn says what a pool leaves, where that depends on how requests end.
func (a *fileAnswer) churn() string {
	if a.setup.Keepalive == 0 || a.least == a.most {
		return ""
	}
	with := func(churn float64) string { return a.when(func(s *law.Setup) { s.Churn = churn }) }
	return fmt.Sprintf("The pool is smaller than the %s requests under way. If they end one by one it leaves %s "+
		"new connections a request, and error 99 comes %s; "+
		"if all end at once %s, and it comes %s. What follows is for the latter; traffic lies between, nearer to "+
		"the former.",
		format.Rough(a.setup.InFlight), format.Number(a.least), with(a.least), format.Number(a.most), with(a.most))
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
	return fmt.Sprintf("The requests are not spread evenly: "+
		"the %s ports towards %s are used up when all pairs together have taken %s tuples, which is K below. "+
		"The others have ports left then, and take over what %s tries again.",
		format.Grouped(s.Ports), first, format.Grouped(a.Tuples), a.proxy)
}
