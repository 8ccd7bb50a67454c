package loadgen

import (
	"testing"
	"time"
)

// A loop reads the end of the schedule at the top of a turn, and may count what
// falls due until then after it was ended early, and after it has read that too.
// What it has counted is dropped then, not forgotten.
func TestWhatIsCountedAfterAnEarlyEndIsDropped(t *testing.T) {
	p, err := newPlan(t.Context(), Config{URL: "http://127.0.0.1:1/", Profile: Constant(1000), Duration: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{plan: p, engine: &theEngine, causes: newCauseTable(), first: map[causeID]firstOf{}}
	r.limit.Store(Never)
	l := newLoop(r, 0)
	const start, ms = int64(time.Hour), int64(time.Millisecond)
	l.setOrigin(start)
	end := l.end()
	r.endAt(start+20*ms, interrupted)
	if l.end() != start+20*ms {
		t.Errorf("the end is %d ns after the start, want 20 ms", l.end()-start)
	}
	l.account(start+30*ms, end)
	l.settle(start+40*ms, l.end())
	if l.n.Scheduled != 31 || l.n.Dropped != 31 {
		t.Errorf("scheduled %d, dropped %d; want the 31 that were counted", l.n.Scheduled, l.n.Dropped)
	}
}
