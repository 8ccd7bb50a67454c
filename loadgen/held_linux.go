package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// holding is one Hold. Its goroutines share all of it under one lock, which at the
// rates of held connections nobody waits for.
type holding struct {
	HeldConfig
	open     func(ctx context.Context, first string) (held, string, error)
	draw     *rand.Rand // of the scheduler alone
	clock    clock
	schedule context.Context // ends with the schedule
	end      context.CancelCauseFunc
	cut      context.Context // ends with the drain

	mu       sync.Mutex
	n        Counts
	inTime   Counts // when the schedule ended
	held     Held
	alive    int64
	causes   map[string]int64
	first    map[string]firstOf
	stops    []int64 // failures that each Stop has counted
	endedNs  int64   // when something ended the schedule early; 0: nothing has
	endedBy  string
	ownLimit string
	why      string  // the first connection did not come about
	out      *Result // with its histograms
	interval *hdrhistogram.Histogram
	spare    *hdrhistogram.Histogram
	shot     Counts
	shotBy   map[string]int64
	shotNs   int64
}

// held is an established connection.
type held interface {
	ping() error
	// answers has a nil for each answer to a ping, and then the connection's end: io.EOF
	// for an orderly one.
	answers() <-chan error
	close()
}

// beyond is how much longer than the timeout the drain lasts, so that the last opening can
// run into its own.
const beyond = 100 * time.Millisecond

// quiet is how long before its end a connection has no ping: one that crosses the
// server's close would be answered by a reset.
const quiet = 100 * time.Millisecond

// early is how much sooner than the client the server may think that the time is over.
const early = 50 * time.Millisecond

func hold(ctx context.Context, c HeldConfig, u *url.URL) (*Result, error) {
	asHTTP := *u
	asHTTP.Scheme = "http"
	targets, err := locate(ctx, &Config{Allow: c.Allow}, &asHTTP)
	if err != nil {
		return nil, fmt.Errorf("loadgen: URL %s: %w", u.Redacted(), err)
	}
	h := &holding{
		HeldConfig: c,
		draw:       rand.New(rand.NewPCG(c.Seed, 0x6c61623939)),
		causes:     map[string]int64{},
		shotBy:     map[string]int64{},
		first:      map[string]firstOf{},
		stops:      make([]int64, len(c.Stop)),
		out: &Result{
			Latency:   newHistogram(),
			LatencyOK: newHistogram(),
			Service:   newHistogram(),
			Lateness:  newHistogram(),
			Connect:   newHistogram(),
		},
		interval: newHistogram(),
		spare:    newHistogram(),
	}
	if h.clock, err = newClock(); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	now := h.clock.now()
	if c.Start != 0 && c.Start <= now {
		return nil, &LateStartError{time.Duration(now - c.Start)}
	}
	setDefault(&h.Start, now+int64(2*time.Millisecond))
	target := targets[0]
	h.open = func(ctx context.Context, first string) (held, string, error) { return openLine(ctx, h, target, first) }
	if u.Scheme == "ws" {
		h.open = func(ctx context.Context, first string) (held, string, error) {
			return openWebsocket(ctx, h, target, u, first)
		}
	}
	return h.run(ctx, target)
}

func (h *holding) run(ctx context.Context, target endpoint) (*Result, error) {
	var stopped context.CancelFunc
	h.schedule, h.end = context.WithCancelCause(ctx)
	defer h.end(nil)
	h.cut, stopped = context.WithCancel(context.WithoutCancel(ctx))
	defer stopped()

	before := ownTime()
	shots := make(chan struct{})
	var reporting, connections sync.WaitGroup
	reporting.Go(func() { h.report(shots) })
	endNs := h.openAll(&connections)
	h.mu.Lock()
	h.inTime = h.n
	h.mu.Unlock()
	drain := time.AfterFunc(h.Timeout+beyond, stopped)
	connections.Wait()
	drain.Stop()
	close(shots)
	reporting.Wait()
	h.snapshot()
	return h.result(target, endNs, ownTime().since(before)), nil
}

// openAll opens connections as they come due and returns the end of the schedule.
func (h *holding) openAll(connections *sync.WaitGroup) int64 {
	end := int64(Never)
	if h.Duration > 0 {
		end = h.Start + int64(h.Duration)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for cur := newCursor(h.Profile, 0, 1, h.Start); ; cur.advance() {
		next := min(cur.due, end)
		for h.schedule.Err() == nil && h.clock.now() < next {
			timer.Reset(time.Duration(next - h.clock.now()))
			select {
			case <-timer.C:
			case <-h.schedule.Done():
			}
		}
		if h.schedule.Err() != nil { // what was due by then still goes out, late
			end = min(end, h.ended())
		}
		if cur.due >= end {
			return end
		}
		h.one(connections, cur.due)
	}
}

// ended is when the schedule was ended early. The context may have been, of which nobody
// took the time.
func (h *holding) ended() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.endedNs == 0 {
		h.endedNs, h.endedBy = h.clock.now(), interrupted
	}
	return h.endedNs
}

