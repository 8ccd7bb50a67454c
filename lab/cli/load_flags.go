package cli

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lab99/lab99/loadgen"
)

const (
	defaultLoadTime        = 10 * time.Second
	defaultLoadConnections = 64
)

// loadOptions is a command line of lab99 load.
type loadOptions struct {
	config    loadgen.Config
	held      *loadgen.HeldConfig // of connections that are held; nil: requests are the load
	shown     string              // the target, as it was given
	asked     string              // the schedule, in a word
	firstRate float64             // of a search
	cool      time.Duration       // between its trials
	sloText   string
	slo       loadgen.SLO

	http2                  bool // the target was found to speak it, and not HTTP/1.1
	debug, findMax, json   bool
	csv, hlog, openMetrics string
}

// loadFlags is what the flags of lab99 load say, before it is checked.
type loadFlags struct {
	o                               loadOptions
	held                            heldFlags
	mode, profile, sources, startAt string
	body, data, bodies, targets     string
	dataGiven                       bool
	rate                            float64
	headers, stops, mix, allow      []string
	insecure                        bool
}

func (f *loadFlags) register(cmd *cobra.Command) {
	fs, c := cmd.Flags(), &f.o.config
	fs.Float64Var(&f.rate, "rate", 0, "constant rate, in requests per second")
	fs.StringVar(&f.profile, "profile", "",
		"the rate over time, `PART,...`: ramp:100..5000/30s,hold:10s; constant:1000/10s; steps:100..500x5/10s; "+
			"sine:1000~500@60s/5m; burst:20@1001ms/10s; last, poisson:SEED")
	fs.StringVar(&f.mode, "mode", "exact",
		"`how` requests are timed: exact, spin (more CPU), relaxed (whole milliseconds, "+
			"less CPU) or closed (no schedule: as fast as it goes)")
	lastingVar(fs, &c.Duration, "duration", 0,
		"length of the schedule (default 10s, unless --requests or the profile ends it)")
	fs.Int64VarP(&c.Requests, "requests", "n", 0, "end the schedule after this many requests; 0 does not")
	fs.IntVarP(&c.Connections, "connections", "c", defaultLoadConnections, "client connections, over all loops")
	fs.IntVar(&c.Loops, "loops", 1, "event loops, one thread each")
	lastingVar(fs, &c.Timeout, "timeout", 5*time.Second,
		"how long a request may wait for a connection, and then for its response")
	fs.StringVarP(&c.Method, "method", "X", "", "HTTP method (default GET, or POST with a body)")
	fs.StringArrayVarP(&f.headers, "header", "H", nil,
		"a request header, `\"Name: value\"`; repeatable; of Host only the header, see --host")
	fs.StringVar(&f.body, "body", "", "`FILE` sent as the body of every request; - is standard input")
	fs.StringVar(&f.data, "data", "", "`TEXT` sent as the body of every request")
	fs.StringVar(&f.bodies, "bodies", "", "`FILE` whose lines are sent as bodies, in turn")
	fs.StringVar(&c.Host, "host", "", "Host header, and TLS name (default that of the URL)")
	fs.StringArrayVar(&f.mix, "mix", nil, "one of several requests, `\"[WEIGHT] [METHOD] /path\"`; repeatable")
	fs.StringVar(&f.targets, "targets", "",
		"`FILE` of requests: lines as of --mix, each with its headers and @BODYFILE on lines below it")
	fs.StringVar(&c.Unix, "unix", "", "`PATH` of a Unix-domain socket to connect to; "+
		"also unix:/path in place of the URL")
	fs.BoolVar(&f.insecure, "insecure", false, "do not verify the certificate of an https target")
	fs.IntVar(&c.CloseAfter, "close-after", 0, "close each connection after `N` requests; 0 keeps them alive")
	fs.BoolVar(&c.RetryStale, "retry-stale", false,
		"send an idempotent request once more, on a new connection, if a kept-alive one ended before any byte of the "+
			"response, as HTTP clients do; counted")
	fs.StringVar(&f.sources, "source", "", "local addresses to connect from in turn, a `LIST|CIDR`")
	fs.StringArrayVar(&f.stops, "stop", nil,
		"end on failures, `CAUSE[:COUNT[:AFTER]]`; a count may be a share, as in \"status 5xx:1%/5s\"; "+
			"the cause may be any; repeatable")
	fs.StringVar(&f.startAt, "start-at", "",
		"t = 0 of the schedule, `TIME` in RFC 3339 or seconds since 1970, for several machines")
	fs.StringArrayVar(&f.allow, "allow-target", nil, "a `HOST` or CIDR besides loopback that may be loaded; repeatable")
	fs.StringVar(&f.o.sloText, "slo", "", "`limits` to keep, as in p99<20ms,errors<0.1%; exit code 1 if not kept")
	fs.BoolVar(&f.o.findMax, "find-max", false, "search the highest rate that keeps --slo; "+
		"--duration is the length of a trial (default 5s), --rate the first one tried")
	lastingVar(fs, &f.o.cool, "cool", time.Second,
		"pause between the trials of --find-max, for queues and TIME_WAIT to drain")
	fs.BoolVar(&f.o.debug, "debug", false, "send one request and show it and its response whole")
	fs.BoolVar(&f.o.json, "json", false, "print one object, lab99/load/v1, instead of the summary")
	fs.StringVar(&f.o.csv, "csv", "", "write a line per 100 ms to `FILE`")
	fs.StringVar(&f.o.hlog, "hlog", "", "write the latency of each 100 ms to `FILE`, in HdrHistogram's log format")
	fs.StringVar(&f.o.openMetrics, "openmetrics", "", "write the result to `FILE` for a Prometheus textfile collector")
	f.held.register(cmd)
	words(cmd, "mode", "exact", "spin", "relaxed", "closed")
	cmd.MarkFlagsMutuallyExclusive("rate", "profile")
	cmd.MarkFlagsMutuallyExclusive("body", "data", "bodies")
	cmd.MarkFlagsMutuallyExclusive("mix", "targets", "bodies")
	cmd.SetFlagErrorFunc(nameElsewhere)
	for _, other := range []string{"profile", "requests", "csv", "hlog", "openmetrics", "start-at"} {
		cmd.MarkFlagsMutuallyExclusive("find-max", other)
	}
}

