package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// load is a load under way, on one host or on several that share it.
type load struct {
	hosts   []string
	agents  []*agent.Client
	answers []<-chan agent.Record
}

// start orders the load. Each of several hosts gets an even share of the rate and the
// connections, and the moments in turn: together they send what one of the whole rate would.
func (x *variantRun) start(h *hosts, w *watch) (*load, error) {
	whole := x.load(h.Topology())
	l := &load{hosts: driver.LoadHosts(x.v.Load.Pods)}
	n := len(l.hosts)
	at := clock.Mono() + startIn.Nanoseconds()
	for i, host := range l.hosts {
		share := *whole
		if n > 1 {
			share.Shared, share.RatePerS = true, whole.RatePerS/float64(n)
			if share.Connections = whole.Connections / n; i < whole.Connections%n {
				share.Connections++
			}
			share.StartNs = at + w.ahead(host) + int64(float64(i)*1e9/whole.RatePerS)
		}
		if i > 0 {
			share.NeighbourURL = "" // one neighbour is enough
		}
		a := h.Agent(host)
		answer, err := a.Start(agent.Command{Load: &share})
		if err != nil {
			return nil, err
		}
		l.agents, l.answers = append(l.agents, a), append(l.answers, answer)
	}
	return l, nil
}

// stop ends the load.
func (l *load) stop(why string) {
	for _, a := range l.agents {
		a.Start(agent.Command{Stop: &agent.Stop{Because: why}})
	}
}

// wait waits until all hosts are done. What stops one stops all.
func (l *load) wait(ctx context.Context) (*agent.LoadDone, error) {
	type reply struct {
		i    int
		done *agent.LoadDone
		err  error
	}
	got := make(chan reply, len(l.hosts))
	for i, a := range l.agents {
		crash.Go(func() {
			r, err := a.Wait(ctx, l.answers[i])
			got <- reply{i, r.LoadDone, err}
		})
	}
	all := make([]*agent.LoadDone, len(l.hosts))
	var errs []error
	for range l.hosts {
		r := <-got
		all[r.i] = r.done
		switch {
		case r.err != nil:
			errs = append(errs, r.err)
			l.stop("")
		case r.done != nil && r.done.StoppedBy != "":
			l.stop(r.done.StoppedBy)
		}
	}
	if err := errors.Join(errs...); err != nil || len(all) == 1 {
		return all[0], err
	}
	return together(all)
}