// one opens and holds a connection that is due, unless there are too many.
func (h *holding) one(connections *sync.WaitGroup, due int64) {
	lasts := h.For
	if h.Spread == ExponentialTimes {
		lasts = time.Duration(h.draw.ExpFloat64() * float64(h.For))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n.Scheduled++
	opening := h.n.Sent - h.n.OK - h.n.Failed
	switch {
	case h.alive+opening >= int64(h.Most):
		h.n.Dropped++
		h.limit(fmt.Sprintf("the generator itself held %d connections, the most it was allowed", h.Most))
		return
	case h.clock.now()-due > int64(h.Timeout):
		h.n.Dropped++
		return
	}
	h.n.Sent++
	connections.Go(func() { h.live(due, lasts) })
}

// live is the life of one connection.
func (h *holding) live(due int64, lasts time.Duration) {
	sent := h.clock.now()
	first := "hello"
	if h.Closes == ClosedByServer {
		first = "close-after " + lasts.String()
	}
	ctx, cancel := context.WithTimeout(h.cut, h.Timeout)
	defer cancel()
	c, cause, err := h.open(ctx, first)
	now := h.clock.now()
	if c == nil {
		h.refused(cause, err, due, sent, now)
		return
	}
	h.established(due, sent, now)
	cause, fate := h.keep(c, lasts)
	c.close()
	h.over(cause, fate)
}

// keep holds a connection and says what became of it.
func (h *holding) keep(c held, lasts time.Duration) (cause string, fate *int64) {
	began := time.Now()
	over := time.NewTimer(lasts)
	defer over.Stop()
	pings := time.NewTicker(h.Ping)
	defer pings.Stop()
	var overdue <-chan time.Time
	var asked time.Time // the ping that is not answered
	for {
		select {
		case err := <-c.answers():
			switch {
			case err == nil:
				asked = time.Time{}
				continue
			case h.Closes == ClosedByServer && errors.Is(err, io.EOF) && time.Since(began) >= lasts-early:
				return "", &h.held.InTime
			}
			return endCause(err), &h.held.Broken
		case <-pings.C:
			switch {
			case overdue != nil || time.Since(began) > lasts-quiet:
			case asked.IsZero():
				asked = time.Now()
				if err := c.ping(); err != nil {
					return endCause(err), &h.held.Broken
				}
			case time.Since(asked) > h.Timeout:
				return CauseTimeout, &h.held.Broken
			}
		case <-over.C:
			if h.Closes == ClosedByClient {
				return "", &h.held.InTime
			}
			overdue = time.After(h.Timeout)
		case <-overdue:
			return "", &h.held.Overdue
		case <-h.cut.Done():
			if overdue != nil {
				return "", &h.held.Overdue
			}
			return "", &h.held.Cut
		}
	}
}

// stop ends the schedule.
func (h *holding) stop(by string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.endedNs == 0 {
		h.endedNs, h.endedBy = h.clock.now(), by
		h.end(nil)
	}
}

// rusage is processor time of this process: goroutines have none of their own.
type rusage struct{ user, sys Time }

func ownTime() rusage {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return rusage{Time(u.Utime.Nano()), Time(u.Stime.Nano())}
}

func (r rusage) since(before rusage) rusage { return rusage{r.user - before.user, r.sys - before.sys} }

// dialCause is why a connection did not come about.
func dialCause(err error) string {
	var e syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &e) && slices.Contains([]syscall.Errno{unix.EMFILE, unix.ENFILE}, e):
		return "socket: " + unix.ErrnoName(e)
	case errors.As(err, &e):
		return "connect: " + unix.ErrnoName(e)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return CauseConnTimeout
	}
	return CauseOther
}

// endCause is why an established connection ended.
func endCause(err error) string {
	var e syscall.Errno
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		return "closed early"
	case errors.Is(err, errExcess):
		return CauseExcess
	case errors.As(err, &e):
		return unix.ErrnoName(e)
	case errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout
	}
	return CauseOther
}

// errExcess is the end of a connection over which something came unasked.
var errExcess = errors.New("bytes came that nobody asked for")
