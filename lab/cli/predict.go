package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
)

// anyWorkers stands for as many workers as connect() needs.
const anyWorkers = 1 << 20

// question is what predict is asked.
type question struct {
	setup       law.Setup
	target      float64 // share of requests that may fail, of random arrivals; 0: arrivals are even
	backendMs   float64
	concurrency float64
	workers     int
	json        bool
	kernelName  string
	kernel      *ability.Known // nil: the one that the laws were measured on
	file        ofFile
	by          ofKind
	over        overProtocol
	held        ofHeld
}

func predictCommand(t *terminal) *cobra.Command {
	q := question{setup: law.Setup{Duration: law.ForEver}}
	cmd := &cobra.Command{
		Use: "predict --rate N", GroupID: groupRun, Args: none,
		Short: "Predict when error 99 comes, from numbers or an nginx.conf, and what each mitigation would do",
		Long: `Predict when error 99 comes, and what each mitigation would do: from numbers alone, or with those of
the route that a request takes through an nginx.conf, or of a backend of a haproxy.cfg. Nothing is
started, looked up or measured.
--kernel answers for a kernel that is not at hand, from a table that says what was measured on it,
what was read, and what is not known.

Exit codes: 0 predicted, 1 the request reaches no backend, 2 the file does not say which, 64 usage, or
a file that cannot be read.`,
		Example: `  lab99 predict --rate 900
  lab99 predict --config nginx.conf --rate 900 --path /api/ --nginx 1.26
  lab99 predict --config haproxy.cfg --rate 900 --backend app
  lab99 predict --rate 900 --kernel ubuntu22.04
  lab99 predict --rate 900 --proxy haproxy --mode tcp
  lab99 predict --rate 900 --protocol fastcgi --keep-conn
  lab99 predict --rate 50 --ports 1000 --protocol websocket --hold 30s --closes server
  lab99 predict --nat --ports 64 --rate 5`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if err := q.check(given); err != nil {
				return err
			}
			if err := q.file.check(given); err != nil {
				return err
			}
			if q.file.config != "" {
				return predictFile(t, q, given)
			}
			return predict(t, q)
		},
	}
	q.flags(cmd.Flags())
	q.file.register(cmd)
	q.by.register(cmd)
	q.over.register(cmd)
	q.held.register(cmd)
	_ = cmd.MarkFlagRequired("rate")
	words(cmd, "kernel", ability.Names()...)
	cmd.MarkFlagsMutuallyExclusive("nat", "close-share")
	cmd.MarkFlagsMutuallyExclusive("nat", "kernel")
	cmd.MarkFlagsMutuallyExclusive("concurrency", "backend-ms")
	return cmd
}

// predict tells from numbers alone what a proxy will do: nothing is started,
// looked up or measured.
func predict(t *terminal, q question) error {
	a := q.answer()
	if q.json {
		return printJSON(t.stdout, a.document())
	}
	return a.print(t.stdout)
}

func (q *question) flags(fs *pflag.FlagSet) {
	s := &q.setup
	fs.IntVar(&s.Ports, "ports", 28232,
		"usable source `ports`: the range, less reserved ones, less those a listener holds; "+
			"the default is the kernel's")
	fs.Float64Var(&s.RatePerS, "rate", 0, "`requests` per second that need an upstream connection; required")
	fs.IntVar(&s.Destinations, "destinations", 1, "distinct IP:port of the backend; one listed twice counts once")
	fs.IntVar(&s.Sources, "sources", 1, "source addresses of the proxy (proxy_bind)")
	fs.Float64Var(&s.CloseShare, "close-share", 1,
		fmt.Sprintf("f: the `share` of upstream connections that the proxy closes first; "+
			"1 for HTTP/1.1 without a pool, %g to %g measured for HTTP/1.0", law.LeastRaceShare, law.MostRaceShare))
	fs.Float64Var(&q.backendMs, "backend-ms", 0, "response time of the backend in `milliseconds`")
	fs.Float64Var(&q.concurrency, "concurrency", 0,
		"requests under way at the backend at once, on average; default rate × backend-ms")
	fs.IntVar(&q.workers, "workers", 0, "nginx workers with a core each; default as many as connect() needs")
	fs.DurationVar(&s.Hold, "time-wait", law.TimeWait,
		"how long TIME_WAIT lasts: 60 to 62 s on Linux, where it cannot be set; "+
			"with --nat how long the NAT holds a port, default 2m")
	fs.Float64Var(&q.target, "target-error-rate", 0,
		"`share` of requests that may fail at the safe rate, with random arrivals, such as 1e-6; "+
			"without it arrivals are even")
	fs.BoolVar(&s.NAT, "nat", false,
		"the ports and --sources are those of a NAT on the way, which drops the SYN when none is left")
	fs.StringVar(&q.kernelName, "kernel", "",
		"answer for this `kernel`, by its release or its system: 6.1, el9, ubuntu22.04; "+
			"default the one that the laws were measured on, Linux 6.18")
	fs.BoolVar(&q.json, "json", false, "print an object instead of text")
}

