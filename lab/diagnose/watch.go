package diagnose

import (
	"fmt"
	"time"

	"github.com/lab99/lab99/internal/format"
)

// Watch keeps forecasts, to say later how far they were off.
type Watch struct {
	begun  map[watched]forecast // the oldest forecast that still stands
	missed map[watched]string
}

type watched struct{ namespace, source, destination string }

type forecast struct{ made, due time.Time }

// Add takes a report made at a moment, and returns what earlier forecasts come to: for a
// table that is now full how far the first forecast was off, and for one that fills how
// far the forecast has moved since.
func (w *Watch) Add(r *Report, at time.Time) (said []string) {
	if w.begun == nil {
		w.begun, w.missed = map[watched]forecast{}, map[watched]string{}
	}
	for i := range r.Namespaces {
		n := &r.Namespaces[i]
		for j := range n.Tuples {
			t := &n.Tuples[j]
			key := watched{n.Name, t.Source, t.Destination}
			first, known := w.begun[key]
			ago := format.About(at.Sub(first.made).Seconds())
			pair := t.Source + " → " + t.Destination + " in " + n.Name
			switch {
			case t.State == Exhausted && known:
				w.missed[key] = fmt.Sprintf("%s: error 99 came %s; the forecast of %s before was off by %+.1f s", pair,
					at.Format(time.TimeOnly), ago, at.Sub(first.due).Seconds())
				delete(w.begun, key)
			case t.FirstError99S != nil && t.State == RunningOut:
				due := at.Add(time.Duration(*t.FirstError99S * float64(time.Second)))
				if !known {
					w.begun[key] = forecast{at, due}
					delete(w.missed, key)
				} else {
					said = append(said, fmt.Sprintf("%s: due %s; the forecast of %s ago has moved by %+.1f s", pair,
						due.Format(time.TimeOnly), ago, due.Sub(first.due).Seconds()))
				}
			case known && t.State != Exhausted:
				w.missed[key] = fmt.Sprintf("%s: no longer due; %s ago it was, for %s",
					pair, ago, first.due.Format(time.TimeOnly))
				delete(w.begun, key)
			}
			if text := w.missed[key]; text != "" {
				said = append(said, text)
			}
		}
	}
	return said
}
