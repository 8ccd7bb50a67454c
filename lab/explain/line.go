package explain

import "cmp"

// Explanation is what a line means.
type Explanation struct {
	Reading
	Cause *Cause
	Time  string // as it stands in the line, or in what is around it; "" for none
}

// Why says why it is this cause.
func (e Explanation) Why() string { return e.Cause.why(e.Reading) }

// Next are the next steps, the nearest first.
func (e Explanation) Next() []Step { return e.Cause.next(e.Reading) }

// explain explains one line; false for a line that no dialect knows.
func explain(r record) (Explanation, bool) {
	found, ok := read(r)
	if !ok {
		return Explanation{}, false
	}
	return Explanation{Reading: found, Cause: causeOf(found), Time: cmp.Or(r.time, stampOf(r.text))}, true
}
