package verdict

import (
	"math"

	"github.com/lab99/lab99/results"
)

// heldShare is f of a load of held connections: of the upstream connections that had ended
// when it did, the share that left a TIME_WAIT on the proxy. It is of the sockets, not of
// the counters: where the backend closes, and where a proxy gives a client up, it closes
// the client's connection first, and that TIME_WAIT takes no port towards a backend. And
// it is of before the end, which cuts off what is still held. nil when too few were closed
// to say, or so many seconds ago that a TIME_WAIT may have ended.
func (m *Measured) heldShare() *float64 {
	end := m.Totals.LoadSeconds()
	var last *results.Sample
	for _, s := range m.net(results.HostProxy) {
		if s.Net.Sockets != nil && s.T <= end {
			last = &s
		}
	}
	if last == nil || m.Laws.CloseShare > 0 && end >= m.Plan.Predicted.HoldS {
		return nil
	}
	waits := last.Net.Count(results.StateTimeWait) + last.Net.Count(results.StateFinWait2)
	closed := m.opens(last.T) - float64(last.Net.Count("")-waits)
	if closed < fewClosed {
		return nil
	}
	f := math.Min(1, float64(waits)/closed)
	return &f
}
