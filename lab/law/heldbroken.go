package law

import "fmt"

// HeldBroken is how many held connections ended before their time, or not at it: none. A
// port is looked for when a connection is opened, and one that is there is never taken
// away for want of ports. What breaks is something else's doing, such as a proxy_timeout.
var HeldBroken = Law{
	ID: "held_broken", Name: "connections broken", Unit: "connections", Figure: "held_broken", More: MoreSevere,
	Compare: func(r Run) *Compared { return r.heldBroken() },
	Check: func(r Run) *Checked {
		c := r.heldBroken()
		if c == nil {
			return nil
		}
		return &Checked{
			OK: *c.Measured == 0, Law: "none ends before its time, and each at it: exact",
			Predicted: c.Predicted, Measured: c.Measured,
			Text: fmt.Sprintf("%.0f ended before their time, or were not ended by the side that was to", *c.Measured),
		}
	},
}

func (r Run) heldBroken() *Compared {
	seen := r.Measured("held_broken")
	if !r.Setup.Held() || seen == nil {
		return nil
	}
	return &Compared{Predicted: new(float64), Measured: seen}
}
