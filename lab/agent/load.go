package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/results"
)

// run drives the load, and beside it the neighbour request, and gives back
// the totals. Samples go out as they come.
func (l *Load) run(ctx context.Context, networks []netip.Prefix, sample func(Record)) (*LoadDone, error) {
	cfg, err := l.config(networks)
	if err != nil {
		return nil, err
	}
	cfg.OnSnapshot = func(s loadgen.Snapshot) {
		r := Record{Mono: s.MonoNs, Load: loadSample(s)}
		if l.Held != nil {
			r.Load.Alive = &s.Open
		}
		if l.Shared && s.N > 0 {
			r.Latency, _ = encodeMicroseconds(s.Latency) // what cannot be encoded is missing from a quantile
		}
		sample(r)
	}
	sample(Record{Started: &Started{StartNs: cfg.Start}})

	nctx, stopNeighbour := context.WithCancel(ctx)
	defer stopNeighbour()
	var neighbour sync.WaitGroup
	if l.NeighbourURL != "" {
		neighbour.Go(func() { l.neighbour(nctx, cfg.Start, sample) })
	}
	drive := func() (*loadgen.Result, error) { return loadgen.Run(ctx, cfg) }
	if l.Held != nil {
		drive = func() (*loadgen.Result, error) { return loadgen.Hold(ctx, l.Held.config(cfg)) }
	}
	res, err := drive()
	stopNeighbour()
	neighbour.Wait()
	if err != nil {
		return nil, err
	}
	if why, ok := context.Cause(ctx).(met); ok && why != "" && res.Interrupted {
		res.Interrupted, res.StoppedBy = false, string(why)
	}
	return loadDone(res)
}

func (l *Load) config(networks []netip.Prefix) (loadgen.Config, error) {
	for _, target := range []string{l.URL, l.NeighbourURL} {
		if target == "" {
			continue // only the neighbour's may be
		}
		u, err := url.Parse(target)
		if err != nil {
			return loadgen.Config{}, err
		}
		at, err := netip.ParseAddrPort(u.Host) // the lab has no names, so there is nothing to resolve
		if err != nil {
			return loadgen.Config{}, fmt.Errorf("target %s: %w", target, err)
		}
		if err := permit(networks, at); err != nil {
			return loadgen.Config{}, err
		}
	}
	c := loadgen.Config{
		URL:         l.URL,
		Host:        l.Host,
		Connections: l.Connections,
		CloseAfter:  l.CloseAfter,
		Method:      l.Method,
		Profile:     loadgen.Constant(l.RatePerS),
		Duration:    seconds(l.DurationS),
		Timeout:     seconds(l.TimeoutS),
		Start:       clock.Mono() + l.StartInMs*1e6,
		UserAgent:   l.UserAgent,
		Allow:       networks,
	}
	if l.StartNs != 0 {
		c.Start = l.StartNs
	}
	if l.Profile != "" {
		p, err := loadgen.ParseProfile(l.Profile)
		if err != nil {
			return c, err
		}
		c.Profile = p
	}
	if l.StopAfterS != nil {
		c.Stop = []loadgen.Stop{{Cause: proxy.CauseConnect, After: seconds(*l.StopAfterS)}}
	}
	c.ClassifyHeader, c.Classify = proxy.Cause(proxy.Named(l.Kind), l.OwnConfig)
	return c, nil
}

func loadSample(s loadgen.Snapshot) *results.Load {
	r := &results.Load{
		IntervalS: s.Interval.Seconds(),
		Counts:    s.Counts,
		InFlight:  s.InFlight, Waiting: s.Waiting,
		Errors: foldCauses(s.Causes),
	}
	if s.N > 0 {
		r.P50ms, r.P99ms, r.MaxMs = ms(s.P50), ms(s.P99), ms(s.Max)
	}
	return r
}

