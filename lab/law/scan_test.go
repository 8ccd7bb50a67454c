package law

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ns = time.Nanosecond

// TestScanBySocketState holds the step against a machine (6.18, 28,232 ports) whose
// cost per port was measured: 1,599 µs a call after half the range with TIME_WAIT, and
// 1,157 µs with connections.
func TestScanBySocketState(t *testing.T) {
	measured := Setup{
		Ports:           28232,
		RatePerS:        900,
		CloseShare:      1,
		ScanTimeWait:    113 * ns,
		ScanEstablished: 80 * ns,
		ScanPorts:       28232,
	}
	quick := measured.Complete()
	near(t, "µs a call, TIME_WAIT", float64(quick.ConnectCostAfter().Microseconds()), 1599, 0.05)
	near(t, "µs a failing call, TIME_WAIT", float64(quick.FailingCost().Microseconds()), 3200, 0.05)
	slow := measured
	slow.InFlight, slow.CloseShare = 14116, 0
	slow = slow.Complete()
	near(t, "µs a call, connections", float64(slow.ConnectCostAfter().Microseconds()), 1157, 0.05)
	slow.InFlight = 28232
	near(t, "µs a failing call, connections", float64(slow.FailingCost().Microseconds()), 2390, 0.07) // 2,276 and 2,507

	// Half of the taken half is under way: the mean of the two.
	slow.InFlight = 7058
	mean := (quick.ConnectCostAfter() + slow.scanAll()) / 2
	if got := slow.ConnectCostAfter(); got < mean-10*time.Microsecond || got > mean+10*time.Microsecond {
		t.Errorf("%v a call with half of them under way, want %v", got, mean)
	}
}

// scanAll is the cost with all of the taken half under way.
func (s Setup) scanAll() time.Duration {
	s.InFlight = float64(s.Tuples()) / 2
	return s.ConnectCostAfter()
}

// TestScanIsScaled: a cost at 4,096 ports, of two machines that were measured at the
// full range too. How it rises with the range is not one law for both.
func TestScanIsScaled(t *testing.T) {
	for name, tc := range map[string]struct{ at4096, atFull time.Duration }{
		"the curve's": {150 * ns, 255 * ns}, "another, TIME_WAIT": {111 * ns, 120 * ns},
		"another, connections": {39 * ns, 42 * ns},
	} {
		s := Setup{Ports: 28232, ScanTimeWait: tc.at4096, ScanPorts: 4096}.Complete()
		near(t, name+": µs a failing call", float64(s.FailingCost().Microseconds()),
			float64((28232 * tc.atFull).Microseconds()), 0.25)
		s.Ports = 4096
		if got := s.FailingCost(); got != 4096*tc.at4096 {
			t.Errorf("%s: %v at the range it was measured at", name, got)
		}
	}
}

// TestOneCostForBoth: where only that of TIME_WAIT is known, or none, state does not
// matter, and nothing is as it was not before.
func TestOneCostForBoth(t *testing.T) {
	property(t, func(s Setup) error {
		idle := s
		idle.InFlight = 0
		if s.FailingCost() != idle.FailingCost() || s.FailingCost() != time.Duration(s.Ports)*ScanPerPort(s.Ports) {
			t.Fatalf("%v and %v", s.FailingCost(), idle.FailingCost())
		}
		return nil
	})
	s := Setup{Ports: 28232, RatePerS: 100, InFlight: 14116, ScanTimeWait: 113 * ns, ScanPorts: 28232}.Complete()
	if got := s.FailingCost(); got != 28232*113*ns {
		t.Errorf("%v", got)
	}
}

// TestSlowBackendCollapsesLater: a rate that a worker can just not afford to connect
// beyond TIME_WAITs, it can beyond connections.
func TestSlowBackendCollapsesLater(t *testing.T) {
	s := Setup{
		Ports:           28232,
		RatePerS:        750,
		InFlight:        15000,
		ScanTimeWait:    113 * ns,
		ScanEstablished: 80 * ns,
		ScanPorts:       28232,
		Workers:         1,
		Duration:        ForEver,
	}.Complete()
	if p := Predict(s); p.Estimated {
		t.Errorf("750/s at %v a call are too many: %+v", s.ConnectCostAfter(), p)
	}
	s.ScanEstablished = 0
	if p := Predict(s); !p.Estimated {
		t.Errorf("750/s at %v a call are not too many: %+v", s.ConnectCostAfter(), p)
	}
}

// choosePort plays connect()'s choice of a port (__inet_hash_connect,
// net/ipv4/inet_hashtables.c), in order or with a step of up to so many: who holds a
// port until when. It returns how many ports were tried.
func choosePort(until []float64, offset *int, width int, now, hold float64, r *rand.Rand) (tried int, ok bool) {
	half := len(until) / 2
	step := 1
	if most := min(width, half); most > 0 {
		step = 1 + r.IntN(most)
		for gcd(step, half) != 1 {
			if step++; step > most {
				step = 1
			}
		}
	}
	for parity := range 2 {
		port := *offset % half
		for i := range half {
			tried++
			if at := 2*port + parity; until[at] <= now {
				until[at] = now + hold
				*offset += i + 1
				return tried, true
			}
			port = (port + step) % half
		}
	}
	return tried, false
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// TestStepWidthChangesNoLaw: with random steps K, the step at half the range and the
// ceiling of tcp_tw_reuse are as without.
func TestStepWidthChangesNoLaw(t *testing.T) {
	const ports = 400
	r := rand.New(rand.NewPCG(7, 1))
	for _, width := range []int{0, 1, 20, 1000} {
		until, offset := make([]float64, ports), 0
		for n := range ports {
			tried, ok := choosePort(until, &offset, width, 0, 60, r)
			if !ok || tried > ports/2 && n < ports/2 || tried <= ports/2 && n >= ports/2 {
				t.Fatalf("width %d: connection %d tried %d ports, %t; want the other parity from half the range on",
					width, n, tried, ok)
			}
		}
		if tried, ok := choosePort(until, &offset, width, 0, 60, r); ok || tried != ports {
			t.Errorf("width %d: connection %d tried %d ports, %t", width, ports, tried, ok)
		}
		// Reuse after a second, at 98 % of the ceiling and at 102 %.
		for rate, holds := range map[float64]bool{0.98 * ports: true, 1.02 * ports: false} {
			until, offset, failed := make([]float64, ports), 0, 0
			for n := range int(30 * rate) {
				if _, ok := choosePort(until, &offset, width, float64(n)/rate, 1, r); !ok {
					failed++
				}
			}
			if (failed == 0) != holds {
				t.Errorf("width %d: %d failed at %g a second on %d ports", width, failed, rate, ports)
			}
		}
	}
}
