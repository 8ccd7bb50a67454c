package law

import "strconv"

// A Claim is what a scenario says about one figure of a variant's result,
// beside the verdict, such as "no_live_upstreams > 1000".
type Claim struct {
	Figure string  `json:"figure"`
	Op     string  `json:"op"` // one of < <= = >= >
	Value  float64 `json:"value"`
}

func (c Claim) String() string {
	return c.Figure + " " + c.Op + " " + strconv.FormatFloat(c.Value, 'g', -1, 64)
}

// Holds says whether a measured value is as claimed.
func (c Claim) Holds(v float64) bool {
	switch c.Op {
	case "<":
		return v < c.Value
	case "<=":
		return v <= c.Value
	case ">=":
		return v >= c.Value
	case ">":
		return v > c.Value
	}
	return v == c.Value
}
