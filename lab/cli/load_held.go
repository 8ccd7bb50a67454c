package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/scenarios"
)

// heldFlags are the keys of a scenario for connections that are held.
type heldFlags struct {
	hold, ping    time.Duration
	times, closes string
}

func (h *heldFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	lastingVar(fs, &h.hold, "hold", 0,
		"hold each connection so `long` on average, instead of sending requests; "+
			"--rate is then that of their openings, and the URL is tcp://HOST:PORT or ws://HOST:PORT/path")
	fs.StringVar(&h.times, "hold-times", scenarios.HoldFixed, "`how` the times differ: fixed or exponential")
	fs.StringVar(&h.closes, "closes", scenarios.ClosesClient, "which `end` closes a held connection: client or server")
	lastingVar(fs, &h.ping, "ping", time.Second, "between two pings over a held connection")
	words(cmd, "hold-times", scenarios.HoldFixed, scenarios.HoldExponential)
	words(cmd, "closes", scenarios.ClosesClient, scenarios.ClosesServer)
	for _, other := range []string{
		"mode", "requests", "connections", "loops", "method", "header", "body", "data", "bodies", "mix", "targets",
		"unix", "insecure", "close-after", "retry-stale", "source", "slo", "find-max", "debug", "openmetrics",
	} {
		cmd.MarkFlagsMutuallyExclusive("hold", other)
	}
}

// The words of --hold-times and of --closes.
var (
	spreads = map[string]loadgen.Spread{
		scenarios.HoldFixed:       loadgen.FixedTimes,
		scenarios.HoldExponential: loadgen.ExponentialTimes,
	}
	sides = map[string]loadgen.Side{
		scenarios.ClosesClient: loadgen.ClosedByClient,
		scenarios.ClosesServer: loadgen.ClosedByServer,
	}
)

// apply turns a load of requests into one of connections, where that is asked for.
func (h *heldFlags) apply(o *loadOptions, given func(flag string) bool) error {
	if !given("hold") {
		for _, flag := range []string{"hold-times", "closes", "ping"} {
			if given(flag) {
				return &usageError{fmt.Sprintf("--%s is about held connections: --hold is expected beside it, "+
					"such as --hold 30s",
					flag)}
			}
		}
		if scheme, _, _ := strings.Cut(o.config.URL, "://"); scheme == "tcp" || scheme == "ws" {
			return &usageError{fmt.Sprintf("%s: over %s connections are held: --hold is expected, such as --hold 30s",
				o.shown, scheme)}
		}
		return nil
	}
	spread, ok := spreads[h.times]
	if !ok {
		return &usageError{fmt.Sprintf("--hold-times %s: fixed or exponential is expected", h.times)}
	}
	side, ok := sides[h.closes]
	if !ok {
		return &usageError{fmt.Sprintf("--closes %s: client or server is expected", h.closes)}
	}
	c := &o.config
	o.held = &loadgen.HeldConfig{
		URL:       c.URL,
		Host:      c.Host,
		UserAgent: tool().UserAgent(),
		Profile:   c.Profile,
		Duration:  c.Duration,
		For:       h.hold,
		Spread:    spread,
		Closes:    side,
		Ping:      h.ping,
		Timeout:   c.Timeout,
		Start:     c.Start,
		Stop:      c.Stop,
		Allow:     c.Allow,
	}
	return nil
}

// drive drives the load that is asked for.
func (o *loadOptions) drive(ctx context.Context) (*loadgen.Result, error) {
	if o.held == nil {
		return loadgen.Run(ctx, o.config)
	}
	o.held.OnSnapshot = o.config.OnSnapshot
	return loadgen.Hold(ctx, *o.held)
}

// holds says of a load how long its connections were held, and who closed them.
func (o *loadOptions) holds() string {
	who := "client"
	if o.held.Closes == loadgen.ClosedByServer {
		who = "server"
	}
	how := "each"
	if o.held.Spread == loadgen.ExponentialTimes {
		how = "at random times,"
	}
	return fmt.Sprintf("connections held %s for %v%s, closed by the %s", how, o.held.For,
		map[bool]string{true: " on average"}[o.held.Spread == loadgen.ExponentialTimes], who)
}

// printHeld prints what became of held connections.
func printHeld(tw *tabwriter.Writer, h *loadgen.Held) {
	fmt.Fprintf(tw, "  Held\t%d in time, %d broken, %d overdue, %d cut at the end; at most %d at once\n",
		h.InTime, h.Broken, h.Overdue, h.Cut, h.Peak)
	for i, c := range format.ByCount(h.BrokenBy) {
		fmt.Fprintf(tw, "  %s\t%d × %s\n", title(i, "Broken"), h.BrokenBy[c], c)
	}
}
