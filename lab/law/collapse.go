package law

import (
	"fmt"
	"math"
	"time"
)

// Collapse is the moment at which the rate falls because half the range is taken.
var Collapse = Law{
	ID: "collapse", Name: "collapse at half the range", Held: "collapse", Unit: Seconds,
	Figure: "collapse_s", More: Either,
	Forecast: func(p Prediction) *float64 { return p.CollapseS },
	Compare: func(r Run) *Compared {
		if !r.even() {
			return nil
		}
		at := r.due(r.law().CollapseS)
		return &Compared{Predicted: at, Measured: r.Measured("collapse_s"), Tolerance: r.sudden(or0(at))}
	},
	Check: func(r Run) *Checked {
		p, seen := r.Predicted.CollapseS, r.Measured("collapse_s")
		c := &Checked{Law: "t = K/(2fR), within 5 %" + r.clocks(), Predicted: p, Measured: seen}
		switch {
		case p == nil && seen == nil, p != nil && *p > r.EndS, !r.Setup.Exact():
			return nil
		case p == nil && r.Predicted.Estimated:
			// The rate was to fall at this moment, by less than half. How far is an estimate to
			// ±50 % (Estimated), within which any foreseen fall may be a collapse. When is none.
			at := r.Setup.Cliff()
			c.OK = at != nil && math.Abs(*seen-*at) <= r.sudden(*at)
			c.Predicted = at
			c.Text = fmt.Sprintf("predicted to fall by less than half after %.2f s, fell by more after %.2f s",
				or0(at), *seen)
		case p == nil:
			c.Text = fmt.Sprintf("none predicted, but the rate fell after %.2f s", *seen)
		case seen == nil:
			c.Text = fmt.Sprintf("predicted %.2f s, and the rate did not fall", *p)
		default:
			c.OK = math.Abs(*seen-*p) <= r.sudden(*p)
			c.Text = fmt.Sprintf("predicted %.2f s, measured %.2f s, %+.1f %%", *p, *seen, 100*(*seen / *p - 1))
		}
		return c
	},
}

// sudden is how far the step may be from the law's moment.
func (r Run) sudden(t float64) float64 { return 0.05*t + r.Setup.ClockBound.Seconds() }

// connect() tries the ports of one parity first, all of them, then those of the
// other (since Linux 4.2, the even ones counted from the low end:
// __inet_hash_connect, net/ipv4/inet_hashtables.c). While less than half the
// range is taken towards a destination the first try succeeds; from the half on
// every call first walks over P/2 taken ports. The cost is a step, not a curve:
// flat up to P/2, then flat, (P/2)·scan higher, up to the last port. The step
// was at 50.0 % for 1,000, 4,096, 28,232 and 64,512 ports, and on Linux 5.10, 6.1,
// 6.12, 6.18, 7.2 and 7.3.
//
// A program that sets IP_LOCAL_PORT_RANGE on its socket has no step from Linux 6.8
// on, as both parities are then tried in one walk (commit 207184853dbd); nginx does
// not set it. The option itself is from 6.3. 6.1 accepts it too, by a backport, and
// keeps the step: seen on 6.1.176 and 6.1.192. So only trying it tells.
//
// net.ipv4.ip_local_port_step_width (Linux 7.1, off by default) makes the walk jump
// by a random step that has no common factor with the number of ports of a parity
// (commit 7da62262ec96). So a walk still meets each port of a parity once, and all of
// the first parity before any of the other: K, the moment of half the range, the step
// there and the ceiling of tcp_tw_reuse stay. Measured on 7.x with a width of 1,000:
// 189 µs a call before half the range and 1,030 µs after it. What changes is the walk
// within a parity: from a taken port on it tries 1/(1−u) ports on average, with u the
// share of the parity that is taken, where the walk in order would go to the end of
// that run of taken ports.
//
// https://blog.cloudflare.com/linux-transport-protocol-port-selection-performance/

// ScanPerPort is what connect() pays for each taken port it walks over:
// measured 150 ns up to 4,096 ports, whose buckets stay in the processor's
// cache, and 250 to 280 ns from 28,232 on. Between the two it is interpolated, by the
// logarithm of the number, not measured.
//
// It is the machine's as much as the kernel's: another processor took 113 ns at
// 28,232 ports on the same 6.18. So a run measures its own (Setup.ScanTimeWait).
func ScanPerPort(ports int) time.Duration {
	const cached, large = 4096, 28232
	const low, high = 150, 255
	at := math.Log(float64(max(ports, cached))/cached) / math.Log(float64(large)/cached)
	return time.Duration(low + (high-low)*min(at, 1))
}

// scan is what connect() pays for each port that it walks over, of which the share
// established is held by connections and the rest by TIME_WAIT. Where the machine's
// own cost is known, it is scaled from the range it was measured at to this one.
//
// A port of a connection is cheaper. Measured at 28,232 ports on 6.18: 80 ns, and
// 113 ns for TIME_WAIT. From Linux 6.15 on a lookup under RCU finds the connection and
// goes on, and only a TIME_WAIT, which might be reused, takes the bucket's lock
// (__inet_check_established, commit ae9d5b19b322). A public measurement of 7.2.3 with
// connections has 144 µs of processor time for half of 28,232 ports, 10 ns each, and
// a median of 1.5 ms by the clock beside it, 105 ns each.
func (s Setup) scan(established float64) time.Duration {
	timeWait := s.scaled(s.ScanTimeWait)
	if timeWait == 0 {
		timeWait = ScanPerPort(s.Ports)
	}
	connection := s.scaled(s.ScanEstablished)
	if connection == 0 {
		connection = timeWait
	}
	return connection + time.Duration((1-established)*float64(timeWait-connection))
}

