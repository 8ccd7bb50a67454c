package loadgen

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

// mustHold holds connections and looks at the books.
func mustHold(t *testing.T, c HeldConfig) *Result {
	t.Helper()
	if c.For == 0 {
		c.For = 200 * time.Millisecond
	}
	if c.Profile == nil {
		c.Profile = Constant(100)
	}
	if c.Duration == 0 {
		c.Duration = 500 * time.Millisecond
	}
	var sum Counts
	causes := map[string]int64{}
	var last Snapshot
	c.OnSnapshot = func(s Snapshot) {
		sum.Scheduled, sum.Sent, sum.OK, sum.Failed = sum.Scheduled+s.Scheduled, sum.Sent+s.Sent, sum.OK+s.OK, sum.Failed+s.Failed
		for cause, n := range s.Causes {
			causes[cause] += n
		}
		last = s
	}
	r, err := Hold(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var failed, broken int64
	for _, n := range r.Causes {
		failed += n
	}
	for _, n := range r.Held.BrokenBy {
		broken += n
	}
	h := r.Held
	if r.Scheduled != r.Sent+r.Dropped || r.Sent != r.OK+r.Failed+r.Unfinished || r.Failed != failed ||
		r.OK != h.InTime+h.Broken+h.Overdue+h.Cut || h.Broken != broken {
		t.Errorf("the books do not add up: %+v, unfinished %d, %v, %+v", r.Counts, r.Unfinished, r.Causes, *h)
	}
	if sum.Scheduled != r.Scheduled || sum.Sent != r.Sent || sum.OK != r.OK || sum.Failed != r.Failed ||
		!cmp.Equal(causes, r.Causes) {
		t.Errorf("the snapshots add up to %+v and %v, the result has %+v and %v", sum, causes, r.Counts, r.Causes)
	}
	if last.Open != 0 {
		t.Errorf("%d connections are open at the end", last.Open)
	}
	return r
}

// echo serves lines. What a client asks for by its first line is up to respond: how long
// the connection lasts, 0 is until the client ends it.
func echo(t *testing.T, respond func(first string) time.Duration) *server {
	t.Helper()
	return serve(t, func(p *peer) {
		first, err := p.r.ReadString('\n')
		if err != nil {
			return
		}
		p.say(first)
		if d := respond(strings.TrimSpace(first)); d > 0 {
			time.AfterFunc(d, func() { p.Close() })
		}
		for {
			text, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			p.say(text)
		}
	})
}

// obeys closes when the first line asks for it.
func obeys(first string) time.Duration {
	d, _ := time.ParseDuration(strings.TrimPrefix(first, "close-after "))
	return d
}

func (s *server) tcp() string { return "tcp://" + s.Addr().String() }

func TestHeldUntilTheClientCloses(t *testing.T) {
	t.Parallel()
	r := mustHold(t, HeldConfig{URL: echo(t, obeys).tcp(), Ping: 20 * time.Millisecond})
	if r.Scheduled != 50 || r.OK != 50 || r.Held.InTime != 50 {
		t.Errorf("50 are to be opened, and closed in time: %+v, %v, %+v", r.Counts, r.Causes, *r.Held)
	}
	if r.Held.Peak < 19 { // R·H, and the next one comes as the first goes
		t.Errorf("at most %d were alive at once, want 20", r.Held.Peak)
	}
	if took := time.Duration(r.DoneNs - r.EndNs); took > 2*time.Second {
		t.Errorf("the last ended %v after the schedule, want some 200ms", took)
	}
}

func TestHeldUntilTheServerCloses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		respond func(string) time.Duration
		want    Held
	}{
		{"in time", obeys, Held{InTime: 20}},
		{"early", func(string) time.Duration { return 20 * time.Millisecond },
			Held{Broken: 20, BrokenBy: map[string]int64{"closed early": 20}}},
		{"never", func(string) time.Duration { return 0 }, Held{Overdue: 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := mustHold(t, HeldConfig{
				URL: echo(t, tt.respond).tcp(), Closes: ClosedByServer, Duration: 200 * time.Millisecond,
				For: 150 * time.Millisecond, Timeout: 300 * time.Millisecond,
			})
			r.Held.Peak = 0
			if diff := cmp.Diff(tt.want, *r.Held); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A connection that the server ends is noticed at once, whoever was to close it.
func TestHeldBreaks(t *testing.T) {
	t.Parallel()
	r := mustHold(t, HeldConfig{
		URL: echo(t, func(string) time.Duration { return 30 * time.Millisecond }).tcp(),
		For: time.Minute, Duration: 200 * time.Millisecond, Timeout: time.Second,
	})
	if r.Held.Broken != 20 || r.Held.Peak > 15 {
		t.Errorf("all 20 are to break 30 ms after they were opened: %+v", *r.Held)
	}
}

// One that outlives the drain is cut, and the drain has a bound.
func TestHeldIsCut(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := mustHold(t, HeldConfig{
		URL: echo(t, obeys).tcp(), For: time.Hour, Duration: 200 * time.Millisecond, Timeout: 100 * time.Millisecond,
	})
	if r.Held.Cut != 20 || r.Held.Peak != 20 {
		t.Errorf("all 20 are to be alive when the drain ends: %+v", *r.Held)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v, want 300ms", took)
	}
}

// A pong that does not come ends a connection; one that hangs is not taken for alive.
func TestHeldWithoutAPong(t *testing.T) {
	t.Parallel()
	s := serve(t, func(p *peer) {
		first, _ := p.r.ReadString('\n')
		p.say(first)
		for err := error(nil); err == nil; {
			_, err = p.r.ReadString('\n')
		}
	})
	r := mustHold(t, HeldConfig{
		URL:      s.tcp(),
		For:      time.Minute,
		Duration: 100 * time.Millisecond,
		Ping:     50 * time.Millisecond,
		Timeout:  300 * time.Millisecond,
	})
	if r.Held.BrokenBy[CauseTimeout]+r.Held.Cut != 10 || r.Held.BrokenBy[CauseTimeout] == 0 {
		t.Errorf("10 are to end for want of a pong: %+v", *r.Held)
	}
}

func TestHeldRefused(t *testing.T) {
	t.Parallel()
	deaf := serve(t, func(p *peer) {})
	liar := serve(t, func(p *peer) { p.say("something else\n") })
	silent := serve(t, func(p *peer) { time.Sleep(time.Second) })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, tt := range []struct{ name, url, cause string }{
		{"nobody listens", "tcp://" + closed.Addr().String(), CauseRefused},
		{"closed unanswered", deaf.tcp(), "the proxy gave up"},
		{"another answer", liar.tcp(), CauseBadResponse},
		{"no answer", silent.tcp(), CauseTimeout},
		{"no websocket", "ws://" + closed.Addr().String() + "/", CauseRefused},
		{"no handshake", "ws://" + deaf.Addr().String() + "/", "the proxy gave up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := mustHold(t, HeldConfig{
				URL:        tt.url,
				Duration:   100 * time.Millisecond,
				Timeout:    200 * time.Millisecond,
				Unanswered: "the proxy gave up",
				Stop:       []Stop{{Count: 1000}},
			})
			if r.Failed != 10 || r.Causes[tt.cause] != 10 || r.ConnectWhy == "" {
				t.Errorf("all 10 are to fail by %q, and the first to say why: %+v, %v, %q",
					tt.cause, r.Counts, r.Causes, r.ConnectWhy)
			}
			if r.OKBeforeFirst[tt.cause] != 0 || r.FirstOf[tt.cause] < r.StartNs {
				t.Errorf("the first failed at %d, after %d successes",
					r.FirstOf[tt.cause]-r.StartNs, r.OKBeforeFirst[tt.cause])
			}
		})
	}
}

