package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lab99/lab99/loadgen/figures"
)

func TestEveryModeMeetsTheScheduleAndSaysSo(t *testing.T) {
	for _, mode := range []Mode{Exact, Spin, Relaxed} {
		if mode == Spin && !spins() {
			continue
		}
		t.Run(mode.String(), func(t *testing.T) {
			s := serve(t, always(okAnswer))
			r := mustRun(t, Config{
				URL:         s.url,
				Mode:        mode,
				Connections: 8,
				Profile:     Constant(1000),
				Duration:    200 * time.Millisecond,
			})
			if r.Scheduled != 200 || r.OK != 200 {
				t.Errorf("scheduled %d, ok %d, want 200 of each", r.Scheduled, r.OK)
			}
			if r.Mode != mode || r.Lateness.TotalCount()+r.Queued != 200 {
				t.Errorf("mode %v, %d latenesses for %d queued of 200", r.Mode, r.Lateness.TotalCount(), r.Queued)
			}
			if got := s.requests.Load(); got != 200 {
				t.Errorf("the server saw %d requests", got)
			}
			if r.ConnectionsOpened != 8 || r.PeakConnections != 8 || s.connections.Load() != 8 {
				t.Errorf("opened %d, peak %d, the server saw %d, want 8",
					r.ConnectionsOpened, r.PeakConnections, s.connections.Load())
			}
			if d := r.Elapsed(); d != 200*time.Millisecond {
				t.Errorf("elapsed %v", d)
			}
		})
	}
}

func TestRelaxedSendsOnWholeMilliseconds(t *testing.T) {
	s := serve(t, always(okAnswer))
	r := mustRun(t, Config{
		URL:         s.url,
		Mode:        Relaxed,
		Connections: 8,
		Profile:     Constant(3000),
		Duration:    200 * time.Millisecond,
	})
	// Three requests a millisecond, 333 µs apart, go together: a third of
	// them is 667 µs late by design. A busy machine only adds to it.
	if p90 := quantile(r.Lateness, 90); p90 < 600*time.Microsecond {
		t.Errorf("lateness p90 %v, want over 600 µs", p90)
	}
}

func TestClosedModeKeepsLittlesLaw(t *testing.T) {
	s := serve(t, always(okAnswer))
	r := mustRun(t, Config{URL: s.url, Mode: Closed, Connections: 8, Duration: 300 * time.Millisecond})
	if r.Scheduled != r.Sent || r.Sent != s.requests.Load() || r.OK == 0 {
		t.Errorf("scheduled %d, sent %d, ok %d, the server saw %d", r.Scheduled, r.Sent, r.OK, s.requests.Load())
	}
	if got := r.Little(); got < 0.9 || got > 1.05 {
		t.Errorf("mean latency × rate is %.3f of the 8 connections, want 1", got)
	}
}

// Nothing is due in a closed loop, so nothing but its start wakes it.
func TestClosedModeBeginsAtItsStart(t *testing.T) {
	s := serve(t, always(okAnswer))
	var took []time.Duration
	for range 9 {
		took = append(took, mustRun(t, Config{URL: s.url, Mode: Closed, Requests: 2}).Elapsed())
	}
	if slices.Sort(took); took[4] > 5*time.Millisecond {
		t.Errorf("two requests took %v", took)
	}
}

// TestBodyOfAHEADIsNoAnswerToTheNextRequest, which is sent before it comes.
func TestBodyOfAHEADIsNoAnswerToTheNextRequest(t *testing.T) {
	for _, body := range []string{"hello", strings.Repeat("x", 200_000)} {
		s := serve(t, func(p *peer) {
			for p.request() {
				p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body)))
				time.Sleep(time.Millisecond)
				p.say(body)
			}
		})
		r := mustRun(t, Config{URL: s.url, Mode: Closed, Method: "HEAD", Requests: 30})
		if r.OK != 30 || r.Unasked == 0 {
			t.Errorf("a body of %d bytes: ok %d, causes %v, unasked %d", len(body), r.OK, r.Causes, r.Unasked)
		}
	}
}