// scaled is a cost at ScanPorts ports as one at Ports. How much a port costs more in a
// larger range is the processor's: from 4,096 to 28,232 ports 1.7 times as much on that
// of ScanPerPort, and 1.1 times on another (111 and 120 ns for TIME_WAIT, 39 and 42 ns
// for a connection, the quickest calls of a process that does nothing else). The root
// of the curve is between the two, and 20 to 25 % off for either.
func (s Setup) scaled(measured time.Duration) time.Duration {
	if s.ScanPorts <= 0 {
		return measured
	}
	return time.Duration(float64(measured) * math.Sqrt(float64(ScanPerPort(s.Ports))/float64(ScanPerPort(s.ScanPorts))))
}

// underWay is the share that the requests under way have of so many taken tuples.
func (s Setup) underWay(tuples float64) float64 {
	if tuples <= 0 {
		return 0
	}
	return min(s.InFlight/tuples, 1)
}

// ConnectCostAfter is what one connect() costs at the moment when half the range is
// taken, c0 + (P/2)·scan: 3.6 ms at 28,232 ports. Of that half c are under way, and a
// slow backend so has a lower step of its own. TIME_WAIT takes their place later, and
// the cost goes up to that of TIME_WAIT.
func (s Setup) ConnectCostAfter() time.Duration {
	if s.NAT {
		return ConnectCost // the host's own range is not what is short
	}
	return ConnectCost + time.Duration(s.Ports)*s.scan(s.underWay(float64(s.Tuples())/2))/2
}

// FailingCost is what a connect() costs that finds no port: it walks over both
// parities, P·scan. Measured at 28,232 ports: 7 to 10 ms, 125 to 148 error
// responses a second from one core, and 210 ms for a request that needs no
// upstream.
func (s Setup) FailingCost() time.Duration {
	if s.NAT {
		return ConnectCost
	}
	return time.Duration(s.Ports) * s.scan(s.underWay(float64(s.Tuples())))
}

// WorkersNeeded is how many workers, with a core each, it takes so that neither
// connect() beyond half the range nor failing slows the load down.
func (s Setup) WorkersNeeded() int {
	if s.RatePerS == 0 || s.Tuples() == 0 {
		return 1
	}
	cores := s.connectionsPerS() * ConnectCost.Seconds()
	if s.Cliff() != nil {
		cores = s.connectionsPerS() * s.ConnectCostAfter().Seconds()
	}
	if s.fails() {
		cores = max(cores, s.PlateauCores(1))
	}
	return max(1, int(math.Ceil(cores)))
}

// PlateauCores is how many cores nginx needs to fail while all tuples are taken,
//
//	R · tries · P · scan
//
// with tries the peers a request is tried on. Beyond the workers there are, the
// outage is one of latency too, for all that they serve.
func (s Setup) PlateauCores(tries int) float64 {
	return s.connectionsPerS() * float64(tries) * s.FailingCost().Seconds()
}

// ConnectCeiling is the connections per second that one worker, with a core of
// its own, can make once half the range is taken.
func (s Setup) ConnectCeiling() float64 { return 1 / s.ConnectCostAfter().Seconds() }

// connectCeiling is that of all workers.
func (s Setup) connectCeiling() float64 { return float64(s.Workers) * s.ConnectCeiling() }

// CliffRate is the rate above which half the range comes to be taken,
// K/(2·f·churn·T) requests per second if they are quick: half the SafeRate. nil
// where no rate is too high.
func (s Setup) CliffRate() *float64 {
	if s.NAT {
		return nil
	}
	return s.rateHolding(float64(s.Tuples()) / 2)
}

// Cliff is the second at which half the range is taken, K/(2·f·R·churn) if
// requests are quick; nil if it never is. Whether the rate falls then depends
// on what the workers can afford.
func (s Setup) Cliff() *float64 {
	half := float64(s.Tuples()) / 2
	if half == 0 || s.RatePerS == 0 || s.NAT || s.heldInTheLongRun()+s.InFlight <= half {
		return nil
	}
	return new(s.fillTime(half))
}

// slowdown is the second at which the rate falls: Cliff, or nil where the
// workers can afford the step. A fall to less than half is a collapse, which a run
// shows; of a smaller one only the sum tells. 500 or 4,096 ports can be afforded at the rates
// the lab offers them (68 µs and 0.3 ms a call); 28,231 ports cost 3.6 ms a call.
func (s Setup) slowdown() *float64 {
	if s.connectionsPerS() <= s.connectCeiling() {
		return nil
	}
	return s.Cliff()
}

// steadyCollapsed is the long-run rate of successes of a run that collapses at
// the given second. Half the table is taken at the offered rate, and the other
// half as fast as the workers connect, until the first half is free again, T after
// it was taken: then the next burst begins. So each T brings, at the most,
//
//	K/2 + f·w·(T − K/(2·f·R·churn))  tuples
//
// with w what the workers can connect per second, and never more than K.
func (s Setup) steadyCollapsed(at float64) float64 {
	hold := s.HoldTime().Seconds()
	slow := s.connectCeiling() / s.Churn
	at -= s.InFlight / s.RatePerS // T begins with the first connection that ends
	if s.fillPerS() == 0 || at < 0 {
		return slow
	}
	at = min(at, hold)
	return (at*s.RatePerS + (hold-at)*slow) / hold
}

// firstError99Collapsed is an estimate of the first error 99 of a run that
// collapses at the given second: the other half of the table fills only as
// fast as the workers connect. nil if the first TIME_WAIT ends before the table
// is full: the cheap half is then free again, and the next collapse comes first.
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