// A failure ends the load some time after it.
func TestHeldStops(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	n := 0
	s := serve(t, func(p *peer) {
		mu.Lock()
		n++
		last := n > 10
		mu.Unlock()
		first, _ := p.r.ReadString('\n')
		if last {
			return
		}
		p.say(first)
		_, _ = p.r.ReadString('\n')
	})
	r := mustHold(t, HeldConfig{
		URL: s.tcp(), Duration: time.Minute, Stop: []Stop{{Cause: CauseEmptyReply, After: 100 * time.Millisecond}},
	})
	if r.OKBeforeFirst[CauseEmptyReply] != 10 || r.StoppedBy != CauseEmptyReply+" ×1" || r.Interrupted {
		t.Errorf("10 were to be opened before the first failure: %v, stopped by %q", r.OKBeforeFirst, r.StoppedBy)
	}
	if s := r.Elapsed().Seconds(); s < 0.19 || s > 1 {
		t.Errorf("the schedule ended after %.3f s, want 0.2", s)
	}
}

// More than it may hold is a limit of the generator's own.
func TestHeldMost(t *testing.T) {
	t.Parallel()
	r := mustHold(t, HeldConfig{URL: echo(t, obeys).tcp(), For: time.Minute, Most: 7, Timeout: 100 * time.Millisecond})
	if r.OK != 7 || r.Dropped != 43 || !strings.Contains(r.OwnLimit, "7 connections") || r.Bottleneck != LimitGenerator {
		t.Errorf("7 of 50 were allowed: %+v, %q", r.Counts, r.OwnLimit)
	}
}

