package schedule

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestAsManyAsTheCoresBear runs jobs for their time, and no more at once than
// fit. The time it takes is what Makespan says.
func TestAsManyAsTheCoresBear(t *testing.T) {
	second := func(cores float64) Job { return Job{Need{Cores: cores}, time.Second} }
	alone := Job{Need{Alone: true}, 2 * time.Second}
	for name, c := range map[string]struct {
		cpus, atOnce int
		jobs         []Job
		want         time.Duration
		peak         int32
	}{
		"none":                         {2, 0, nil, 0, 0},
		"all fit":                      {2, 0, []Job{second(0.3), second(0.3), second(0.3)}, time.Second, 3},
		"two rounds":                   {2, 0, []Job{second(0.5), second(0.5), second(0.5), second(0.5)}, 2 * time.Second, 2},
		"one at a time":                {2, 1, []Job{second(0.1), second(0.1), second(0.1)}, 3 * time.Second, 1},
		"two at a time":                {8, 2, []Job{second(0.1), second(0.1), second(0.1)}, 2 * time.Second, 2},
		"more than there is runs too":  {1, 0, []Job{second(7)}, time.Second, 1},
		"alone":                        {4, 0, []Job{second(0.1), alone, second(0.1)}, 4 * time.Second, 1},
		"a short one waits for a turn": {2, 0, []Job{second(1), alone, second(0.1), second(0.1)}, 4 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := New(c.cpus, c.atOnce)
				if got := m.Makespan(c.jobs); got != c.want {
					t.Errorf("makespan %v, want %v", got, c.want)
				}
				var up, peak atomic.Int32
				began := time.Now()
				for _, j := range c.jobs {
					place, err := m.Acquire(t.Context(), j.Need)
					if err != nil {
						t.Fatal(err)
					}
					peak.Store(max(peak.Load(), up.Add(1)))
					go func() {
						time.Sleep(j.Takes)
						up.Add(-1)
						place.Release()
						place.Release() // once is enough
					}()
				}
				all, err := m.Acquire(t.Context(), Need{Alone: true})
				if err != nil {
					t.Fatal(err)
				}
				defer all.Release()
				if got := time.Since(began); got != c.want {
					t.Errorf("took %v, want %v", got, c.want)
				}
				if peak.Load() != c.peak {
					t.Errorf("%d at once, want %d", peak.Load(), c.peak)
				}
			})
		})
	}
}

// TestShared: whoever had company at any time is told so, and no one else.
func TestShared(t *testing.T) {
	m := New(2, 0)
	place := func(n Need) *Place {
		p, err := m.Acquire(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := place(Need{})
	first.Release()
	second := place(Need{})
	third := place(Need{})
	third.Release()
	second.Release()
	alone := place(Need{Alone: true})
	for name, c := range map[string]struct {
		p    *Place
		want bool
	}{"first": {first, false}, "second": {second, true}, "third": {third, true}, "alone": {alone, false}} {
		if got := c.p.Shared(); got != c.want {
			t.Errorf("%s: shared is %v, want %v", name, got, c.want)
		}
	}
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	m := New(2, 0)
	place, err := m.Acquire(t.Context(), Need{Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Release()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("interrupted")
	cancel(why)
	if _, err := m.Acquire(ctx, Need{}); !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
}

// TestEnterLetsOneIn: labs come up one at a time, and one that gives up waiting
// says so.
func TestEnterLetsOneIn(t *testing.T) {
	m := New(2, 0)
	entered, err := m.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := m.Enter(ended); err == nil || err.Error() != "enough" {
		t.Errorf("the second came in: %v", err)
	}
	entered()
	entered() // once is enough
	again, err := m.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer again()
	if _, err := m.Enter(ended); err == nil {
		t.Error("a door that was opened twice lets two in")
	}
}
