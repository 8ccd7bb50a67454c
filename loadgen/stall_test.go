package loadgen

import (
	"sync"
	"testing"
	"time"
)

// A server that freezes for 0.4 s of a run of 1.6 s at 1,000/s. The open-loop
// truth is known without measuring: a request due u seconds before the thaw
// waits u. A quarter of the requests, uniform over 0.4 s, so the p90 is 240 ms,
// the p99 384 ms. Service time, from the actual send, sees
// only the few dozen requests that were in flight; its p90 knows nothing.
func TestLatencyTellsTheTruthAboutAStall(t *testing.T) {
	const (
		rate  = 1000
		run   = 1600 * time.Millisecond
		at    = 500 * time.Millisecond
		stall = 400 * time.Millisecond
	)
	var gate sync.RWMutex
	s := serve(t, func(p *peer) {
		for p.request() {
			gate.RLock()
			p.say(okAnswer)
			gate.RUnlock()
		}
	})
	var frozen time.Duration // as it really was
	timer := time.AfterFunc(at, func() {
		gate.Lock()
		began := time.Now()
		time.Sleep(stall)
		frozen = time.Since(began)
		gate.Unlock()
	})
	defer timer.Stop()
	r := mustRun(t, Config{URL: s.url, Connections: 32, Profile: Constant(rate), Duration: run})
	if r.OK != rate*1.6 || r.Queued == 0 {
		t.Fatalf("ok %d, queued %d", r.OK, r.Queued)
	}
	gate.Lock()
	defer gate.Unlock()
	share := frozen.Seconds() / run.Seconds()
	for _, percent := range []float64{80, 90, 95, 99, 99.9} {
		truth := time.Duration((1 - (1-percent/100)/share) * float64(frozen))
		got := quantile(r.Latency, percent)
		// 5 %, and the time a busy machine takes to drain 500 requests.
		if slack := truth/20 + 40*time.Millisecond; got < truth-slack || got > truth+slack {
			t.Errorf("p%v is %v, the truth %v", percent, got, truth)
		}
	}
	if lie, truth := quantile(r.Service, 90), quantile(r.Latency, 90); lie > truth/3 {
		t.Errorf("service p90 %v, latency p90 %v: the requests in flight alone cannot have seen the stall", lie, truth)
	}
}
