package agent

import (
	"context"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/clock"
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

// TestFurtherProcessIsToldApart from one that was started again, and as of when it began.
func TestFurtherProcessIsToldApart(t *testing.T) {
	needs.Network(t)
	server := exec.Command("sh", "-c", "read go; (echo up; sleep 60; true) & wait")
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait() //nolint:errcheck // it is killed
	defer syscall.Kill(-server.Process.Pid, syscall.SIGKILL)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := &Observe{Side: results.HostProxy, Server: []string{"sh"}, IntervalMs: 300, SocketsMs: 300}
	samples, asked, up := 0, int64(0), int64(0)
	done, err := o.run(ctx, func(Record) {
		if samples++; samples > 1 {
			cancel()
			return
		}
		asked = clock.Mono()
		if _, err := in.Write([]byte("\n")); err != nil {
			t.Error(err)
		}
		if _, err := out.Read(make([]byte, 3)); err != nil {
			t.Error(err)
		}
		up = clock.Mono()
	})
	if err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond
	if all := done.Changes; len(all) != 1 || !all[0].Further || all[0].Mono < asked || all[0].Mono > up+tick.Nanoseconds() {
		t.Errorf("%+v, want one further process between %d and %d", all, asked, up)
	}
}

// TestFurtherProcessesLeaveRoom for what goes wrong later.
func TestFurtherProcessesLeaveRoom(t *testing.T) {
	var o Observed
	for range 2 * maxChanges {
		o.note(Change{Text: "was started", Further: true})
	}
	for range 2 * maxChanges {
		o.note(Change{Text: "ended"})
	}
	if n := len(o.Changes); n != 3*maxChanges || o.Changes[n-1].Text != "ended" {
		t.Errorf("%d changes, the last %+v", n, o.Changes[n-1])
	}
}
