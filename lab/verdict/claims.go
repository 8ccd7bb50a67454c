package verdict

import (
	"fmt"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// claims looks at what the scenario says about figures of the result.
func (m *Measured) claims(v *results.Variant) []results.Check {
	var list []results.Check
	for _, claim := range m.Plan.Claims {
		c := results.Check{ID: "claim", Name: "claim", Law: claim.String()}
		got := m.figure(v, claim.Figure)
		if got == nil {
			c.Text = claim.Figure + " was not measured"
		} else {
			ok := claim.Holds(*got)
			c.OK, c.Predicted, c.Measured = &ok, &claim.Value, got
			c.Text = fmt.Sprintf("claimed %s, measured %.4g", claim, *got)
		}
		list = append(list, c)
	}
	return list
}

// figure is a figure of the result by its name; nil if it was not measured.
func (m *Measured) figure(v *results.Variant, name string) *float64 {
	if f := law.FigureOf(name); f != nil {
		return f.Of(row{m, v})
	}
	return m.between(v, name)
}

// between is a figure that passes between the judge and the laws only: no claim can name it.
func (m *Measured) between(v *results.Variant, name string) *float64 {
	switch name {
	case "ok_before_error_99":
		return row{m, v}.Field(name)
	case "lost_share":
		if failed, of := m.lost(); of > 0 {
			share := failed / of
			return &share
		}
	case "lost_of":
		_, of := m.lost()
		return &of
	}
	return nil
}
