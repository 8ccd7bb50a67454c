package chart

import "gonum.org/v1/plot/vg"

// label is where the words of a mark go: the left edge, and the lane, counted
// upwards from the panel.
type label struct {
	x    vg.Length
	lane int
}

// arrange finds a place for the label of every mark at xs such that no label
// covers another or is crossed by another's line, in as few lanes as that
// takes, to the right of the line where possible. There are four marks at most,
// so it simply tries everything.
func arrange(xs, widths []vg.Length, left, right vg.Length) (best []label, lanes int) {
	n := len(xs)
	choices := 2 * n // a side and a lane for each
	combos := 1
	for range n {
		combos *= choices
	}
	lowest := -1
	for c := range combos {
		try := make([]label, n)
		cost, used := 0, 0
		for i, rest := 0, c; i < n; i, rest = i+1, rest/choices {
			l := label{x: xs[i], lane: rest % choices / 2}
			if rest%2 == 1 {
				l.x -= widths[i]
				cost++
			}
			if l.x < left || l.x+widths[i] > right {
				cost += 500
			}
			try[i], used = l, max(used, l.lane+1)
		}
		cost += 10 * used
		for i, a := range try {
			for j, b := range try {
				inside := xs[i] > b.x && xs[i] < b.x+widths[j]
				over := a.x < b.x+widths[j] && b.x < a.x+widths[i]
				if i != j && (a.lane == b.lane && over || a.lane > b.lane && inside) {
					cost += 1000
				}
			}
		}
		if lowest < 0 || cost < lowest {
			best, lanes, lowest = try, used, cost
		}
	}
	return best, lanes
}