// check says of a flag that makes no sense what was expected, and completes the
// question.
func (q *question) check(given func(flag string) bool) error {
	s := &q.setup
	switch {
	case !plausible(s.RatePerS):
		return &usageError{fmt.Sprintf("--rate %g: requests per second, a number above 0 and up to %g, are expected",
			s.RatePerS, float64(law.Most))}
	case s.Ports < 1 || s.Ports > 65535:
		return &usageError{fmt.Sprintf("--ports %d: a number of ports from 1 to 65535 is expected; "+
			"the kernel's default range has 28232, the widest %d", s.Ports, law.WideRange)}
	case s.Destinations < 1 || s.Destinations > 256:
		return &usageError{fmt.Sprintf("--destinations %d: a number of backend addresses from 1 to 256 is expected",
			s.Destinations)}
	case s.Sources < 1 || s.Sources > 256:
		return &usageError{fmt.Sprintf("--sources %d: a number of source addresses from 1 to 256 is expected",
			s.Sources)}
	case !(s.CloseShare >= 0 && s.CloseShare <= 1) || s.CloseShare > 0 && s.CloseShare < 1e-6:
		return &usageError{fmt.Sprintf("--close-share %g: a share from 0 (the backend always closes first), "+
			"or from 1e-6, to 1 (the proxy does) is expected", s.CloseShare)}
	case given("backend-ms") && !plausible(q.backendMs):
		return &usageError{fmt.Sprintf("--backend-ms %g: a response time above 0 ms is expected", q.backendMs)}
	case given("concurrency") && !plausible(q.concurrency):
		return &usageError{fmt.Sprintf("--concurrency %g: a number of requests above 0 is expected", q.concurrency)}
	case given("workers") && q.workers < 1:
		return &usageError{fmt.Sprintf("--workers %d: a number of workers from 1 is expected; "+
			"without the flag there are enough of them", q.workers)}
	case s.Hold < time.Millisecond || s.Hold > law.ForEver:
		return &usageError{fmt.Sprintf("--time-wait %v: a time from 1ms to 24h is expected, such as 60s", s.Hold)}
	case given("target-error-rate") && !(q.target > 0 && q.target < 1):
		return &usageError{fmt.Sprintf("--target-error-rate %g: a share between 0 and 1 is expected, such as 1e-6",
			q.target)}
	}
	s.InFlight = max(q.concurrency, s.RatePerS*q.backendMs/1000)
	s.Workers = q.workers
	if q.workers == 0 {
		s.Workers = anyWorkers
	}
	if s.NAT && !given("time-wait") {
		s.Hold = law.NATTimeWait
	}
	if given("kernel") {
		k, found := ability.Look(q.kernelName)
		if !found {
			return &usageError{fmt.Sprintf("--kernel %s: a kernel of the table is expected, one of %s, "+
				"or another release of Linux in between", q.kernelName, strings.Join(ability.Names(), ", "))}
		}
		q.kernel = &k
		hold := s.Hold
		*s = k.Apply(*s)
		if given("time-wait") {
			s.Hold = hold
		}
	}
	if err := q.by.apply(s); err != nil {
		return err
	}
	if err := q.over.apply(s, q.by.name); err != nil {
		return err
	}
	if err := q.held.apply(s, q.over.of.Upstream.Protocol, given); err != nil {
		return err
	}
	*s = s.Complete()
	return nil
}

// twReuse is the default of net.ipv4.tcp_tw_reuse.
func (q *question) twReuse() int {
	if q.kernel == nil || q.kernel.Apply(law.Setup{TwReuse: -1}).TwReuse < 0 {
		return 2
	}
	return q.setup.TwReuse
}

func plausible(x float64) bool { return x > 0 && x <= law.Most }

// answer is what predict says.
type answer struct {
	question
	law.SteadyState
	mitigations []mitigated
}

// mitigated is a change and what it would bring.
type mitigated struct {
	law.Mitigation
	law.SteadyState
}

func (q question) answer() answer {
	a := answer{question: q, SteadyState: law.SteadyStateOf(q.setup, q.target)}
	baseline := law.Predict(q.setup)
	for _, m := range q.held.mitigations(q.setup, q.over.without(q.by.mitigationsOf(q.setup))) {
		if a.Verdict != law.NotReproduced { // nothing to mitigate, otherwise
			m.Setup.Baseline = &baseline
		}
		a.mitigations = append(a.mitigations, mitigated{m, law.SteadyStateOf(m.Setup, q.target)})
	}
	return a
}
