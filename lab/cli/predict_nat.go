package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/law"
)

// printNAT writes the answer for ports of a NAT: what happens when they run out,
// at which rate, and what helps. The host's own figures are left out.
func (a answer) printNAT(w io.Writer) error {
	for _, paragraph := range []string{a.natLimit(), a.natCourse(), natFailure} {
		fmt.Fprintln(w, paragraph)
		fmt.Fprintln(w)
	}
	tw := table.New(w)
	fmt.Fprintln(tw, "mitigation\ttuples\tfirst timeout\tsuccesses before\tsteady ok/s\tfailing\tsafe up to\toutcome")
	row := func(name string, o law.SteadyState) {
		outcome := "holds"
		switch {
		case law.Fails(o.Verdict):
			outcome = "times out"
		case o.Verdict == law.Inconclusive:
			outcome = "just holds"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, format.Grouped(o.Tuples), orNever(o.FirstError99S),
			orAll(o.OKBeforeError99),
			floor(o.SteadyOKPerS), format.Percent(o.SteadyFailedShare), orAny(o.SafeRatePerS), outcome)
	}
	row("none", a.SteadyState)
	for _, m := range a.mitigations {
		row(m.Name, m.SteadyState)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, m := range a.mitigations {
		fmt.Fprintf(w, "%s: %s\n", m.Name, m.Change)
	}
	return nil
}

// natFailure is what a shortage of a NAT looks like.
const natFailure = "A NAT that has no port left drops the SYN. So connect() does not fail with error 99, it gets " +
	"no answer: nginx logs 110 (Connection timed out) " +
	"while connecting to upstream after proxy_connect_timeout and answers 504. TCP sends the SYN again after 1, 3 " +
	"and 7 s, so a shortage that ends sooner shows " +
	"as connect times of that length. The host's ports, ip_local_port_range and tcp_tw_reuse have no part in it."

func (a answer) natLimit() string {
	s := a.setup
	text := fmt.Sprintf("The NAT has %s ports × %s × %s = %s for this host, and holds each for %s after its "+
		"connection has ended, whichever end closed it. ",
		format.Grouped(s.Ports), format.Plural(s.Sources, "address"), format.Plural(s.Destinations,
			"destination"), format.Plural(s.Ports*s.Sources*s.Destinations, "tuple"), format.About(s.Hold.Seconds()))
	if s.Uneven() {
		text += fmt.Sprintf("The heaviest destination's are used up when %s are taken. ", format.Grouped(a.Tuples))
	}
	if a.target > 0 {
		return text + fmt.Sprintf("Above %s requests/s more than %s of them, if they arrive at random, find none "+
			"(Erlang's B formula).",
			floor(*a.SafeRatePerS), strings.Replace(fmt.Sprint(a.target), "e-0", "e-", 1))
	}
	return text + fmt.Sprintf("That lasts for %s requests/s.", floor(*a.SafeRatePerS))
}

func (a answer) natCourse() string {
	s := a.setup
	rate := fmt.Sprintf("At %s requests/s ", plain(s.RatePerS))
	if a.FirstError99S == nil {
		return rate + format.Percent(s.Occupied()) + " of the ports are held" + margin(a.Verdict) + ": none times out."
	}
	text := rate + fmt.Sprintf("all ports are held after %s and %s; then connections time out",
		format.About(*a.FirstError99S), format.Plural(*a.OKBeforeError99, "success"))
	if w := s.Sawtooth(); w != nil {
		text += fmt.Sprintf(", and %s of success and %s of failure alternate",
			format.About(w.OKS), format.About(w.FailingS))
	}
	return text + fmt.Sprintf(": %s/s succeed on average, %s of the requests fail.", floor(a.SteadyOKPerS),
		format.Percent(a.SteadyFailedShare))
}
