package law

// connect() tries the ports of one parity first, all of them, then those of the
// other (since Linux 4.2, the even ones counted from the low end:
// __inet_hash_connect, net/ipv4/inet_hashtables.c). While less than half the
// range is taken towards a destination the first try succeeds; from the half on
// every call first walks over P/2 taken ports. The cost is a step, not a curve:
// flat up to P/2, then flat, (P/2)·scan higher, up to the last port. The step
// was at 50.0 % for 1,000, 4,096, 28,232 and 64,512 ports.
//
// https://blog.cloudflare.com/linux-transport-protocol-port-selection-performance/

// connectCeiling is the connections per second that the workers can make once
// half the range is taken.
func (s Setup) connectCeiling() float64 {
	cost := ConnectCost.Seconds() + float64(s.Ports)/2*s.ScanPerPort.Seconds()
	return float64(s.Workers) / cost
}

// collapse is the second at which the rate falls: K/(2·f·R·churn) if requests
// are quick, or nil where the table never gets half full or the workers can
// afford the step. 500 or 4,096 ports can be afforded at the rates the lab
// offers them (62 µs and 0.5 ms a call); 28,231 ports cost 3.5 ms a call.
func (s Setup) collapse() *float64 {
	half := float64(s.Tuples()) / 2
	if s.heldInTheLongRun()+s.InFlight <= half || s.connectionsPerS() <= s.connectCeiling() {
		return nil
	}
	at := s.fillTime(half)
	return &at
}

// firstError99Collapsed is an estimate of the first error 99 of a run that
// collapses at the given second: the other half of the table fills only as
// fast as the workers connect. nil if the first TIME_WAIT ends before the table
// is full; the rate then stays down, and error 99 may never come.
func (s Setup) firstError99Collapsed(at float64, uncollapsed *float64) *float64 {
	if uncollapsed == nil {
		return nil
	}
	slower := s.connectionsPerS() / s.connectCeiling()
	stretch := func(t float64) float64 { return t + max(0, t-at)*(slower-1) }
	first := stretch(*uncollapsed)
	firstTimeWait := stretch(s.InFlight / s.RatePerS)
	if first-firstTimeWait > s.HoldTime().Seconds() {
		return nil
	}
	return &first
}