// A closed loop has no schedule to pace its attempts: it backs off for 100 ms
// after each refusal, so that 350 ms have room for four.
func TestClosedModeDoesNotSpinOnAServerThatIsGone(t *testing.T) {
	var listener atomic.Pointer[server]
	s := serve(t, func(p *peer) {
		for p.request() {
			if p.n == 20 {
				_ = listener.Load().Close()
				return
			}
			p.say(okAnswer)
		}
	})
	listener.Store(s)
	r := mustRun(t, Config{URL: s.url, Mode: Closed, Connections: 1, Duration: 350 * time.Millisecond})
	if r.OK != 19 || r.Causes[CauseEmptyReply] != 1 || r.Causes[CauseRefused] < 1 || r.Causes[CauseRefused] > 4 {
		t.Errorf("ok %d, causes %v", r.OK, r.Causes)
	}
}

func TestSeveralLoopsShareTheWork(t *testing.T) {
	s := serve(t, always(okAnswer))
	r := mustRun(t, Config{
		URL:         s.url,
		Loops:       3,
		Connections: 8,
		Profile:     Constant(1000),
		Duration:    200 * time.Millisecond,
	})
	if r.OK != 200 || s.requests.Load() != 200 || r.ConnectionsOpened != 8 {
		t.Errorf("ok %d, the server saw %d, opened %d", r.OK, s.requests.Load(), r.ConnectionsOpened)
	}
}

