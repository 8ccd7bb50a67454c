package backend

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/probe"
)

// namespace gives the test a network namespace of its own. Its thread is never
// unlocked, so that Go ends it with the test and the namespace goes with it;
// an accepted socket is in its listener's namespace whatever thread accepts.
func namespace(t *testing.T, finTimeout string) {
	t.Helper()
	needs.Network(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_fin_timeout", []byte(finTimeout), 0); err != nil {
		t.Fatal(err)
	}
}

// TestLateCloseMovesTheStates: on the kernel itself, n connections whose peer
// closes first sit in FIN_WAIT2 there until the backend closes, and only then
// in TIME_WAIT; and tcp_fin_timeout, which does nothing for TIME_WAIT, ends
// the FIN_WAIT2 of a backend that is later than that, which then never becomes
// TIME_WAIT at all.
func TestLateCloseMovesTheStates(t *testing.T) {
	const n = 50
	http11, http10 := "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"
	for name, tc := range map[string]struct {
		finTimeout string
		late       time.Duration
		request    string
		waitFIN    bool // the client closes only after the backend has
		first      string
		then       string // of the client's sockets; "": none is left
		side       probe.Side
	}{
		"peer closes first, FIN late": {
			finTimeout: "60",
			late:       700 * time.Millisecond,
			request:    http11,
			first:      "fin-wait-2",
			then:       "time-wait",
			side:       probe.Remote,
		},
		"HTTP/1.0, client first, FIN late": {
			finTimeout: "60",
			late:       700 * time.Millisecond,
			request:    http10,
			first:      "fin-wait-2",
			then:       "time-wait",
			side:       probe.Remote,
		},
		"FIN later than tcp_fin_timeout":      {"1", 4 * time.Second, http11, false, "fin-wait-2", "", probe.Remote},
		"peer closes first, FIN in good time": {"60", 0, http11, false, "time-wait", "time-wait", probe.Remote},
		"backend closes first":                {"60", 0, http10, true, "time-wait", "time-wait", probe.Local},
	} {
		t.Run(name, func(t *testing.T) {
			namespace(t, tc.finTimeout)
			l, err := net.Listen("tcp", "127.0.0.1:8080")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			s := &Server{KeepAlive: true, CloseDelay: tc.late}
			go func() { s.Serve(ctx, l); close(done) }()
			defer func() { cancel(); <-done }()
			for range n {
				talk(t, tc.request, tc.waitFIN)
			}
			closed := time.Now()
			await(t, tc.side, tc.first, n, time.Second)
			if tc.first == tc.then {
				return
			}
			await(t, tc.side, tc.then, n, 6*time.Second)
			if took := time.Since(closed); tc.then == "time-wait" && took < tc.late-100*time.Millisecond {
				t.Errorf("all in TIME_WAIT after %v, though the FIN was to be %v late", took, tc.late)
			} else if tc.then == "" && took > tc.late-500*time.Millisecond {
				t.Errorf("FIN_WAIT2 lasted %v, until the backend's FIN, not tcp_fin_timeout", took)
			}
		})
	}
}

// talk makes one connection with one request, and closes it.
func talk(t *testing.T, request string, waitFIN bool) {
	t.Helper()
	c, err := net.Dial("tcp4", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	var b []byte
	if waitFIN {
		b, err = io.ReadAll(c)
	} else {
		b = make([]byte, len(response(request == "GET / HTTP/1.1\r\n\r\n", false)))
		_, err = io.ReadFull(c, b)
	}
	if err != nil || len(b) < 1024 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
}

// await polls until all n sockets of one side are in a state, and fails if
// that is not so within a time. An empty state means that none is left.
func await(t *testing.T, side probe.Side, state string, n int64, within time.Duration) {
	t.Helper()
	s, err := probe.NewSockets([]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8080")}, side)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		got, err := s.Count()
		if err != nil {
			t.Fatal(err)
		}
		if state == "" && len(got) == 0 {
			return
		}
		for _, g := range got {
			if g.State == state && g.N == n {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("sockets %v, want %d in %q", got, n, state)
		}
	}
}
