package results

// Unanswered is how many requests were due and had no answer: never sent, because
// no connection came free in time, or without a reply when the load ended. 0 where
// it was not measured.
func (v Variant) Unanswered() int64 { return orZero(v.Dropped) + orZero(v.Unfinished) }

// Lost is how many came to nothing: failed, or unanswered. 0 where it was not
// measured.
func (v Variant) Lost() int64 { return orZero(v.Failed) + v.Unanswered() }

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
