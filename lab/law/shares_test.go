package law

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestHeaviestShare: weights of 9 and 1, as measured with 500 ports at 200 a
// second; and even ones, which are as none.
func TestHeaviestShare(t *testing.T) {
	s := Setup{Ports: 500, Destinations: 2, RatePerS: 200, CloseShare: 1, Duration: 10 * time.Second}.Complete()
	s.HeaviestShare = 0.9
	if p := Predict(s); p.FirstError99S == nil || math.Abs(*p.FirstError99S-500/(200*0.9)) > 0.01 ||
		*p.OKBeforeError99 != 555 {
		t.Errorf("weights of 9 and 1: %+v, want error 99 after 2.78 s and 555 successes", p)
	}
	if !s.Uneven() {
		t.Error("weights of 9 and 1 are called even")
	}
	property(t, func(s Setup) error {
		even := s
		even.HeaviestShare = 1 / float64(s.Sources*s.Destinations)
		if even.Tuples() != s.Tuples() || even.Uneven() {
			return fmt.Errorf("K %d with even shares", even.Tuples())
		}
		heavier := s
		heavier.HeaviestShare = min(1, 1.5*even.HeaviestShare)
		if p, q := Predict(s), Predict(heavier); later(orNever(q.FirstError99S), orNever(p.FirstError99S)) {
			return fmt.Errorf("a heavier pair postponed error 99 to %g", orNever(q.FirstError99S))
		}
		return nil
	})
}

// TestUnevenMitigations: the same weight for all is one, and three times the
// addresses give three times the tuples.
func TestUnevenMitigations(t *testing.T) {
	s := Setup{Ports: 500, Destinations: 2, RatePerS: 200, CloseShare: 1, HeaviestShare: 0.9}.Complete()
	tuples := map[string]int{}
	for _, m := range Mitigations(s) {
		tuples[m.Name] = m.Setup.Tuples()
	}
	for name, want := range map[string]int{
		"even-shares":     1000,
		"multi-ip":        1666,
		"multi-source-ip": 3333,
		"same-address":    555,
	} {
		if tuples[name] != want {
			t.Errorf("%s: K %d, want %d", name, tuples[name], want)
		}
	}
	s.HeaviestShare = 0
	for _, m := range Mitigations(s) {
		if m.Name == "even-shares" {
			t.Error("even shares are to be made even")
		}
	}
}

// TestNAT: 128 ports at 5 a second, as of a Cloud NAT. The host's sysctls change
// nothing, and neither does who closes.
func TestNAT(t *testing.T) {
	s := Setup{Ports: 128, RatePerS: 5, NAT: true, Duration: ForEver}.Complete()
	p := Predict(s)
	if p.HoldS != 120 || p.FirstError99S == nil || math.Abs(*p.FirstError99S-128.0/5) > 1e-9 {
		t.Errorf("%+v, want the ports used up after 25.6 s", p)
	}
	if s.Cliff() != nil || s.CliffRate() != nil {
		t.Error("a step at half of the NAT's ports")
	}
	s.TwReuse = 1
	if Predict(s).HoldS != 120 {
		t.Error("tcp_tw_reuse frees ports of a NAT")
	}
	for _, m := range Mitigations(s) {
		held := Predict(m.Setup).FirstError99S == nil
		if want := m.Name == "keepalive" || m.Name == "all"; held != want && m.Name != "nat-addresses" &&
			m.Name != "multi-ip" && m.Name != "multi-port" {
			t.Errorf("%s: held %t, want %t", m.Name, held, want)
		}
		if m.Name == "fin-timeout" {
			t.Error("a change of the host is offered against a NAT's shortage")
		}
	}
}
