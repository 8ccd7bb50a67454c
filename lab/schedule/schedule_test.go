package schedule

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestAsManyAsTheCoresBear runs jobs for their time, and no more at once than
// fit. The time it takes is what Makespan says.
func TestAsManyAsTheCoresBear(t *testing.T) {
	second := func(cores float64) Job { return Job{Need: Need{Cores: cores}, Takes: time.Second} }
	alone := Job{Need: Need{Alone: true}, Takes: 2 * time.Second}
	for name, c := range map[string]struct {
		cpus, atOnce int
		jobs         []Job
		want         time.Duration
		peak         int32
	}{
		"none":                         {2, 0, nil, 0, 0},
		"all fit":                      {2, 0, []Job{second(0.3), second(0.3), second(0.3)}, time.Second, 3},
		"two rounds":                   {2, 0, []Job{second(0.7), second(0.7), second(0.7), second(0.7)}, 2 * time.Second, 2},
		"one at a time":                {2, 1, []Job{second(0.1), second(0.1), second(0.1)}, 3 * time.Second, 1},
		"two at a time":                {8, 2, []Job{second(0.1), second(0.1), second(0.1)}, 2 * time.Second, 2},
		"more than there is runs too":  {1, 0, []Job{second(7)}, time.Second, 1},
		"alone":                        {4, 0, []Job{second(0.1), alone, second(0.1)}, 4 * time.Second, 1},
		"a short one waits for a turn": {2, 0, []Job{second(1), alone, second(0.1), second(0.1)}, 4 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := New(c.cpus, c.atOnce, false, "")
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

func TestAcquireEndsWithItsContext(t *testing.T) {
	m := New(2, 0, false, "")
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

// life is what became of a lab, by the second.
type life struct{ up, load, down int }

// live takes labs through their turns: three seconds to come up, so long under
// load, one second to go down.
func live(t *testing.T, m *Machine, loads ...time.Duration) []life {
	t.Helper()
	began := time.Now()
	now := func() int { return int(time.Since(began).Round(time.Second).Seconds()) }
	lives := make([]life, len(loads))
	var all sync.WaitGroup
	for i, load := range loads {
		p, err := m.Acquire(t.Context(), Need{})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer p.Release()
			time.Sleep(time.Duration(len(loads)-i) * time.Millisecond) // the last asks first
			if err := p.ComeUp(t.Context()); err != nil {
				t.Error(err)
			}
			lives[i].up = now()
			time.Sleep(3 * time.Second)
			if err := p.Load(t.Context()); err != nil {
				t.Error(err)
			}
			lives[i].load = now()
			p.Loading()
			time.Sleep(load)
			if err := p.GoDown(t.Context()); err != nil {
				t.Error(err)
			}
			lives[i].down = now()
			time.Sleep(time.Second)
		})
	}
	all.Wait()
	return lives
}

// TestTurns: labs come up one at a time. Apart, they are under load together
// and go, one by one, when the last load has ended.
func TestTurns(t *testing.T) {
	for name, c := range map[string]struct {
		apart bool
		want  []life
	}{
		"together": {false, []life{{0, 3, 13}, {3, 6, 8}}},
		"apart":    {true, []life{{0, 6, 16}, {3, 6, 17}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := live(t, New(2, 0, c.apart, ""), 10*time.Second, 2*time.Second); !slices.Equal(got, c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestWavesTakeWhatMakespanSays: three labs, of which two are up at a time.
func TestWavesTakeWhatMakespanSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(2, 2, true, "")
		began := time.Now()
		live(t, m, 10*time.Second, 2*time.Second, 5*time.Second)
		j := func(s time.Duration) Job { return Job{Takes: s * time.Second, Moves: 4 * time.Second} }
		got, want := time.Since(began).Round(time.Second), m.Makespan([]Job{j(10), j(2), j(5)})
		if got != want {
			t.Errorf("took %v, Makespan says %v", got, want)
		}
	})
}

// TestTurnsOfThoseThatGiveUp: a lab that never came up, or was interrupted, does
// not keep the others waiting.
func TestTurnsOfThoseThatGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(2, 0, true, "")
		first, _ := m.Acquire(t.Context(), Need{})
		second, _ := m.Acquire(t.Context(), Need{})
		third, _ := m.Acquire(t.Context(), Need{})
		if err := first.ComeUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough"))
		if err := second.ComeUp(ended); err == nil || err.Error() != "enough" {
			t.Errorf("two come up at once: %v", err)
		}
		if err := first.Load(ended); err == nil {
			t.Error("a load begins while two labs are to come up")
		}
		second.Release()
		second.Release() // once is enough
		if err := third.ComeUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		third.Release()
		if err := first.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := first.GoDown(ended); err != nil {
			t.Errorf("the only lab may go: %v", err)
		}
	})
}

// TestDoor: two commands share nothing but a file, and the labs of one come up
// when that of the other has.
func TestDoor(t *testing.T) {
	door := filepath.Join(t.TempDir(), "door")
	var p [2]*Place
	for i := range p {
		var err error
		if p[i], err = New(2, 0, false, door).Acquire(t.Context(), Need{}); err != nil {
			t.Fatal(err)
		}
		defer p[i].Release()
	}
	if err := p[0].ComeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 3*lookAgain)
	defer cancel()
	if err := p[1].ComeUp(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two labs come up at once: %v", err)
	}
	p[0].Loading()
	if err := p[1].ComeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}