// together adds up what several generators did, of one schedule. Counts and histograms add up
// without loss. The first error 99 is the earliest of all; the successes before it are each
// generator's own before its own first, which differ by requests that were under way. Of the
// lateness the worst is told.
func together(all []*agent.LoadDone) (*agent.LoadDone, error) {
	sum := *all[0]
	sum.Causes = map[string]int64{}
	sum.Counts, sum.Errors, sum.Unfinished, sum.Opened, sum.CPUSeconds = results.Counts{}, results.Errors{}, 0, 0, 0
	sum.FirstError, sum.OKBefore = nil, nil
	sum.SentBy = nil
	var before int64
	var latencies, good, bad, services [][]byte
	for _, d := range all {
		figures.Add(&sum.Counts, &d.Counts)
		sum.SentBy = append(sum.SentBy, d.Sent)
		add(&sum.Errors, d.Errors)
		for cause, n := range d.Causes {
			sum.Causes[cause] += n
		}
		sum.Unfinished += d.Unfinished
		sum.Opened += d.Opened
		sum.CPUSeconds += d.CPUSeconds
		sum.StartNs, sum.EndNs = min(sum.StartNs, d.StartNs), max(sum.EndNs, d.EndNs)
		sum.LatenessP99 = max(sum.LatenessP99, d.LatenessP99)
		sum.OwnLimit, sum.Bottleneck = either(sum.OwnLimit, d.OwnLimit), either(sum.Bottleneck, d.Bottleneck)
		sum.StoppedBy, sum.Interrupted = either(sum.StoppedBy, d.StoppedBy), sum.Interrupted || d.Interrupted
		before += d.OK
		if d.FirstError != nil {
			before += *d.OKBefore - d.OK
			if sum.FirstError == nil || *d.FirstError < *sum.FirstError {
				sum.FirstError = d.FirstError
			}
		}
		latencies, services = append(latencies, d.Latency), append(services, d.Service)
		good, bad = append(good, d.LatencyOK), append(bad, d.LatencyFailed)
	}
	if sum.FirstError != nil {
		sum.OKBefore = &before
	}
	sum.Generators = len(all)
	var errs [4]error
	sum.Latency, errs[0] = merged(latencies)
	sum.LatencyOK, errs[1] = merged(good)
	sum.LatencyFailed, errs[2] = merged(bad)
	sum.Service, errs[3] = merged(services)
	return &sum, errors.Join(errs[:]...)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func add(sum *results.Errors, e results.Errors) {
	sum.Error99 += e.Error99
	sum.NoLiveUpstreams += e.NoLiveUpstreams
	sum.Other += e.Other
}

// merged is one histogram of many, which have one layout.
func merged(all [][]byte) ([]byte, error) {
	sum, err := sumOf(all)
	if err != nil {
		return nil, err
	}
	return sum.Encode(hdr.V2CompressedEncodingCookieBase)
}

func sumOf(all [][]byte) (*hdr.Histogram, error) {
	var sum *hdr.Histogram
	for _, encoded := range all {
		h, err := hdr.Decode(encoded)
		switch {
		case err != nil:
			return nil, fmt.Errorf("add up the latencies of several load hosts: %w", err)
		case sum == nil:
			sum = h
		default:
			if lost := sum.Merge(h); lost > 0 {
				return nil, fmt.Errorf("add up the latencies of several load hosts: %d do not fit", lost)
			}
		}
	}
	return sum, nil
}

// shared adds up the samples of hosts that share a load. Each is of an interval that ends at
// a moment of the schedule; they are added up until all hosts have come to the same one.
type shared struct {
	hosts   map[string]*part
	sum     results.Load
	latency [][]byte
	took    time.Duration // of the schedule, at the end of the last sum
	latest  time.Duration // and of the latest sample
}

// part is how far one of the hosts is.
type part struct {
	slot              int64 // intervals of the schedule
	inFlight, waiting int64
}

func newShared(hosts []string) *shared {
	s := &shared{hosts: map[string]*part{}}
	for _, h := range hosts {
		s.hosts[h] = new(part)
	}
	return s
}

// take adds a sample that ended so long after t = 0. It returns what there is once all hosts
// are as far.
func (s *shared) take(host string, end time.Duration, l results.Load, latency []byte) *results.Load {
	p := s.hosts[host]
	s.latest = max(s.latest, end)
	p.slot = int64((end + sampleEvery/2) / sampleEvery)
	p.inFlight, p.waiting = l.InFlight, l.Waiting
	figures.Add(&s.sum.Counts, &l.Counts)
	add(&s.sum.Errors, l.Errors)
	if latency != nil {
		s.latency = append(s.latency, latency)
	}
	for _, other := range s.hosts {
		if other.slot != p.slot {
			return nil
		}
	}
	return s.whole(s.latest)
}

// whole is the sum of what has been taken since the last time.
func (s *shared) whole(end time.Duration) *results.Load {
	sum := s.sum
	sum.IntervalS = (end - s.took).Seconds()
	for _, p := range s.hosts {
		sum.InFlight += p.inFlight
		sum.Waiting += p.waiting
	}
	if h, err := sumOf(s.latency); err == nil && h != nil {
		quantile := func(q float64) *float64 { ms := float64(h.ValueAtQuantile(q)) / 1e3; return &ms }
		sum.P50ms, sum.P99ms, sum.MaxMs = quantile(50), quantile(99), quantile(100)
	}
	s.sum, s.latency, s.took = results.Load{}, nil, end
	return &sum
}
