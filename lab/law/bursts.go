package law

import (
	"fmt"
	"math"
	"time"
)

// A burst of B requests meets a pool. Its first requests take the connections that are
// kept; how many more are opened is decided by how many requests are under way at once.
// A worker that keeps k, and comes to have m of its b requests under way at once, opens
//
//	m − k ≤ new connections ≤ b − k
//
// At the most: k requests find a kept one, and no other request opens more than one. At
// the least: m requests under way hold m connections, and k of them were there. Between
// the two lie the requests that take a connection which has come back while they waited,
// of a quicker one of the same burst.
//
// With w workers, of which the burst may meet one only, and M under way in all at once:
//
//	max(0, M − w·k) ≤ new connections ≤ B − k
//
// M is B where a response takes longer than the burst is spread (D > W): none comes back
// before the last one is taken up. With one worker that makes B − k an exact number.
// Otherwise the response times do not decide it, but the scheduling of proxy, backend and
// network between them: the time W is covered by ⌊W/D⌋ + 1 spans shorter than D, and all
// requests that are taken up within one of them are under way together, so
//
//	M ≥ ⌈B / (⌊W/D⌋ + 1)⌉
//
// and no more is known. Towards a backend that answers at once that is 1: the pool may
// serve the whole burst one by one. Measured with 890 ports, bursts of 64 and a pool of 16:
// error 99 after 3.61 s where the backend takes 50 ms (48 a burst: 3.6 s), and after 4.21 s
// where it answers at once, on two busy cores (40 a burst).
//
// Until error 99 the pool opens K connections in either case (opened.go). What is not
// exact is only in which burst the last of them is.

// BurstSpread is W: within what time a proxy takes up a burst of so many requests. The
// generator sends them within 10 ms, or the run is not trusted (verdict.LateLimit). nginx
// spends a quarter of a millisecond on each, on a machine that it shares: 0.1 ms and
// more were measured.
func BurstSpread(size float64) time.Duration {
	return 10*time.Millisecond + time.Duration(size)*250*time.Microsecond
}

// Bursts are a load's.
type Bursts struct {
	Size     float64       // B, requests
	AtOnce   float64       // of which no more are sent before others are answered
	Every    time.Duration // from one to the next
	Response time.Duration // D, at the least
	Emptied  bool          // the proxy has closed what the last burst left
}

// BurstChurn is new connections per request under bursts, at the least and at the most.
// The two are the same where the law is exact.
func (p Pool) BurstChurn(b Bursts) (least, most float64) {
	if p.Keepalive <= 0 {
		return 1, 1
	}
	n, kept, spread := min(b.AtOnce, b.Size), float64(p.Keepalive), BurstSpread(b.AtOnce)
	together := math.Ceil(n / (1 + math.Floor(float64(spread)/math.Max(1, float64(b.Response)))))
	found, opening := kept*float64(max(p.Workers, 1)), b.Size
	if kept >= n { // a place for each that there can be: none is closed
		opening = n
	}
	ends := 0.0
	if p.RequestsPerConn > 0 {
		ends = 1 / float64(p.RequestsPerConn)
	}
	switch {
	case b.Emptied:
		found, kept, ends = 0, 0, 0
	case kept < n && b.Response+spread > b.Every: // the last burst may still have them
		kept = 0
	}
	return min(max(0, together-found)/b.Size+ends, 1), min(max(0, opening-kept)/b.Size+ends, 1)
}

// uncertain says whether churn is an interval.
func (s Setup) uncertain() bool { return s.ChurnLeast != nil && *s.ChurnLeast < s.Churn && !s.Race }

// WhyLater says why error 99 may come later than the law says; "" where it may not.
func (s Setup) WhyLater() string {
	if !s.uncertain() {
		return ""
	}
	n := math.Round(s.RatePerS * s.Burst.Seconds())
	return fmt.Sprintf("of each burst of %.0f, %.0f to %.0f requests open a connection, "+
		"as one that comes back before the whole burst is taken up serves again",
		n, math.Round(n**s.ChurnLeast), math.Round(n*s.Churn))
}

// untilLeast puts the far end into a prediction for the most connections that bursts
// open.
func (p *Prediction) untilLeast(s Setup) {
	if p.FirstError99S == nil || !s.uncertain() {
		return
	}
	s.Churn = *s.ChurnLeast
	s.BurstSize = max(1, s.perBurst()) // the first one opens no less than the others
	far := Prediction{FirstError99S: s.firstError99()}
	if far.FirstError99S == nil {
		p.OrNever, p.FirstError99LatestS, p.OKBeforeError99Most = true, nil, nil
		return
	}
	ok := s.okBeforeError99()
	far.OKBeforeError99 = &ok
	if far.untilTick(s); far.FirstError99LatestS == nil {
		far.FirstError99LatestS, far.OKBeforeError99Most = far.FirstError99S, &ok
	}
	if *far.FirstError99LatestS > *p.FirstError99S {
		p.FirstError99LatestS, p.OKBeforeError99Most = far.FirstError99LatestS, far.OKBeforeError99Most
	}
}

// inBursts says whether bursts decide when the tuples run out. In a race it is as
// much an outcome as f in which burst they do.
func (s Setup) inBursts() bool { return s.Burst > 0 && !s.Race }

// AtOnce is how many connections a burst needs at one moment; 0 without bursts.
func (s Setup) AtOnce() float64 {
	if s.Race {
		return 0
	}
	if s.BurstSize > 0 {
		return s.BurstSize
	}
	return math.Round(s.RatePerS * s.Burst.Seconds())
}

// failingBurst is the burst, counted from 0, in which the tuples run out. The
// first one of n requests takes n, as no pool holds anything yet, and each other
// f·n·churn. With 1,000 ports and bursts of 64, pools of 1, 4 and 16 failed in
// bursts 15, 16 and 20, as this says.
func (s Setup) failingBurst() float64 {
	left := float64(s.Tuples()) - s.spent() - s.AtOnce()
	if left < 0 {
		return 0
	}
	return math.Floor(left/s.perBurst()) + 1
}

// perBurst is how many tuples each burst but the first takes for good, or, where no
// TIME_WAIT is left, until its requests end.
func (s Setup) perBurst() float64 {
	if s.fillPerS() == 0 {
		return s.AtOnce()
	}
	return s.fillPerS() * s.Burst.Seconds()
}

// heldInBursts is how many tuples bursts of held connections take at the most: those of the
// last H + f·T seconds, the burst at either end included. Of random times the average
// decides.
func (s Setup) heldInBursts() float64 {
	if !s.HeldFixed {
		return s.fillPerS()*s.HoldTime().Seconds() + s.InFlight
	}
	return s.AtOnce() * (math.Floor(s.costs().Seconds()/s.Burst.Seconds()) + 1)
}
