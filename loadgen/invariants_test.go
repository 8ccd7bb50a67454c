package loadgen

import "testing"

// invariants hold of every result.
func invariants(t testing.TB, r *Result) {
	t.Helper()
	if r.Scheduled != r.Sent+r.Dropped {
		t.Errorf("scheduled %d != sent %d + dropped %d", r.Scheduled, r.Sent, r.Dropped)
	}
	if r.Sent != r.OK+r.Failed+r.Unfinished {
		t.Errorf("sent %d != ok %d + failed %d + unfinished %d", r.Sent, r.OK, r.Failed, r.Unfinished)
	}
	var sum int64
	for _, n := range r.Causes {
		sum += n
	}
	if sum != r.Failed {
		t.Errorf("causes add up to %d, failed is %d", sum, r.Failed)
	}
	if n := r.Latency.TotalCount(); n != r.OK+r.Failed {
		t.Errorf("%d latencies for %d requests ended", n, r.OK+r.Failed)
	}
	if n := r.LatencyOK.TotalCount(); n != r.OK {
		t.Errorf("%d latencies for %d ok", n, r.OK)
	}
	if n := r.LatencyFailed().TotalCount(); n != r.Failed {
		t.Errorf("%d latencies for %d failed", n, r.Failed)
	}
	if r.Late+r.Queued > r.Scheduled {
		t.Errorf("late %d + queued %d > scheduled %d", r.Late, r.Queued, r.Scheduled)
	}
}
