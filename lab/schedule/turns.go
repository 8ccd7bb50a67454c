package schedule

import (
	"context"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// turns keep the labs that have a place out of each other's way.
//
// To start the servers and agents of a lab takes most of a second of processor,
// so labs come up one at a time: several at once would starve those whose load
// has begun. Those of other commands are waited for as well, by the lock of a
// file, the door. An engine takes seconds of both processors to start or to remove
// containers. There labs come and go in waves (apart), one by one: none comes up
// or goes down while another is under load, and no load begins while a lab that
// has a place is still to come up.
type turns struct {
	apart bool
	door  string // a file that the lab locks that comes up; "": none

	mu      sync.Mutex
	at      [gone + 1]int // labs in each stage
	entered int           // labs that ever had a place
	in      map[*turn]bool
	changed chan struct{} // closed when at has changed
}

// stage is how far a lab has come.
type stage int

const (
	waiting  stage = iota // to come up
	comingUp              // until its load begins
	isUp                  // waits to begin its load
	loading
	loaded // waits to go down
	goingDown
	gone
)

// turn is one lab's part in turns.
type turn struct {
	of     *turns
	number int // in the order in which places were given
	stage  stage
	door   *flock.Flock // locked while the lab comes up; nil: no door
}

func newTurns(apart bool, door string) *turns {
	return &turns{apart: apart, door: door, in: map[*turn]bool{}, changed: make(chan struct{})}
}

func (t *turns) enter(p *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.of, p.number = t, t.entered
	t.entered++
	t.at[waiting]++
	t.in[p] = true
}

// ComeUp waits until the lab may come up. Those with a place go in its order.
func (p *turn) ComeUp(ctx context.Context) error {
	err := p.wait(ctx, waiting, comingUp, func(t *turns) bool {
		for other := range t.in {
			if other.stage == waiting && other.number < p.number {
				return false
			}
		}
		return t.at[comingUp] == 0 && (!t.apart || t.at[loading]+t.at[goingDown] == 0)
	})
	if err != nil || p.of.door == "" {
		return err
	}
	door := flock.New(p.of.door)
	if _, err := door.TryLockContext(ctx, lookAgain); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err == nil { // without a door, labs of other commands may disturb this one: the judge sees it
		p.of.mu.Lock()
		defer p.of.mu.Unlock()
		p.door = door
	}
	return nil
}

// lookAgain is how often a lab looks whether the door is free.
const lookAgain = 20 * time.Millisecond

// Load waits until the load of a lab that is up may begin.
func (p *turn) Load(ctx context.Context) error {
	if !p.of.apart {
		return nil // the next lab comes up when this load has begun
	}
	return p.wait(ctx, isUp, loading, func(t *turns) bool {
		return t.at[waiting]+t.at[comingUp]+t.at[goingDown] == 0
	})
}

// Loading says that the load has begun.
func (p *turn) Loading() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.stage < loading {
		p.to(loading)
	}
}

// GoDown waits until the lab may go down.
func (p *turn) GoDown(ctx context.Context) error {
	return p.wait(ctx, loaded, goingDown, func(t *turns) bool { return !t.apart || t.at[loading]+t.at[goingDown] == 0 })
}

// leave ends the turn, in whatever stage, and says whether it had not ended.
func (p *turn) leave() bool {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.stage == gone {
		return false
	}
	p.to(gone)
	delete(p.of.in, p)
	return true
}

// wait is in one stage until it may enter the next. When ctx ends first, it
// stays there.
func (p *turn) wait(ctx context.Context, at, next stage, may func(*turns) bool) error {
	t := p.of
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.stage != at {
		p.to(at)
	}
	for !may(t) {
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
			t.mu.Lock()
		case <-ctx.Done():
			t.mu.Lock()
			return context.Cause(ctx)
		}
	}
	p.to(next)
	return nil
}

// to moves to a stage; the caller holds the lock.
func (p *turn) to(s stage) {
	t := p.of
	if p.door != nil {
		p.door.Close()
		p.door = nil
	}
	t.at[p.stage]--
	p.stage = s
	t.at[s]++
	close(t.changed)
	t.changed = make(chan struct{})
}
