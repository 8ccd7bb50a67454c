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
	"sync"
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
	usable = 0.55
	// most is how many labs are up at once on a machine of any size: the longest
	// of a catalogue then takes as long as all the others.
	most = 16
)

// Machine is what labs share.
type Machine struct {
	whole int64 // all there is
	least int64 // what the least lab counts for
	free  *semaphore.Weighted
	door  chan struct{} // held by the lab that comes up

	mu sync.Mutex
	up map[*Place]bool
}

// Place is a lab's on a machine.
type Place struct {
	machine *Machine
	weight  int64
	shared  bool
}

// New shares so many processors. No more than atOnce labs are up at a time; 0
// is as many as the processors bear.
func New(cpus, atOnce int) *Machine {
	if atOnce <= 0 {
		atOnce = most
	}
	whole := int64(float64(max(1, cpus)) * usable * core)
	least := (whole + int64(atOnce) - 1) / int64(atOnce)
	return &Machine{whole: whole, least: least, free: semaphore.NewWeighted(whole), door: make(chan struct{}, 1), up: map[*Place]bool{}}
}

// Enter waits until no other lab comes up. To start servers and agents takes
// most of a second of processor, so that several at once would starve those
// whose load has begun. The caller calls entered when its load has begun, or
// will not; more than once does no harm.
func (m *Machine) Enter(ctx context.Context) (entered func(), err error) {
	select {
	case m.door <- struct{}{}:
		return sync.OnceFunc(func() { <-m.door }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Acquire waits for room. The caller releases the place when the lab is down.
func (m *Machine) Acquire(ctx context.Context, n Need) (*Place, error) {
	p := &Place{machine: m, weight: m.weight(n)}
	if err := m.free.Acquire(ctx, p.weight); err != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.up {
		p.shared, other.shared = true, true
	}
	m.up[p] = true
	return p, nil
}

// Shared says whether another lab was up at any time since the place was given.
func (p *Place) Shared() bool {
	p.machine.mu.Lock()
	defer p.machine.mu.Unlock()
	return p.shared
}

// Release gives the place back. It is safe to call twice.
func (p *Place) Release() {
	p.machine.mu.Lock()
	defer p.machine.mu.Unlock()
	if p.machine.up[p] {
		delete(p.machine.up, p)
		p.machine.free.Release(p.weight)
	}
}

func (m *Machine) weight(n Need) int64 {
	if n.Alone {
		return m.whole
	}
	return min(max(int64(n.Cores*core), m.least), m.whole)
}

// Job is a lab that will be up for some time.
type Job struct {
	Need
	Takes time.Duration
}

// Makespan is how long jobs take that ask for their places in this order.
func (m *Machine) Makespan(jobs []Job) time.Duration {
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
		up = append(up, running{now + j.Takes, w})
		free -= w
		last = max(last, now+j.Takes)
	}
	return last
}