func TestSnapshotsAddUpToTheResult(t *testing.T) {
	s := serve(t, func(p *peer) {
		for n := 0; p.request(); n++ {
			if n%3 == 0 {
				p.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			p.say(okAnswer)
		}
	})
	var sum Counts
	var n, failed, last, interval int64
	var tail Snapshot
	c := Config{
		URL:         s.url,
		Connections: 4,
		Loops:       2,
		Profile:     Constant(1000),
		Duration:    300 * time.Millisecond,
		Every:       20 * time.Millisecond,
	}
	c.OnSnapshot = func(s Snapshot) {
		figures.Add(&sum, &s.Counts)
		n += s.N
		failed += s.Causes[Cause5xx]
		interval += int64(s.Interval)
		if s.MonoNs < last {
			t.Errorf("snapshot of %d after that of %d", s.MonoNs, last)
		}
		if s.N != s.OK+s.Failed || s.N > 0 && (s.P50 <= 0 || s.Max < s.P50) {
			t.Errorf("%d latencies (p50 %v, max %v) for %d requests ended", s.N, s.P50, s.Max, s.OK+s.Failed)
		}
		last, tail = s.MonoNs, s
	}
	r := mustRun(t, c)
	if sum != r.Counts || n != r.Latency.TotalCount() || failed != r.Failed {
		t.Errorf("snapshots: %+v, %d latencies, %d failed; result: %+v", sum, n, failed, r.Counts)
	}
	if tail.InFlight != 0 || tail.Waiting != 0 {
		t.Errorf("after the drain %d in flight, %d waiting", tail.InFlight, tail.Waiting)
	}
	if got := last - interval; got != r.StartNs {
		t.Errorf("the intervals begin %d ns after t = 0", got-r.StartNs)
	}
}

func TestStopEndsTheScheduleAfterTheCountedFailure(t *testing.T) {
	s := serve(t, func(p *peer) {
		for n := 0; p.request(); n++ {
			if n < 20 {
				p.say(okAnswer)
				continue
			}
			p.say("HTTP/1.1 502 Bad Gateway\r\nX-Why: ports\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r := mustRun(t, Config{
		URL: s.url, Profile: Constant(200), Duration: 10 * time.Second,
		ClassifyHeader: "X-Why",
		Classify: func(status int, h []byte) string {
			if status == 502 && string(h) == "ports" {
				return "error_99"
			}
			return ""
		},
		Stop: []Stop{{Cause: "error_99", Count: 5, After: 100 * time.Millisecond}},
	})
	if r.OKBeforeFirst["error_99"] != 20 {
		t.Errorf("%d ok before the first", r.OKBeforeFirst["error_99"])
	}
	if r.StoppedBy != "error_99 ×5" || r.Interrupted {
		t.Errorf("stopped by %q, interrupted %v", r.StoppedBy, r.Interrupted)
	}
	// The 21st request is due at 0.1 s, the 25th at 0.12 s.
	if at := time.Duration(r.FirstOf["error_99"] - r.StartNs); at < 100*time.Millisecond {
		t.Errorf("first at %v, before its request was due", at)
	}
	if end := r.Elapsed(); end < 220*time.Millisecond || end > 2*time.Second {
		t.Errorf("the schedule ended at %v, want 0.1 s after the fifth failure at 0.12 s", end)
	}
}

func TestStopWhenTheShareOfFailuresIsTooHigh(t *testing.T) {
	var broken atomic.Bool
	s := serve(t, func(p *peer) {
		for n := 0; p.request(); n++ {
			if broken.Load() && n%2 == 0 || n%10 == 0 {
				p.say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			p.say(okAnswer)
		}
	})
	timer := time.AfterFunc(500*time.Millisecond, func() { broken.Store(true) })
	defer timer.Stop()
	r := mustRun(t, Config{URL: s.url, Profile: Constant(500), Duration: 10 * time.Second, Every: 20 * time.Millisecond,
		Stop: []Stop{{Cause: Cause5xx, Share: 0.3, Window: 200 * time.Millisecond}}})
	// 10 % fail, then 50 %: over 30 % of a 200 ms window after 100 ms more.
	if at := r.Elapsed(); at < 500*time.Millisecond || at > 2*time.Second {
		t.Errorf("ended at %v", at)
	}
	if r.StoppedBy != "status 5xx over 30 % in 200ms" {
		t.Errorf("stopped by %q", r.StoppedBy)
	}
}

func TestRequestsBoundTheSchedule(t *testing.T) {
	s := serve(t, always(okAnswer))
	for _, c := range []Config{
		{Profile: Constant(1000), Requests: 100},
		{Profile: Constant(1000), Requests: 100, Duration: time.Minute},
		{Profile: Constant(1000), Requests: 1_000_000, Duration: 100 * time.Millisecond},
		{Profile: Poisson(Constant(1000), 1), Requests: 100},
		{Mode: Closed, Requests: 100},
	} {
		c.URL, c.Connections, c.Loops = s.url, 6, 3
		if r := mustRun(t, c); r.Scheduled != 100 || r.OK != 100 {
			t.Errorf("%+v: scheduled %d, ok %d", c, r.Scheduled, r.OK)
		} else if d := r.Elapsed(); d <= 0 || d > 5*time.Second {
			t.Errorf("%+v: elapsed %v", c, d)
		}
	}
}

func TestMixIsSentByWeight(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[string]int)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen[fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("X-A"), b)]++
		mu.Unlock()
		_, _ = io.WriteString(w, "hello")
	}))
	defer h.Close()
	r := mustRun(t, Config{
		URL:         h.URL + "/base",
		Connections: 2,
		Loops:       2,
		Profile:     Constant(500),
		Requests:    60,
		Header:      []string{"X-A: 1"},
		Mix: []Request{
			{Weight: 3},
			{Weight: 2, Method: "HEAD", Path: "/h?x=1"},
			{Method: "POST", Path: "/p", Body: []byte("b")},
		},
	})
	mu.Lock()
	defer mu.Unlock()
	want := map[string]int{"GET /base 1 ": 30, "HEAD /h?x=1 1 ": 20, "POST /p 1 b": 10}
	if r.OK != 60 || !maps.Equal(seen, want) {
		t.Errorf("ok %d, causes %v, seen %v, want %v", r.OK, r.Causes, seen, want)
	}
}