// foldCauses folds the generator's causes into the three the lab tells apart.
func foldCauses(causes map[string]int64) results.Errors {
	var e results.Errors
	for cause, n := range causes {
		switch cause {
		case proxy.CauseConnect:
			e.Error99 += n
		case proxy.CauseNoLiveUpstreams:
			e.NoLiveUpstreams += n
		default:
			e.Other += n
		}
	}
	return e
}

func loadDone(r *loadgen.Result) (*LoadDone, error) {
	d := &LoadDone{Totals: results.Totals{
		StartNs: r.StartNs, EndNs: r.EndNs,
		Counts: r.Counts, Unfinished: r.Unfinished,
		Causes: r.Causes, Errors: foldCauses(r.Causes),
		LatenessP99: float64(r.Lateness.ValueAtQuantile(99)) / 1e3,
		Opened:      r.ConnectionsOpened, Held: r.Held,
		CPUSeconds: (r.CPUUser + r.CPUSys).Seconds(),
		OwnLimit:   r.OwnLimit, Bottleneck: r.Bottleneck, StoppedBy: r.StoppedBy, Interrupted: r.Interrupted,
	}}
	if ns, ok := r.FirstOf[proxy.CauseConnect]; ok {
		d.FirstError, d.OKBefore = &ns, new(r.OKBeforeFirst[proxy.CauseConnect])
	}
	for _, of := range []struct {
		to *[]byte
		h  *hdr.Histogram
	}{
		{&d.Latency, r.Latency},
		{&d.LatencyOK, r.LatencyOK},
		{&d.LatencyFailed, r.LatencyFailed()},
		{&d.Service, r.Service},
	} {
		var err error
		if *of.to, err = encodeMicroseconds(of.h); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// encodeMicroseconds turns the generator's nanoseconds into the microseconds
// of latency.hlog: a tenth of the buckets, and still far below what a network
// namespace can resolve.
func encodeMicroseconds(ns *hdr.Histogram) ([]byte, error) {
	us := hdr.New(1, int64(time.Hour/time.Microsecond), 3)
	for _, b := range ns.Distribution() {
		if b.Count == 0 {
			continue
		}
		if err := us.RecordValues(b.To/1e3, b.Count); err != nil {
			return nil, err
		}
	}
	return us.Encode(hdr.V2CompressedEncodingCookieBase)
}

// neighbour asks the proxy, at a steady pace and on a connection of its own,
// for a page that needs no upstream. It shows what the exhaustion does to other
// requests on the same worker. The first request, before t = 0, opens the
// connection. Latency counts from the intended moment. A request that came due
// while the one before was still waiting is given the latency it would have had
// on another connection: real neighbours are many and do not queue.
func (l *Load) neighbour(ctx context.Context, startNs int64, sample func(Record)) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: seconds(l.TimeoutS), CheckRedirect: stay}
	l.neighbourOnce(ctx, client)
	for due := startNs; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(due - clock.Mono())):
		}
		status := l.neighbourOnce(ctx, client)
		if ctx.Err() != nil {
			return // cut short by the end of the load: says nothing
		}
		for end := clock.Mono(); due <= end; due += l.NeighbourMs * 1e6 {
			sample(Record{Neighbour: &results.Neighbour{Ms: float64(end-due) / 1e6, Status: status}})
		}
	}
}

// stay makes the client return a redirect instead of following it to a target
// that nobody asked for.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// permit refuses targets that are neither loopback nor in the run's networks.
func permit(networks []netip.Prefix, targets ...netip.AddrPort) error {
	for _, t := range targets {
		a := t.Addr().Unmap()
		if !a.IsLoopback() && !slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) }) {
			return fmt.Errorf("%s is neither loopback nor in the run's network (%v): an agent loads nothing else",
				a, networks)
		}
	}
	return nil
}

// neighbourOnce returns the status of one request, 0 if it failed.
func (l *Load) neighbourOnce(ctx context.Context, client *http.Client) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.NeighbourURL, nil)
	if err != nil {
		return 0
	}
	req.Header.Set("User-Agent", l.UserAgent)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func ms(d time.Duration) *float64 { return new(float64(d) / float64(time.Millisecond)) }
