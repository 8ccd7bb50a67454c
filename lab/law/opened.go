package law

import "fmt"

// Opened is how many connections a pool has opened once error 99 has come: K, one for each
// tuple. How many requests each of them served, and so when the last tuple went, depends on
// the timing (bursts.go). This does not. A connection that the backend closed gives its
// tuple back, and another one is opened on it.
var Opened = Law{
	ID:     "new_connections",
	Name:   "connections opened",
	Words:  "new connections until all ports were taken",
	Unit:   "connections",
	Figure: "new_connections",
	More:   Either,
	Compare: func(r Run) *Compared {
		seen := r.Measured("new_connections")
		if !r.opensAll() || seen == nil {
			return nil
		}
		most := float64(r.Predicted.Tuples) + or0(r.Measured("time_wait_backend"))
		return &Compared{
			Predicted: float(r.Predicted.Tuples),
			Measured:  seen,
			Most:      &most,
			Tolerance: max(2, 0.02*most),
		}
	},
	Check: func(r Run) *Checked {
		seen := r.Measured("new_connections")
		if !r.opensAll() || seen == nil {
			return nil
		}
		k, back := r.Predicted.Tuples, or0(r.Measured("time_wait_backend"))
		under, over := Overlooked(r.Setup.Ports, k), max(2, k/1000)+int(back)
		return &Checked{
			OK: *seen >= float64(k-under) && *seen <= float64(k+over),
			Law: fmt.Sprintf("K connections opened, -%d..+%d: %.0f were closed by the backend, "+
				"and their tuples used again", under, over, back),
			Predicted: float(k), Measured: seen,
			Text: fmt.Sprintf("predicted %d, opened %.0f", k, *seen),
		}
	},
}

// opensAll says whether a pool has used up all tuples, of which none came back by itself.
func (r Run) opensAll() bool {
	return r.Setup.Keepalive > 0 && r.Measured("first_error_99_s") != nil && r.Setup.Exact() && !r.Setup.OwnConfig &&
		r.Setup.CloseShare == 1 && r.EndS < 59 && r.Predicted.HoldS >= 59 && !r.Predicted.Rough() && !r.Setup.Uneven()
}
