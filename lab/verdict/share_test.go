package verdict

import (
	"math"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// TestClosedClientsAreNoUpstreams: Apache closes its client's connection with each 503, and
// 239 of those were taken for upstream connections: f was 1.00 where it was 0.23.
func TestClosedClientsAreNoUpstreams(t *testing.T) {
	for _, hold := range []time.Duration{time.Minute, 3 * time.Second} { // all TIME_WAITs are there at the end, or not
		s := law.Setup{
			Ports:    60,
			RatePerS: 50,
			Duration: dur(10),
			Hold:     hold,
		}.By(law.Conduct{CloseShare: 1, MostShare: .5, Tries: 1, Lines: 1})
		s = s.Complete()
		m := measured(s, 10, nil)
		m.Laws = s
		first := *m.Plan.Predicted.FirstError99S
		for _, x := range m.net(results.HostProxy) {
			upstream := x.Net.Counters["active_opens"] / 2 // the backend closed the others first
			x.Net.Sockets[0].N = upstream
			clients := int64(max(0, x.T-first) * s.RatePerS)
			x.Net.Counters["time_wait_created"], x.Net.TimeWait = upstream+clients, upstream+clients
			m.Proxy = x.Net
		}
		if f := m.closeShare(); f == nil || math.Abs(*f-0.5) > 0.02 {
			t.Errorf("T = %v: f = %v, want 0.5", hold, ptr.Deref(f, 0))
		}
		m.Laws.Conduct = nil // what is wrong for it shows
		if f := m.closeShare(); f == nil || *f != 1 {
			t.Errorf("T = %v: by the counter f = %v, want 1", hold, ptr.Deref(f, 0))
		}
	}
}

// TestTheOtherEndsTimeWaitsAreNoneOfTheProxys: with the backend on the proxy's host the
// counter has those of both. FIN_WAIT2 holds a tuple as well.
func TestTheOtherEndsTimeWaitsAreNoneOfTheProxys(t *testing.T) {
	s := law.Setup{Ports: 200, RatePerS: 100, Duration: dur(4)}.Over(law.FastCGIEnds).Complete()
	for state, want := range map[string]float64{"": 0, "time-wait": 1, "fin-wait-2": 1} {
		m := measured(s, 4, nil)
		m.Laws = s
		for _, x := range m.net(results.HostProxy) {
			opened := x.Net.Counters["active_opens"]
			x.Net.Counters["time_wait_created"], x.Net.TimeWait = opened, opened
			x.Net.Sockets = []results.Sockets{}
			if state != "" {
				x.Net.Sockets = append(x.Net.Sockets, results.Sockets{State: state, N: opened})
			}
			m.Proxy = x.Net
		}
		if f := m.closeShare(); f == nil || math.Abs(*f-want) > 0.02 {
			t.Errorf("sockets in state %q: f = %v, want %g", state, ptr.Deref(f, 0), want)
		}
	}
}
