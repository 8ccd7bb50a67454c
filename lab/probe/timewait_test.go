package probe

import (
	"math/rand/v2"
	"testing"
)

// look is a look at a namespace: the number of mini-sockets, and TcpExt.
type look struct{ level, tw, killed, recycled int64 }

func (l look) counters() Counters {
	return Counters{timeWaitCreated: l.tw, timeWaitKilled: l.killed, timeWaitRecycled: l.recycled}
}

// TestTimeWaitsOfEveryKernel: figures of Linux 5.10, which counts none of 50
// that were just made, and of 6.18, which counts all. Those with active opens were
// read in runs of tw-reuse-ceiling on 5.10.46, where every connection that was opened
// ended in TIME_WAIT on that side.
func TestTimeWaitsOfEveryKernel(t *testing.T) {
	yes, no := true, false
	for name, tc := range map[string]struct {
		base  int64
		atEnd *bool
		looks []look // one after the other
		made  int64  // by the last of them
		end   bool   // counted so
	}{
		"5.10, 50 made":           {3, nil, []look{{53, 0, 0, 0}}, 50, true},
		"5.10, told":              {3, &yes, []look{{53, 0, 0, 0}}, 50, true},
		"5.10, some expired":      {0, nil, []look{{5000, 0, 0, 0}, {12240, 1760, 0, 0}}, 14000, true},
		"5.10, most expired":      {0, nil, []look{{1000, 0, 0, 0}, {10, 990, 0, 0}}, 1000, true},
		"5.10, reused":            {0, nil, []look{{60, 0, 0, 0}, {60, 0, 0, 46}}, 106, true}, // active opens: 106
		"5.10, reused more":       {0, nil, []look{{15, 0, 0, 0}, {60, 0, 0, 57}}, 117, true}, // and 117
		"5.10, FIN_WAIT2 of 2 s":  {0, nil, []look{{100, 0, 0, 0}, {100, 0, 40, 0}}, 140, true},
		"5.10, those of before":   {5, &yes, []look{{0, 5, 0, 0}}, 0, true},
		"5.10, reset by the peer": {5, &yes, []look{{0, 0, 0, 0}}, 0, true},
		"6.18, 50 made":           {3, nil, []look{{53, 50, 0, 0}}, 50, false},
		"6.18, some expired":      {0, nil, []look{{12240, 14000, 0, 0}}, 14000, false},
		"6.18, reused":            {0, nil, []look{{200, 900, 0, 700}}, 900, false},
		"6.18, FIN_WAIT2 of 2 s":  {0, nil, []look{{100, 0, 140, 0}}, 140, false},
		"told, and it is not so":  {0, &no, []look{{50, 0, 0, 0}}, 0, false}, // the judge notices
	} {
		t.Run(name, func(t *testing.T) {
			w := NewTimeWaits(tc.base, tc.atEnd)
			var c Counters
			for _, l := range tc.looks {
				c = l.counters()
				w.Convert(l.level, c)
			}
			if got := c[timeWaitCreated] + c[timeWaitKilled]; got != tc.made || w.AtEnd() != tc.end {
				t.Errorf("%d made, counted at the end: %v; want %d, %v", got, w.AtEnd(), tc.made, tc.end)
			}
			last := tc.looks[len(tc.looks)-1]
			if ended, ok := c[timeWaitEnded]; ok != tc.end || ok && ended != last.tw+last.killed {
				t.Errorf("%s is %d (there: %v)", timeWaitEnded, ended, ok)
			}
		})
	}
}

// TestBothWaysOfCountingAgree lets mini-sockets begin and end at random, kept in
// the books of both kinds of kernel. The sum must be what was made at every look,
// and the books of a kernel that counts at creation never be taken for the other's.
func TestBothWaysOfCountingAgree(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		var atCreation, atEnd look
		var long, short int64 // alive, by their timers
		step := func() {
			switch r.IntN(5) {
			case 0, 1:
				long, atCreation.tw = long+1, atCreation.tw+1
			case 2:
				short, atCreation.killed = short+1, atCreation.killed+1
			case 3:
				if long > 0 { // its timer runs out, or it is reused
					long--
					if r.IntN(2) == 0 {
						atEnd.tw++
					} else {
						atEnd.recycled, atCreation.recycled = atEnd.recycled+1, atCreation.recycled+1
					}
				}
			case 4:
				if short > 0 {
					short, atEnd.killed = short-1, atEnd.killed+1
				}
			}
			atCreation.level, atEnd.level = long+short, long+short
		}
		for range r.IntN(30) {
			step() // before anybody looked
		}
		begun, ended := atCreation, atEnd
		newer, older := NewTimeWaits(begun.level, nil), NewTimeWaits(ended.level, new(true))
		for range 300 {
			step()
			c, e := atCreation.counters().Since(begun.counters()), atEnd.counters().Since(ended.counters())
			newer.Convert(atCreation.level, c)
			older.Convert(atEnd.level, e)
			if got, want := e[timeWaitCreated], c[timeWaitCreated]+c[timeWaitKilled]; got != want || newer.AtEnd() {
				t.Fatalf("seed %d: %d made by the books of the end, %d by those of creation (taken for the other: %v)",
					seed, got, want, newer.AtEnd())
			}
		}
	}
}
