package law

// slowing follows what of a load the workers do not make once half the range is taken
// (collapse.go): of R connections a second they make w·ConnectCeiling, whether those end in
// TIME_WAIT here, at the other end, or not at all. Before that they make all.
//
// So a table fills as it would, up to half, and from there at the pace of connect(). It may
// fill up all the same, later, or never: the first half comes back T after it was taken.
type slowing struct {
	now        State
	closeShare float64 // f
	half       float64 // tuples, from which on a connection costs more
	most       float64 // connections per second that the workers make then
	step       float64 // seconds
	steps      int     // of T

	share   float64   // of the load, that is made in the last step
	waits   []float64 // TIME_WAITs that have not begun for it, by the end of each step; nil: none is missing so far
	skipped int       // steps before the first of those
	live    float64   // live connections that are missing
}

// missing adds up a step, the i-th, at whose begin so many tuples were taken. waits are
// the TIME_WAITs of the last T that are missing.
func (c *slowing) missing(i int, taken float64) (waits, live float64) {
	t := float64(i) * c.step
	c.share = c.made(t, taken)
	if c.share == 1 && c.waits == nil {
		return 0, 0
	}
	if c.waits == nil {
		c.skipped = i - 1
	}
	less := (1 - c.share) * (c.now.begun(t) - c.now.begun(t-c.step))
	c.live += (1 - c.share) * c.now.LivePerS * c.step
	c.waits = append(c.waits, c.total(i-1)+less)
	return c.total(i) - c.total(i-c.steps), c.live
}

// total is how many TIME_WAITs were missing by the end of a step.
func (c *slowing) total(i int) float64 {
	if i <= c.skipped {
		return 0
	}
	return c.waits[i-c.skipped-1]
}

// made is the share of the load that is made at a moment.
func (c *slowing) made(t, taken float64) float64 {
	if taken < c.half || c.closeShare == 0 { // of connections that leave nothing here the rate is not known
		return 1
	}
	return min(1, c.most/(c.now.rate(t)/c.closeShare+max(0, c.now.LivePerS)))
}
