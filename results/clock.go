package results

import "time"

// Start is t = 0 in UTC, from the events that carry both clocks; false where
// none does. An event is written when it happened or later, never before, so
// the earliest start that follows from any of them is the nearest to the truth.
func (d *VariantData) Start() (start time.Time, known bool) {
	for _, e := range d.Events {
		if e.T == nil {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, e.Time)
		if err != nil {
			continue
		}
		if at = at.Add(-time.Duration(*e.T * float64(time.Second))).UTC(); !known || at.Before(start) {
			start, known = at, true
		}
	}
	return start, known
}
