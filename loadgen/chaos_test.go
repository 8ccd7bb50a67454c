package loadgen

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lab99/lab99/loadgen/figures"
)

// chaotic answers each request in one of many ways, most of them bad.
func chaotic(p *peer) {
	for p.request() {
		switch rand.IntN(12) {
		case 0:
			return // FIN
		case 1:
			p.reset()
			return
		case 2:
			time.Sleep(30 * time.Millisecond) // past the timeout
			p.say(okAnswer)
		case 3:
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe")
			return
		case 4:
			p.say("nonsense")
		case 5:
			p.say(okAnswer + okAnswer)
		case 6:
			p.say(okAnswer)
			return
		case 7:
			p.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		default:
			p.say(okAnswer)
		}
	}
}

func TestInvariantsHoldWhateverTheServerDoes(t *testing.T) {
	for _, c := range []Config{
		{},
		{Loops: 3},
		{CloseAfter: 1},
		{CloseAfter: 3, Loops: 2},
		{Mode: Spin},
		{Mode: Relaxed, Loops: 2},
		{Mode: Closed, Loops: 2},
		{Connections: 1},
		{RetryStale: true},
		{RetryStale: true, Mode: Closed, Loops: 2},
		{Stop: []Stop{{Count: 20}}, Loops: 3},
		{Duration: time.Minute}, // cancelled
		{Requests: 77, Loops: 2},
	} {
		if c.Mode == Spin && !spins() {
			continue
		}
		c.Timeout = 20 * time.Millisecond
		setDefault(&c.Connections, 12)
		setDefault(&c.Duration, 150*time.Millisecond)
		if c.Mode != Closed {
			c.Profile = Poisson(Constant(2000), 1)
		}
		t.Run(fmt.Sprintf("%v loops %d close %d stop %d of %d",
			c.Mode, c.Loops, c.CloseAfter, len(c.Stop), c.Requests), func(t *testing.T) {
			s := serve(t, chaotic) // its own: another's may get to the last requests late
			c.URL = s.url
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			var sum Counts
			c.OnSnapshot = func(s Snapshot) {
				figures.Add(&sum, &s.Counts)
				if s.InFlight < 0 || s.Waiting < 0 || s.Open < 0 || s.Open > int64(c.Connections) ||
					s.InFlight > int64(c.Connections) {
					t.Errorf("in flight %d, waiting %d, open %d of %d", s.InFlight, s.Waiting, s.Open, c.Connections)
				}
			}
			r, err := Run(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			invariants(t, r)
			if sum != r.Counts {
				t.Errorf("snapshots add up to %+v, the result is %+v", sum, r.Counts)
			}
			if r.OK == 0 || r.Failed == 0 {
				t.Errorf("ok %d, causes %v: not much chaos", r.OK, r.Causes)
			}
			if seen := s.requests.Load(); seen > r.Sent+r.Retried || r.Retried > 0 != c.RetryStale {
				t.Errorf("the server saw %d requests, sent were %d and %d again: a hidden retry",
					seen, r.Sent, r.Retried)
			}
			if c.Requests > 0 && r.Scheduled != c.Requests && !r.Interrupted {
				t.Errorf("scheduled %d of %d", r.Scheduled, c.Requests)
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	s := tryServe(t, "[::1]:0", always(okAnswer))
	if s == nil {
		t.Skip("no IPv6 loopback")
	}
	if r := mustRun(t, Config{URL: s.url, Profile: Constant(1000), Requests: 20}); r.OK != 20 {
		t.Errorf("ok %d, causes %v", r.OK, r.Causes)
	}
}
