// Package schedule shares one machine among labs that are up at the same time.
//
// Labs are network namespaces of their own: they share neither ports nor
// TIME_WAITs, only the processors. So a lab says what share of a core it needs,
// and starts when that much is free. One that measures time or processor use
// runs alone.
//
// Places are given in the order in which they were asked for, so that a lab
// that must be alone gets its turn. golang.org/x/sync/semaphore does that.
package schedule

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"
)

// Need is what a lab asks of the machine while it is up. The zero Need is that
// of a lab whose use of the processors cannot be noticed.
type Need struct {
	Cores float64
	Alone bool
}

const (
	core = 1000 // the unit is a thousandth of a core
	// usable is the share of the processors that is given away. The rest is for
	// a lab that comes up, reports, the kernel's timers and moments of more than
	// average use: a lab is on time only while a processor is free at once.
	usable = 0.75
	// most is how many labs are up at once on a machine of any size: the longest
	// of a catalogue then takes as long as all the others.
	most = 16
)

// Machine is what labs share.
type Machine struct {
	whole int64 // all there is
	least int64 // what the least lab counts for
	free  *semaphore.Weighted
	turns *turns
}

// Place is a lab's on a machine. The lab comes up, is under load and goes down,
// and asks before each.
type Place struct {
	machine *Machine
	weight  int64
	turn
}

// New shares so many processors. No more than atOnce labs are up at a time; 0
// is as many as the processors bear. Where labs come up apart, one that starts
// or ends would disturb the loads of others. door is a file that the lab locks
// that comes up, so that those of other processes wait; "" is none.
func New(cpus, atOnce int, apart bool, door string) *Machine {
	if atOnce <= 0 {
		atOnce = most
	}
	whole := int64(float64(max(1, cpus)) * usable * core)
	least := (whole + int64(atOnce) - 1) / int64(atOnce)
	return &Machine{whole: whole, least: least, free: semaphore.NewWeighted(whole), turns: newTurns(apart, door)}
}

// Acquire waits for room. The caller releases the place when the lab is down.
func (m *Machine) Acquire(ctx context.Context, n Need) (*Place, error) {
	p := &Place{machine: m, weight: m.weight(n)}
	if err := m.free.Acquire(ctx, p.weight); err != nil {
		return nil, context.Cause(ctx)
	}
	m.turns.enter(&p.turn)
	return p, nil
}

// Release gives the place back. It is safe to call twice.
func (p *Place) Release() {
	if p.leave() {
		p.machine.free.Release(p.weight)
	}
}

// Share is what a lab takes of what there is, up to 1.
func (m *Machine) Share(n Need) float64 { return float64(m.weight(n)) / float64(m.whole) }

func (m *Machine) weight(n Need) int64 {
	if n.Alone {
		return m.whole
	}
	return min(max(int64(n.Cores*core), m.least), m.whole)
}

// Job is a lab that will be up for some time.
type Job struct {
	Need
	Takes time.Duration // under load
	Moves time.Duration // to come up and to go down
}

// Makespan is how long jobs take that ask for their places in this order.
func (m *Machine) Makespan(jobs []Job) time.Duration {
	if m.turns.apart {
		return m.makespanOfWaves(jobs)
	}
	type running struct {
		until  time.Duration
		weight int64
	}
	var now, last time.Duration
	var up []running
	free := m.whole
	for _, j := range jobs {
		w := m.weight(j.Need)
		for free < w { // until the next one ends
			next := slices.MinFunc(up, func(a, b running) int { return int(a.until - b.until) })
			up = slices.DeleteFunc(up, func(r running) bool { return r == next })
			now = next.until
			free = m.whole
			for _, r := range up {
				free -= r.weight
			}
		}
		until := now + j.Takes + j.Moves
		up = append(up, running{until, w})
		free -= w
		last = max(last, until)
	}
	return last
}

// makespanOfWaves adds up waves: labs come up and go down one after the other,
// and are under load together.
func (m *Machine) makespanOfWaves(jobs []Job) (all time.Duration) {
	free, longest := m.whole, time.Duration(0)
	for _, j := range jobs {
		w := m.weight(j.Need)
		if free < w {
			all, free, longest = all+longest, m.whole, 0
		}
		free -= w
		all += j.Moves
		longest = max(longest, j.Takes)
	}
	return all + longest
}
