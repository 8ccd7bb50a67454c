package agent

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestOneKernelHasOneClock: what is read of an agent here is nothing ahead, within the bound
// that comes with it, however slow this machine is at the moment.
func TestOneKernelHasOneClock(t *testing.T) {
	c, _, _ := pair(t, nil)
	r, err := c.ReadClock(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if r.Bound <= 0 || max(r.Ahead, -r.Ahead) > r.Bound {
		t.Errorf("the clock is said to be %d ns ahead, give or take %d", r.Ahead, r.Bound)
	}
}

// TestPutBack: an agent whose clock is an hour ahead speaks of the time here, in its samples
// and in all moments within them.
func TestPutBack(t *testing.T) {
	got := make(chan Record, 2)
	r, w := io.Pipe()
	defer r.Close()
	c := NewClient("far", r, io.Discard, func(rec Record) { got <- rec })
	c.PutBack(time.Hour)
	lines := `{"seq":1,"mono_ns":3600000000005,"started":{"start_ns":3600000000007}}
{"seq":2,"mono_ns":3600000000008,"load_done":{"start_ns":3600000000001,"end_ns":3600000000003,"first_error_99_ns":3600000000002},"observed":{"net":{},"changes":[{"mono_ns":3600000000009,"text":"x"}]}}
`
	go io.Copy(w, strings.NewReader(lines))
	first, second := <-got, <-got
	if first.Mono != 5 || first.Started.StartNs != 7 || second.Mono != 8 || second.Observed.Changes[0].Mono != 9 {
		t.Errorf("%d, %d, %d, %d; want 5, 7, 8, 9",
			first.Mono, first.Started.StartNs, second.Mono, second.Observed.Changes[0].Mono)
	}
	if d := second.LoadDone; d.StartNs != 1 || *d.FirstError != 2 || d.EndNs != 3 {
		t.Errorf("%d, %d, %d; want 1, 2, 3", d.StartNs, *d.FirstError, d.EndNs)
	}
}

// TestClockIsReadAsItIs, whatever its records are put back by.
func TestClockIsReadAsItIs(t *testing.T) {
	c, _, _ := pair(t, nil)
	c.PutBack(5 * time.Second)
	r, err := c.ReadClock(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if max(r.Ahead, -r.Ahead) > r.Bound {
		t.Errorf("%d ns ahead, give or take %d", r.Ahead, r.Bound)
	}
}
