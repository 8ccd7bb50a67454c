package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// Events are messages to pages, as JSON. Telling them never waits for a reader. The zero
// value keeps all of them for pages that come late.
type Events struct {
	// Keep is how many of those that are told to be kept stay, the last; 0: all.
	Keep int

	mu    sync.Mutex
	said  []event // their numbers rise
	next  int
	more  chan struct{} // closed when there is more; nil: nobody waits
	ended bool
	open  int // readers
}

type event struct {
	n    int
	text []byte
	last bool // Only the last of its kind is kept
}

// Tell adds a message.
func (e *Events) Tell(m any) { e.tell(m, false) }

// Renew adds a message in the place of the one that Renew added before: what a page that
// comes late has no use for.
func (e *Events) Renew(m any) { e.tell(m, true) }

func (e *Events) tell(m any, last bool) {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers and strings
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.said = append(e.said, event{e.next, text, last})
	most := e.Keep
	if last {
		most = 1
	}
	over := -most
	for _, x := range e.said {
		if x.last == last {
			over++
		}
	}
	if most > 0 && over > 0 { // the oldest go; a reader may be at the others
		e.said = slices.DeleteFunc(slices.Clone(e.said), func(x event) bool {
			drop := x.last == last && over > 0
			if drop {
				over--
			}
			return drop
		})
	}
	e.next++
	e.wake()
}

// End is the end of all readers that have read everything.
func (e *Events) End() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.wake()
}

// wake has readers look again; the caller holds the lock.
func (e *Events) wake() {
	if e.more != nil {
		close(e.more)
		e.more = nil
	}
}

// from returns the messages from number n on, once there are any; nil where they have ended
// before or ctx has.
func (e *Events) from(ctx context.Context, n int) []event {
	for {
		e.mu.Lock()
		at, _ := slices.BinarySearchFunc(e.said, n, func(x event, n int) int { return x.n - n })
		said, ended := e.said[at:len(e.said):len(e.said)], e.ended
		if e.more == nil {
			e.more = make(chan struct{})
		}
		more := e.more
		e.mu.Unlock()
		if len(said) > 0 {
			return said
		}
		if ended {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// Readers is how many pages are open.
func (e *Events) Readers() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open
}

func (e *Events) count(more int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open += more
}

// ServeHTTP tells everything from the beginning, or from behind the event that a page which
// lost its connection got last.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := 0
	if last, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil && last >= 0 {
		n = last + 1
	}
	w.Header().Set("Content-Type", "text/event-stream")
	c := http.NewResponseController(w)
	e.count(1)
	defer e.count(-1)
	for {
		said := e.from(r.Context(), n)
		if said == nil {
			return
		}
		for _, m := range said {
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", m.n, m.text); err != nil {
				return
			}
			n = m.n + 1
		}
		if c.Flush() != nil {
			return
		}
	}
}
