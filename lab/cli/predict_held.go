package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios"
)

// ofHeld are the keys of a scenario for connections that are held.
type ofHeld struct {
	closes string
	hold   time.Duration
}

func (h *ofHeld) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.DurationVar(&h.hold, "hold", 0,
		"how `long` each connection is held, on average; the rate is then that of their openings")
	fs.StringVar(&h.closes, "closes", scenarios.ClosesClient, "which `end` closes a held connection: client or server")
	words(cmd, "closes", scenarios.ClosesClient, scenarios.ClosesServer)
	for _, other := range []string{"backend-ms", "concurrency", "close-share", "config", "nat", "policy", "proxy"} {
		cmd.MarkFlagsMutuallyExclusive("hold", other)
	}
}

// apply puts them into a setup that is not completed.
func (h *ofHeld) apply(s *law.Setup, protocol string, given func(flag string) bool) error {
	carries := scenarios.Carries(protocol)
	switch {
	case h.closes != scenarios.ClosesClient && h.closes != scenarios.ClosesServer:
		return &usageError{fmt.Sprintf("--closes %s: client or server is expected", h.closes)}
	case given("hold") && (h.hold < time.Millisecond || h.hold > law.ForEver):
		return &usageError{fmt.Sprintf("--hold %v: a time from 1ms to 24h is expected, such as 30s", h.hold)}
	case given("hold") && !carries:
		return &usageError{"--hold: --protocol stream or websocket is expected beside it; " +
			"of requests over HTTP --backend-ms says how long they take"}
	case !given("hold") && (carries || given("closes")):
		return &usageError{"--protocol and --closes: --hold is expected beside them, such as --hold 30s"}
	case given("hold"):
		*s = s.Holding(h.hold, true, h.closes == scenarios.ClosesClient)
	}
	return nil
}

// describe says in some sentences what held connections take.
func (h *ofHeld) describe(s law.Setup, protocol string) string {
	who, left := "the client closes first, and nginx passes that on to the backend", "keeps a TIME_WAIT, f = 1"
	if h.closes == scenarios.ClosesServer {
		who, left = "the backend closes first", "keeps nothing, f = 0"
	}
	are := "are"
	if s.InFlight > float64(s.Tuples()) {
		are = "would be"
	}
	text := fmt.Sprintf("%s, each connection held for %v: %s, so nginx %s. %s %s alive at once (R·H), a tuple each",
		upper(protocol), h.hold, who, left, format.Grouped(int64(s.InFlight+0.5)), are)
	if s.CloseShare > 0 {
		text += fmt.Sprintf(", which stays taken for %s after the end (T)", format.About(s.HoldTime().Seconds()))
	}
	return text + fmt.Sprintf(". If they come at random, %s of them are refused in the long run, "+
		"however the times are distributed (Erlang's B formula).", tiny(s.Blocking()))
}

// mitigations are the changes that make sense for held connections: none is ever reused.
func (h *ofHeld) mitigations(s law.Setup, all []law.Mitigation) []law.Mitigation {
	if !s.Held() {
		return all
	}
	all = withoutPools(all)
	if s.CloseShare == 0 {
		return all
	}
	server := law.Mitigation{
		Name:   "server-closes",
		Change: "the backend closes first",
		Setup:  s.Holding(s.HeldFor, s.HeldFixed, false),
	}
	return append([]law.Mitigation{server}, all...)
}

// inUnits is a text about requests as one about connections, where those are what is opened.
func inUnits(s law.Setup, text string) string {
	if !s.Held() {
		return text
	}
	return strings.NewReplacer(
		"requests/s", "connections/s",
		"of the requests", "of them",
		"requests under way", "connections that are held",
	).Replace(text)
}