// The times are drawn as they are said to be, and the same seed draws the same.
func TestHeldTimes(t *testing.T) {
	t.Parallel()
	asked := func(spread Spread, seed uint64) (all []time.Duration) {
		var mu sync.Mutex
		byLine := map[string]int{}
		s := echo(t, func(first string) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			byLine[first]++
			all = append(all, obeys(first))
			return time.Millisecond
		})
		mustHold(t, HeldConfig{
			URL: s.tcp(), Closes: ClosedByServer, For: time.Second, Spread: spread, Seed: seed,
			Profile: Constant(1000), Duration: 300 * time.Millisecond,
		})
		mu.Lock()
		defer mu.Unlock()
		if spread == FixedTimes && len(byLine) != 1 {
			t.Errorf("a fixed time has %d values", len(byLine))
		}
		return all
	}
	mean := func(all []time.Duration) (m, deviation float64) {
		for _, d := range all {
			m += d.Seconds() / float64(len(all))
		}
		for _, d := range all {
			deviation += (d.Seconds() - m) * (d.Seconds() - m) / float64(len(all))
		}
		return m, math.Sqrt(deviation)
	}
	asked(FixedTimes, 1)
	one := asked(ExponentialTimes, 1)
	// Of 300 the mean has a standard error of 6 %.
	if m, d := mean(one); math.Abs(m-1) > 0.25 || math.Abs(d-1) > 0.3 {
		t.Errorf("mean %.2f s, standard deviation %.2f s, want 1 s for both", m, d)
	}
	total := func(all []time.Duration) (sum time.Duration) { // they may come in another order
		for _, d := range all {
			sum += d
		}
		return sum
	}
	if again, other := asked(ExponentialTimes, 1), asked(ExponentialTimes, 2); total(again) != total(one) ||
		total(other) == total(one) {
		t.Error("the same seed draws other times, or another one the same")
	}
}

// websockets takes websockets. how is told what the client asks for.
func websockets(t *testing.T, pings chan<- string) string {
	t.Helper()
	up := websocket.Upgrader{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		pong := c.PingHandler()
		c.SetPingHandler(func(data string) error {
			select {
			case pings <- data:
			default:
			}
			return pong(data)
		})
		for {
			_, text, err := c.ReadMessage()
			if err != nil {
				return
			}
			time.AfterFunc(obeys(string(text)), func() {
				_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
			})
		}
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http", "ws", 1) + "/"
}

func TestHeldWebsockets(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]Side{"client": ClosedByClient, "server": ClosedByServer} {
		t.Run(name, func(t *testing.T) {
			pings := make(chan string, 1)
			r := mustHold(t, HeldConfig{
				URL:      websockets(t, pings),
				Closes:   closes,
				Duration: 200 * time.Millisecond,
				Ping:     20 * time.Millisecond,
			})
			if r.OK != 20 || r.Held.InTime != 20 {
				t.Errorf("20 are to be opened, and closed in time: %+v, %v, %+v", r.Counts, r.Causes, *r.Held)
			}
			if len(pings) == 0 {
				t.Error("no ping came")
			}
		})
	}
}

// A proxy answers by HTTP where it finds no port.
func TestHeldWebsocketRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Why", "ports")
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer s.Close()
	c := HeldConfig{URL: strings.Replace(s.URL, "http", "ws", 1) + "/", Duration: 100 * time.Millisecond}
	if r := mustHold(t, c); r.Causes[Cause5xx] != 10 {
		t.Errorf("10 are to fail by their status: %v", r.Causes)
	}
	c.ClassifyHeader = "X-Why"
	c.Classify = func(status int, header []byte) string { return fmt.Sprint(status, " ", string(header)) }
	if r := mustHold(t, c); r.Causes["502 ports"] != 10 {
		t.Errorf("10 are to fail by the header: %v", r.Causes)
	}
}

func TestHeldInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	r, err := Hold(ctx, HeldConfig{
		URL:      echo(t, obeys).tcp(),
		Profile:  Constant(100),
		For:      10 * time.Millisecond,
		Duration: time.Hour,
	})
	if err != nil || !r.Interrupted || r.OK != r.Scheduled || r.OK == 0 {
		t.Errorf("%+v, %v; want it interrupted, and all that was due opened", r, err)
	}
}

func TestHeldRefusesNonsense(t *testing.T) {
	t.Parallel()
	good := HeldConfig{URL: "tcp://127.0.0.1:9", Profile: Constant(1), For: time.Second, Duration: time.Second}
	for want, change := range map[string]func(*HeldConfig){
		"tcp://host:port":     func(c *HeldConfig) { c.URL = "http://127.0.0.1:9/" },
		"ws://host:port/path": func(c *HeldConfig) { c.URL = "ws://127.0.0.1/" },
		"neither loopback":    func(c *HeldConfig) { c.URL = "tcp://198.51.100.1:9" },
		"held for 0s":         func(c *HeldConfig) { c.For = 0 },
		"unknown spread":      func(c *HeldConfig) { c.Spread = 2 },
		"a ping each":         func(c *HeldConfig) { c.Ping = time.Microsecond },
		"most connections":    func(c *HeldConfig) { c.Most = MaxHeld + 1 },
		"needs a profile":     func(c *HeldConfig) { c.Profile = nil },
		"no share":            func(c *HeldConfig) { c.Stop = []Stop{{Share: 0.5}} },
		"in the past":         func(c *HeldConfig) { c.Start = 1 },
	} {
		c := good
		change(&c)
		if _, err := Hold(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
