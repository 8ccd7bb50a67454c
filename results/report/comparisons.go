package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

// comparison is a line of the table of what was predicted and what came: the judge's, as
// cells, and the variant that it is of.
type comparison struct {
	Variant string
	results.Comparison
}

// Comparisons are those of all variants. Runs of before the judge kept them
// have none; the figure has the most important ones in any case.
func (p *page) Comparisons() []comparison {
	var all []comparison
	for _, v := range p.Variants {
		for _, c := range v.Comparisons {
			all = append(all, comparison{v.Name, c})
		}
	}
	return all
}

// Deviations are the findings among them, in words: what lay beyond its
// tolerance, and which assumption of the laws the run broke.
func (p *page) Deviations() []string {
	var all []string
	for _, c := range p.Comparisons() {
		if c.Broken != nil {
			all = append(all, fmt.Sprintf("%s, %s: %s.", c.Variant, c.Quantity, c.Text))
		}
	}
	return all
}

// Law is the prediction, Seen the measurement.
func (c comparison) Law() string  { return chart.Foretold(c.Comparison) }
func (c comparison) Seen() string { return chart.Amount(c.Measured, c.Unit) }

// Error is how far the measurement lies from the law, relative to the law.
func (c comparison) Error() string {
	if c.RelativeError == nil {
		return "–"
	}
	return format.Change(*c.RelativeError)
}

// Within is the tolerance.
func (c comparison) Within() string {
	switch {
	case c.Predicted == nil:
		return "none may come"
	case c.Unit == law.Share:
		return "± " + strconv.FormatFloat(100*c.Tolerance, 'f', 2, 64) + " points"
	case c.Unit == "s" && c.Tolerance < 1:
		return "± " + strconv.FormatFloat(math.Round(1000*c.Tolerance), 'f', -1, 64) + " ms"
	}
	if c.Unit != "" && c.Unit != "s" { // things are counted
		return "± " + format.Grouped(math.Round(c.Tolerance))
	}
	t := math.Round(100*c.Tolerance) / 100
	return "± " + chart.Amount(&t, c.Unit)
}

// Mark is the outcome as a sign and a word.
func (c comparison) Mark() string { return mark(&c.OK) }

// Assumption is what broke, if anything did.
func (c comparison) Assumption() string {
	if c.Broken == nil {
		return "–"
	}
	return *c.Broken
}
