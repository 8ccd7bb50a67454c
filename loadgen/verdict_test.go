package loadgen

import (
	"strings"
	"testing"
	"time"
)

// judged is a result of n requests in 10 s, each as late as said.
func judged(n int64, lateness time.Duration, change func(*Result)) *Result {
	r := &Result{
		Record:    Record{Counts: Counts{Scheduled: n, Sent: n, OK: n}, EndNs: 10e9, DoneNs: 10e9, Loops: 1, Connections: 1},
		Latency:   newHistogram(),
		LatencyOK: newHistogram(),
		Service:   newHistogram(),
		Lateness:  newHistogram(),
	}
	for range n {
		record(r.Lateness, int64(lateness))
		record(r.Service, int64(time.Millisecond))
		record(r.LatencyOK, int64(lateness+time.Millisecond))
	}
	if lateness > 10*time.Millisecond {
		r.Late = n
	}
	if change != nil {
		change(r)
	}
	r.judge()
	return r
}

// TestGeneratorIsBlamedForLateRequestsOnly: a tail of lateness in which no
// request was late is no limit.
func TestGeneratorIsBlamedForLateRequestsOnly(t *testing.T) {
	for _, tt := range []struct {
		name      string
		r         *Result
		who, says string
	}{
		{"a slow wake-up of few", judged(30, 3*time.Millisecond, nil), LimitNone, "lateness 3ms at worst of 30"},
		{"of many", judged(1000, 3*time.Millisecond, nil), LimitNone, "lateness p99 3"},
		{"none found a connection free", judged(1000, 0, func(r *Result) { r.Lateness.Reset() }), LimitNone, "unknown"},
		{"late", judged(30, 11*time.Millisecond, nil), LimitGenerator, "100.00 % of the requests were sent over 10 ms late"},
		{
			name: "its core used up",
			r:    judged(1000, 0, func(r *Result) { r.Queued, r.CPUUser = 100, Time(9500*time.Millisecond) }),
			who:  LimitGenerator,
			says: "used 95 % of a core",
		},
		{
			name: "late, with some that queued behind",
			r:    judged(1000, 0, func(r *Result) { r.Late, r.Queued = 99, 13 }),
			who:  LimitGenerator,
			says: "9.90 % of the requests were sent",
		},
		{
			name: "late, behind a slow target",
			r:    judged(1000, 0, func(r *Result) { r.Late, r.Queued = 13, 99 }),
			who:  LimitTarget,
			says: "9.90 % of the requests found",
		},
		{"none answered", judged(30, 0, func(r *Result) { r.OK, r.Failed = 0, 30 }), LimitNone, "no request succeeded"},
	} {
		if tt.r.Bottleneck != tt.who || !strings.Contains(tt.r.Why, tt.says) {
			t.Errorf("%s: %s, %q; want %s, %q", tt.name, tt.r.Bottleneck, tt.r.Why, tt.who, tt.says)
		}
	}
}

func TestLimitsOfFewRequestsNameTheWorst(t *testing.T) {
	slo, err := ParseSLO("p99<2ms")
	if err != nil {
		t.Fatal(err)
	}
	if _, why := slo.Check(judged(30, 3*time.Millisecond, nil)); !strings.HasSuffix(why, ", the worst of 30") {
		t.Errorf("of 30: %q", why)
	}
	if _, why := slo.Check(judged(100, 3*time.Millisecond, nil)); strings.Contains(why, "worst") {
		t.Errorf("of 100: %q", why)
	}
}

// TestOwnLatenessIsNoFaultOfTheTarget: latency counts it.
func TestOwnLatenessIsNoFaultOfTheTarget(t *testing.T) {
	slo, err := ParseSLO("p99<4ms,errors<1%")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		r    *Result
		want string
	}{
		{"kept", judged(100, 2500*time.Microsecond, nil), ""},
		{
			"broken by the target",
			judged(100, time.Millisecond, func(r *Result) { record(r.LatencyOK, 5e6); record(r.LatencyOK, 5e6) }),
			"",
		},
		{
			"broken by both",
			judged(100, 5*time.Millisecond, func(r *Result) { record(r.Service, 5e6); record(r.Service, 5e6) }),
			"",
		},
		{"broken by itself", judged(100, 5*time.Millisecond, nil), "lateness was 5"},
		{
			"late, and the target slow",
			judged(100, 11*time.Millisecond, func(r *Result) { record(r.Service, 5e6); record(r.Service, 5e6) }),
			"",
		},
		{
			"never sent, being late",
			judged(100, 0, func(r *Result) { r.OK, r.Sent, r.Dropped, r.Late = 95, 95, 5, 5 }),
			"5 of 100 requests",
		},
		{"never sent, the target being slow",
			judged(100, 0, func(r *Result) { r.OK, r.Sent, r.Dropped, r.Queued = 95, 95, 5, 5 }), ""},
		{"errors", judged(100, 2*time.Millisecond, func(r *Result) { r.OK = 99; r.Failed = 1 }), ""},
	} {
		if got := slo.Blame(tt.r); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
