package report

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

func TestCellsOfARow(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	f := func(v float64) *float64 { return &v }
	alike := func(ms float64) *results.Latency { return &results.Latency{P50: ms, P99: ms, Max: ms} }
	row := func(change func(*results.Variant)) variant {
		v := results.Variant{
			OfferedPerS:    200,
			OptionalCounts: results.OptionalCounts{Scheduled: n(1500), OK: n(500), Failed: n(1000)},
			Errors:         &results.Errors{Error99: 1000},
			ReuseRatio:     f(0),
			RhoSteady:      f(24.4),
			Ports:          results.Ports{PeakUsed: n(500)},
			TimeWait:       results.TimeWait{ProxyPeak: n(500), BackendPeak: n(1)},
			Predicted:      law.Prediction{Tuples: 500},
		}
		change(&v)
		return variant{View: results.View{Variant: v}}
	}
	for _, tc := range []struct {
		name, want string
		change     func(*results.Variant)
		cell       func(variant) string
	}{
		{"one cause", "66.7 % error 99", func(*results.Variant) {}, variant.FailedByCause},
		{
			name:   "two causes",
			want:   "66.7 %: 0.1 % error 99, 66.5 % no live upstreams",
			change: func(v *results.Variant) { v.Errors = &results.Errors{Error99: 2, NoLiveUpstreams: 998} },
			cell:   variant.FailedByCause,
		},
		{"one in many", "< 0.1 % other", func(v *results.Variant) {
			v.Scheduled, v.OK, v.Failed, v.Errors = n(100001), n(100000), n(1), &results.Errors{Other: 1}
		}, variant.FailedByCause},
		{"all but one", "> 99.9 % error 99", func(v *results.Variant) {
			v.Scheduled, v.OK, v.Failed, v.Errors = n(100001), n(1), n(100000), &results.Errors{Error99: 100000}
		}, variant.FailedByCause},
		{
			name:   "from the first on",
			want:   "66.7 % error 99 (100.0 % from the first on)",
			change: func(v *results.Variant) { v.FirstError, v.OKBefore = f(2.5), n(500) },
			cell:   variant.FailedByCause,
		},
		{"never sent", "32.0 %: 31.7 % never sent, 0.2 % unanswered", func(v *results.Variant) {
			v.Scheduled, v.Failed, v.Dropped, v.Unfinished, v.Errors = n(27000), n(0), n(8570), n(63), &results.Errors{}
		}, variant.FailedByCause},
		{
			name:   "no failure",
			want:   "none",
			change: func(v *results.Variant) { v.Failed, v.Errors = n(0), &results.Errors{} },
			cell:   variant.FailedByCause,
		},
		{"not counted", "not measured", func(v *results.Variant) { v.Failed = nil }, variant.FailedByCause},
		{"churn", "1", func(*results.Variant) {}, variant.NewPerRequest},
		{"hardly any churn", "< 0.001", func(v *results.Variant) { v.ReuseRatio = f(0.99995) }, variant.NewPerRequest},
		{"ports", "500 of 500", func(*results.Variant) {}, variant.PortsPeak},
		{
			name:   "no ports",
			want:   "0, no ports needed",
			change: func(v *results.Variant) { v.Ports.PeakUsed, v.Predicted.Tuples = n(0), 0 },
			cell:   variant.PortsPeak,
		},
		{"nginx holds", "nginx: 500 / 1", func(*results.Variant) {}, variant.Side},
		{
			name:   "the backend holds",
			want:   "backend: 20 / 400",
			change: func(v *results.Variant) { v.TimeWait = results.TimeWait{ProxyPeak: n(20), BackendPeak: n(400)} },
			cell:   variant.Side,
		},
		{
			name:   "both hold",
			want:   "both: 300 / 168",
			change: func(v *results.Variant) { v.TimeWait = results.TimeWait{ProxyPeak: n(300), BackendPeak: n(168)} },
			cell:   variant.Side,
		},
		{
			name:   "neither holds",
			want:   "neither: 1 / 2",
			change: func(v *results.Variant) { v.TimeWait = results.TimeWait{ProxyPeak: n(1), BackendPeak: n(2)} },
			cell:   variant.Side,
		},
		{"one side unseen", "not measured", func(v *results.Variant) { v.TimeWait.BackendPeak = nil }, variant.Side},
		{"latency, failures apart", "9 / 9 / 9 ms; failed: 1 / 1 / 1 ms", func(v *results.Variant) {
			v.Latency, v.LatencyOK, v.LatencyFailed = alike(2), alike(9), alike(1)
		}, variant.Latencies},
		{
			name:   "latency of failures alone",
			want:   "failed: 1 / 1 / 1 ms",
			change: func(v *results.Variant) { v.Latency, v.LatencyFailed = alike(1), alike(1) },
			cell:   variant.Latencies,
		},
		{
			name:   "latency, nothing failed",
			want:   "2 / 2 / 2 ms",
			change: func(v *results.Variant) { v.Latency, v.Failed = alike(2), n(0) },
			cell:   variant.Latencies,
		},
		{
			name:   "latency of an older run",
			want:   "2 / 2 / 2 ms (ok and failed)",
			change: func(v *results.Variant) { v.Latency = alike(2) },
			cell:   variant.Latencies,
		},
		{"no headroom", "none: load 24 times too high", func(*results.Variant) {}, variant.Headroom},
		{"failed below the limit", "none", func(v *results.Variant) { v.RhoSteady, v.FirstError = f(0.6), f(1.7) }, variant.Headroom},
		{
			name:   "collapsed",
			want:   "none: connect() got too slow",
			change: func(v *results.Variant) { v.RhoSteady, v.Collapsed = f(0.1), true },
			cell:   variant.Headroom,
		},
		{
			name:   "held by requests under way",
			want:   "2 times (400/s)",
			change: func(v *results.Variant) { v.RhoSteady, v.LoadEndS = f(0.1), f(10) },
			cell: func(v variant) string {
				v.Data = results.VariantData{Samples: []results.Sample{{
					T:    5,
					Host: results.HostProxy,
					Net:  &results.Net{Sockets: []results.Sockets{{State: results.StateEstablished, N: 200}}},
				}}}
				return v.Headroom()
			},
		},
		{
			name:   "held by a pool that does not grow",
			want:   "6 times (1,200/s)",
			change: func(v *results.Variant) { v.RhoSteady, v.LoadEndS = f(0.1), f(10) },
			cell: func(v variant) string {
				v.Plan.Keepalive = 20
				v.Data = results.VariantData{Samples: []results.Sample{{
					T:    5,
					Host: results.HostProxy,
					Net:  &results.Net{Sockets: []results.Sockets{{State: results.StateEstablished, N: 200}}},
				}}}
				return v.Headroom()
			},
		},
		{"headroom", "2.5 times (500/s)", func(v *results.Variant) { v.RhoSteady = f(0.4) }, variant.Headroom},
		{"much headroom", "over 100 times", func(v *results.Variant) { v.RhoSteady = f(0.001) }, variant.Headroom},
	} {
		if got := tc.cell(row(tc.change)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "no request failed": "No request failed.", "tcp_tw_reuse=1": "tcp_tw_reuse=1.",
		"nginx sends": "nginx sends.", "Done!": "Done!",
	} {
		if got := sentence(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestTheCommandIsOneForAShell(t *testing.T) {
	p := &page{Run: &results.Run{Plan: results.Plan{
		Scenario: "port-exhaustion",
		Size:     "quick",
		Driver:   "netns",
		Set:      []string{"size.ports=737", "load.profile=it's a ramp"},
	}}}
	const want = `lab99 run port-exhaustion --size quick --driver netns --set size.ports=737 --set ` +
		`'load.profile=it'\''s a ramp'`
	if got := p.Command(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
