package loadgen

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// parrot answers whatever arrives, allocating nothing, so that what is counted
// is the generator's.
func parrot(answer string) func(*peer) {
	return func(p *peer) {
		b, out := make([]byte, 4096), []byte(answer)
		for {
			if _, err := p.Read(b); err != nil {
				return
			}
			if _, err := p.Write(out); err != nil {
				return
			}
		}
	}
}

const nginxAnswer = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 05:00:00 GMT\r\n" +
	"Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"

func TestRequestsAllocateNothing(t *testing.T) {
	s := serve(t, parrot(nginxAnswer))
	allocations := func(requests int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := mustRun(t, Config{
			URL:         s.url,
			Connections: 8,
			Mode:        Spin,
			Profile:     Constant(20_000),
			Duration:    time.Duration(requests) * 50 * time.Microsecond,
			Every:       time.Second,
		})
		runtime.ReadMemStats(&after)
		if r.OK != int64(requests) {
			t.Fatalf("ok %d of %d", r.OK, requests)
		}
		return after.Mallocs - before.Mallocs
	}
	few, many := allocations(100), allocations(10_100)
	if d := int64(many) - int64(few); d > 100 { // the runtime's own, such as timers and threads
		t.Errorf("10,000 requests more made %d allocations more", d)
	}
}

// BenchmarkRequest sends b.N requests over 64 connections as fast as they can
// be answered.
func BenchmarkRequest(b *testing.B) {
	s := serve(b, parrot(nginxAnswer))
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	r, err := Run(context.Background(), Config{URL: s.url, Connections: 64, Profile: Constant(1e6),
		Duration: time.Duration(b.N) * time.Microsecond, Timeout: time.Minute, Every: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	runtime.ReadMemStats(&after)
	invariants(b, r)
	// What a run allocates once is spread over b.N and so vanishes in a long one.
	if made := after.Mallocs - before.Mallocs; b.N >= 100_000 && made > uint64(b.N/100) {
		b.Errorf("%d allocations for %d requests, want none per request", made, b.N)
	}
	b.ReportMetric(float64(r.CPUUser+r.CPUSys)/float64(b.N), "cpu-ns/op")
}
