package agent

import (
	"context"
	"net"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// TestObserverCountsAsItIsTold how the kernel does. What it is told wrongly shows:
// this kernel counts each TIME_WAIT as it begins, or counts none before they end.
func TestObserverCountsAsItIsTold(t *testing.T) {
	needs.Root(t)
	yes, no := true, false
	const made = 30
	count := func(atEnd *bool) *Observed {
		t.Helper()
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, cancel := context.WithCancel(t.Context())
		o := &Observe{
			Side:          results.HostProxy,
			Server:        []string{"agent.test"},
			IntervalMs:    1000,
			SocketsMs:     1000,
			TimeWaitAtEnd: atEnd,
		}
		done, err := o.run(ctx, func(Record) { // on this thread, after the first look
			defer cancel()
			for range made {
				c, err := net.Dial("tcp4", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				a, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				a.Close()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	needs.Network(t)
	sysctl(t, "tcp_tw_reuse", "0") // 2, the default, would reuse loopback's
	found := count(nil)
	if n := found.Net.Counters["time_wait_created"]; n != made {
		t.Errorf("%d found by the figures, want %d", n, made)
	}
	raw := count(&no).Net.Counters["time_wait_created"] // TW as it is
	if raw != 0 && raw != made || found.TimeWaitAtEnd != (raw == 0) {
		t.Errorf("TW grew by %d, and the figures told: at the end %v", raw, found.TimeWaitAtEnd)
	}
	told := count(&yes)
	if n := told.Net.Counters["time_wait_created"]; n != made+raw || !told.TimeWaitAtEnd {
		t.Errorf("%d counted by their number, want %d and TW's %d", n, made, raw)
	}
}