func TestCancelEndsTheScheduleAndDrains(t *testing.T) {
	s := serve(t, func(p *peer) {
		for p.request() {
			time.Sleep(50 * time.Millisecond)
			p.say(okAnswer)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	r, err := Run(ctx, Config{URL: s.url, Connections: 20, Profile: Constant(200)})
	if err != nil {
		t.Fatal(err)
	}
	invariants(t, r)
	if !r.Interrupted || r.Unfinished != 0 || r.OK != r.Scheduled || r.OK == 0 {
		t.Errorf("interrupted %v, unfinished %d, ok %d of %d", r.Interrupted, r.Unfinished, r.OK, r.Scheduled)
	}
}

func TestCancelBeforeTheStartLeavesAWholeResult(t *testing.T) {
	s := serve(t, always(okAnswer))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	clk, err := newClock()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(ctx, Config{URL: s.url, Profile: Constant(200), Start: clk.now() + int64(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	invariants(t, r)
	if !r.Interrupted || r.Scheduled != 0 || r.Elapsed() != 0 {
		t.Errorf("interrupted %v, scheduled %d, elapsed %v", r.Interrupted, r.Scheduled, r.Elapsed())
	}
}

func TestScheduleBeginsAtTheStartGiven(t *testing.T) {
	s := serve(t, always(okAnswer))
	clk, err := newClock()
	if err != nil {
		t.Fatal(err)
	}
	start := clk.now() + int64(50*time.Millisecond)
	r := mustRun(t, Config{URL: s.url, Profile: Constant(1000), Duration: 20 * time.Millisecond, Start: start})
	if r.StartNs != start || r.EndNs != start+int64(20*time.Millisecond) || r.OK != 20 {
		t.Errorf("began %d ns late, ended %d ns after, ok %d", r.StartNs-start, r.EndNs-start, r.OK)
	}
	if _, err := Run(context.Background(), Config{
		URL:      s.url,
		Profile:  Constant(1),
		Duration: time.Second,
		Start:    start,
	}); !errors.As(err, new(*LateStartError)) {
		t.Errorf("a start in the past: %v", err)
	}
}

// A server that answers nothing until a moment shows the difference between
// waiting (queued), giving up (dropped) and being cut off (timeout).
func TestRequestsWithoutAConnectionAreQueuedThenDropped(t *testing.T) {
	s := serve(t, func(p *peer) {
		for p.request() {
		}
	})
	r := mustRun(t, Config{
		URL:         s.url,
		Connections: 4,
		Profile:     Constant(100),
		Duration:    500 * time.Millisecond,
		Timeout:     200 * time.Millisecond,
	})
	// At 0, 10, 20, 30 ms the four are sent; they time out at 200 ms and on,
	// when the request of 40 ms has waited 160 ms. So all wait, none is late.
	if r.Late != 0 || r.OK != 0 || r.Queued != r.Scheduled-4 {
		t.Errorf("late %d, ok %d, queued %d of %d", r.Late, r.OK, r.Queued, r.Scheduled)
	}
	if r.Dropped == 0 || r.Causes[CauseTimeout] < 4 {
		t.Errorf("dropped %d, timed out %d", r.Dropped, r.Causes[CauseTimeout])
	}
	if r.Bottleneck != LimitTarget {
		t.Errorf("bottleneck %s: %s", r.Bottleneck, r.Why)
	}
	if max := time.Duration(r.DoneNs - r.EndNs); max > 400*time.Millisecond {
		t.Errorf("the drain took %v, the timeout is 200 ms", max)
	}
}

func TestWhatIsInFlightAtTheEndOfTheDrainIsUnfinished(t *testing.T) {
	var n atomic.Int64
	s := serve(t, func(p *peer) {
		for p.request() {
			n.Add(1)
		}
	})
	r := mustRun(t, Config{
		URL:         s.url,
		Connections: 1,
		Profile:     Constant(100),
		Duration:    100 * time.Millisecond,
		Timeout:     150 * time.Millisecond,
	})
	// The first times out at 150 ms; the next sent then is in flight at 250 ms.
	if r.Unfinished != 1 || r.Causes[CauseTimeout] != 1 {
		t.Errorf("unfinished %d, timed out %d", r.Unfinished, r.Causes[CauseTimeout])
	}
}

func TestCloseAfterPlaysTheExhaustingClient(t *testing.T) {
	for _, tt := range []struct {
		after int
		want  int64
	}{{1, 30}, {3, 10}} {
		s := serve(t, always(okAnswer))
		r := mustRun(t, Config{
			URL:        s.url,
			Profile:    Constant(300),
			Duration:   100 * time.Millisecond,
			CloseAfter: tt.after,
		})
		if r.OK != 30 || r.ConnectionsOpened != tt.want || s.connections.Load() != tt.want {
			t.Errorf("after %d: ok %d, opened %d, the server saw %d, want %d",
				tt.after, r.OK, r.ConnectionsOpened, s.connections.Load(), tt.want)
		}
		if n := r.Connect.TotalCount(); n != tt.want {
			t.Errorf("%d connect times", n)
		}
	}
}

func TestSourcesAreUsedInTurn(t *testing.T) {
	var seen [3]atomic.Int64
	s := serve(t, func(p *peer) {
		ap := p.RemoteAddr().String()
		for i, want := range []string{"127.0.0.1:", "127.0.0.2:", "127.0.0.3:"} {
			if strings.HasPrefix(ap, want) {
				seen[i].Add(1)
			}
		}
		always(okAnswer)(p)
	})
	c := Config{URL: s.url, Profile: Constant(300), Duration: 100 * time.Millisecond, CloseAfter: 1,
		Sources: []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}}
	mustRun(t, c)
	if a, b, d := seen[0].Load(), seen[1].Load(), seen[2].Load(); a != 0 || b != 15 || d != 15 {
		t.Errorf("connections by source: %d, %d, %d, want 0, 15, 15", a, b, d)
	}
	c.Sources = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("a source this host does not have: %v", err)
	}
}

// Four connections that each need 5 ms can answer 800 requests a second.
func TestFindMaxFindsWhatAServerCanAnswer(t *testing.T) {
	s := serve(t, func(p *peer) {
		for p.request() {
			time.Sleep(5 * time.Millisecond)
			p.say(okAnswer)
		}
	})
	slo, err := ParseSLO("p50<50ms,errors<1%")
	if err != nil {
		t.Fatal(err)
	}
	f, err := FindMax(context.Background(), Search{
		Config: Config{URL: s.url, Connections: 4, Timeout: 200 * time.Millisecond},
		SLO:    slo, From: 200, Hold: 200 * time.Millisecond, Cool: 10 * time.Millisecond, Tolerance: 0.3,
	})
	if err != nil {
		t.Fatal(err)
	}
	// A busy machine sleeps longer than 5 ms, never shorter; a trial is too
	// short to see a queue that grows slowly.
	if f.LimitedBy == LimitTarget && f.Rate < 100 || f.Rate > 1100 {
		t.Errorf("found %v/s, limited by %s: %s", f.Rate, f.LimitedBy, f.Why)
	}
}

func TestDebugShowsTheExchange(t *testing.T) {
	for _, tt := range []struct {
		handle func(*peer)
		want   []string
	}{
		{always(okAnswer), []string{"GET / HTTP/1.1\r\n", "200 OK\r\n", "\n* ok: status 200, 2 bytes of body, after "}},
		{once("HTTP/1.1 200 OK\r\n\r\nhello"), []string{"ended by the close"}},
		{always("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"), []string{"failed: status 5xx, 0 bytes"}},
		{always("nonsense"), []string{"nonsense", "bad response: a response that does not begin with HTTP/1."}},
		{once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), []string{"failed: short body"}},
		{always(okAnswer + "!"), []string{"excess data"}},
	} {
		s := serve(t, tt.handle)
		var b strings.Builder
		if err := Debug(context.Background(), Config{URL: s.url}, &b); err != nil {
			t.Error(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%q is not in %q", want, b.String())
			}
		}
	}
}
