package law

import (
	"math"
	"testing"
	"time"
)

// TestHeldForRandomTimes: some have gone by the time that the table is full.
func TestHeldForRandomTimes(t *testing.T) {
	s := Setup{Ports: 200, RatePerS: 300}.Holding(time.Second, false, false)
	p := Predict(s)
	if want := math.Log(3); p.FirstError99S == nil || math.Abs(*p.FirstError99S-want) > 1e-6 || *p.OKBeforeError99 != 330 {
		t.Errorf("%v, %v; want it after %.3f s", or0(p.FirstError99S), p.OKBeforeError99, want)
	}
	if s.Complete().Exact() {
		t.Error("random times have an exact moment")
	}
	client := Predict(s.Holding(time.Second, false, true))
	if got := or0(client.FirstError99S); math.Abs(got-200.0/300) > 1e-9 {
		t.Errorf("with a TIME_WAIT after each it comes after %v s, want K/R, however long they are held", got)
	}
}

// TestHeldForRandomTimesWithTimeWait: a TIME_WAIT that is shorter than the table takes to
// fill gives tuples back before it is full.
func TestHeldForRandomTimesWithTimeWait(t *testing.T) {
	reuse := Setup{Ports: 1000, RatePerS: 400, TwReuse: 1}.Holding(2*time.Second, false, true)
	_, want := lossOf(1000, 400, evenly, func(u float64) float64 { return 1 - 2*math.Log(1-u) })
	p := Predict(reuse)
	if got := or0(p.FirstError99S); math.Abs(got-want) > 0.1*want {
		t.Errorf("it comes after %.2f s, and %.2f s by a simulation", got, want)
	}
	if reuse.Complete().Exact() {
		t.Error("random times have an exact moment")
	}
	minute := Predict(Setup{Ports: 1000, RatePerS: 10}.Holding(time.Minute, false, true))
	if got, want := or0(minute.FirstError99S), 61-60*math.Log(1-39.0/60); math.Abs(got-want) > 1e-6 {
		t.Errorf("it comes after %.2f s, want %.2f s", got, want)
	}
}

// TestHeldForRandomTimesFailsForMoments: below K on average, a table of random times is full
// now and then, though arrivals are even.
func TestHeldForRandomTimesFailsForMoments(t *testing.T) {
	for _, tt := range []struct{ k, rate float64 }{{50, 45}, {50, 60}, {20, 15}, {200, 190}} {
		s := Setup{
			Ports:    int(tt.k),
			RatePerS: tt.rate,
			Duration: time.Hour,
		}.Holding(time.Second, false, false).Complete()
		share, _ := lossOf(int(tt.k), tt.rate, evenly, func(u float64) float64 { return -math.Log(1 - u) })
		p := Predict(s)
		if got := 1 - *p.SteadyOKPerS/tt.rate; math.Abs(got-share) > 0.1*share {
			t.Errorf("%g connections/s on %g tuples: %.4f are lost, and %.4f by a simulation",
				tt.rate, tt.k, got, share)
		}
		if p.FirstError99S == nil || p.Verdict != Reproduced {
			t.Errorf("%g connections/s on %g tuples for an hour: %s", tt.rate, tt.k, p.Verdict)
		}
	}
	if p := Predict(Setup{Ports: 200, RatePerS: 100, Duration: time.Hour}.Holding(time.Second, false,
		false)); p.Verdict != NotReproduced {
		t.Errorf("half of the tuples: %s", p.Verdict)
	}
}

// TestRandomTimesRankNobody: when it comes is chance, and a later one is no better.
func TestRandomTimesRankNobody(t *testing.T) {
	s := Setup{Ports: 200, RatePerS: 150, Duration: time.Minute, Baseline: &Prediction{FirstError99S: new(1.0)}}
	if p := Predict(s.Holding(2*time.Second, true, false)); p.Verdict != Postponed {
		t.Errorf("of one time for all: %s", p.Verdict)
	}
	if p := Predict(s.Holding(2*time.Second, false, false)); p.Verdict != Reproduced {
		t.Errorf("of random times: %s", p.Verdict)
	}
}

func evenly(float64) float64 { return 1 }