// options checks the command line and completes it.
func (f *loadFlags) options(cmd *cobra.Command, target string) (*loadOptions, error) {
	if err := positive(cmd.Flags(), "connections", "loops", "duration", "timeout", "cool", "hold", "ping"); err != nil {
		return nil, err
	}
	o := &f.o
	c := &o.config
	if err := o.target(target); err != nil {
		return nil, err
	}
	f.dataGiven = cmd.Flags().Changed("data")
	for _, step := range []func() error{
		func() (err error) { c.Mode, err = loadgen.ParseMode(f.mode); return orFlag("--mode", err) },
		func() error { return orFlag("--slo", o.parseSLO()) },
		func() error { return o.schedule(f.rate, f.profile) },
		func() (err error) { c.Start, err = parseStart(f.startAt); return orFlag("--start-at", err) },
		func() (err error) { c.Sources, err = parseSources(f.sources); return orFlag("--source", err) },
		func() (err error) { c.Stop, err = parseStops(f.stops); return orFlag("--stop", err) },
		func() (err error) { c.Mix, err = parseMix(f.mix); return orFlag("--mix", err) },
		func() error { return f.readTargets(cmd.InOrStdin()) },
		func() error { return f.readBody(cmd.InOrStdin()) },
		func() (err error) { c.Allow, err = permit(cmd.Context(), c.URL, c.Unix, f.allow); return err },
		func() error { return f.held.apply(o, cmd.Flags().Changed) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	c.Header, c.UserAgent = f.headers, tool().UserAgent()
	if f.insecure {
		c.TLS = &tls.Config{InsecureSkipVerify: true} // asked for in so many words
	}
	return o, nil
}

// positive refuses a zero or less that was given in so many words: the zero of
// the library means its default, which is not what was asked for.
func positive(fs *pflag.FlagSet, names ...string) (err error) {
	fs.Visit(func(f *pflag.Flag) {
		text := f.Value.String()
		zeroOrLess := text == "0" || text == "0s" || strings.HasPrefix(text, "-")
		if err == nil && slices.Contains(names, f.Name) && zeroOrLess {
			err = &usageError{fmt.Sprintf("--%s is %s, want more than 0", f.Name, text)}
		}
	})
	return err
}

// orFlag makes an error one of the command line.
func orFlag(name string, err error) error {
	if err == nil {
		return nil
	}
	return &usageError{name + ": " + err.Error()}
}

func (o *loadOptions) parseSLO() (err error) {
	if o.sloText != "" {
		o.slo, err = loadgen.ParseSLO(o.sloText)
	}
	return err
}

// schedule makes the profile, and bounds a run that nothing else would end.
func (o *loadOptions) schedule(rate float64, profile string) (err error) {
	c := &o.config
	closed := c.Mode == loadgen.Closed
	switch {
	case o.debug:
		return nil
	case o.findMax && (closed || o.slo == nil):
		return &usageError{"--find-max tries constant rates: it wants --slo, and no --mode closed"}
	case o.findMax:
		o.firstRate, o.asked = rate, "the highest rate that keeps "+o.sloText
		return nil
	case closed && (rate != 0 || profile != ""):
		return &usageError{"--mode closed sends as fast as responses come: it takes no --rate or --profile"}
	case closed:
		o.asked = "as fast as it goes"
	case profile != "":
		o.asked = profile
		if c.Profile, err = loadgen.ParseProfile(profile); err != nil {
			return orFlag("--profile", err)
		}
	case rate < 0:
		return &usageError{fmt.Sprintf("--rate is %v, want more than 0", rate)}
	case rate > 0:
		o.asked = fmt.Sprintf("%v/s", rate)
		c.Profile = loadgen.Constant(rate)
	default:
		return &usageError{"give --rate REQUESTS_PER_SECOND, a --profile, or --mode closed (as wrk, hey and ab do it)"}
	}
	if ends, ok := c.Profile.(interface{ Length() time.Duration }); ok && ends.Length() > 0 {
		if c.Duration == 0 || ends.Length() < c.Duration {
			c.Duration = ends.Length()
		}
	}
	if c.Duration == 0 && c.Requests == 0 {
		c.Duration = defaultLoadTime
	}
	return nil
}
