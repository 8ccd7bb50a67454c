package lab

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestFurtherProcessesBeforeTheLoad: a server that forks some more before t = 0 is getting
// ready. In the load it is a fault, as a restart is at any time.
func TestFurtherProcessesBeforeTheLoad(t *testing.T) {
	at := func(ms int64) int64 { return started.Started.StartNs + ms*1e6 }
	further := func(ms int64) agent.Change {
		return agent.Change{Mono: at(ms), Text: "process 7 (php-fpm8.2) was started", Further: true}
	}
	ended := agent.Change{Mono: at(-30), Text: "process 6 (php-fpm8.2) ended"}
	again := agent.Change{Mono: at(-20), Text: "process 7 (php-fpm8.2) was started"}
	for _, c := range []struct {
		changes []agent.Change
		want    string // "": the run can be trusted
	}{
		{[]agent.Change{further(-30), further(-1)}, ""},
		{[]agent.Change{further(0)}, "process 7 (php-fpm8.2) was started on the backend, 0.00 s into the load"},
		{[]agent.Change{further(-30), further(2000)}, "process 7 (php-fpm8.2) was started on the backend, 2.00 s into the load"},
		{
			[]agent.Change{ended, again}, "process 6 (php-fpm8.2) ended on the backend, -0.03 s into the load; " +
				"process 7 (php-fpm8.2) was started on the backend, -0.02 s into the load",
		},
		{
			[]agent.Change{further(-9), further(-8), further(-7), further(-6), ended},
			"process 6 (php-fpm8.2) ended on the backend, -0.03 s into the load",
		},
	} {
		var seen []agent.Command
		d := &fakeDriver{on: func(_ *fakeLab, host string, k agent.Command) []agent.Record {
			switch {
			case host != results.HostBackend:
			case k.Observe != nil:
				seen = append(seen, k)
				return []agent.Record{}
			case k.Stop != nil:
				done := agent.Record{Re: seen[len(seen)-1].ID, Observed: &agent.Observed{Changes: c.changes}}
				return []agent.Record{{Re: k.ID}, done}
			}
			return nil
		}}
		out, err := runFake(t, t.Context(), d, nil)
		if err != nil {
			t.Fatal(err)
		}
		row := out.Summary.Variants[0]
		if invalid := row.Verdict == law.Invalid; invalid != (c.want != "") || invalid && !strings.HasPrefix(row.Why, c.want) {
			t.Errorf("%+v: %s, %q, want %q", c.changes, row.Verdict, row.Why, c.want)
		}
		if strings.Contains(row.Why, "more changes") {
			t.Errorf("%+v: %q counts what is no fault", c.changes, row.Why)
		}
	}
}
