package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// checked is a line of the table of checks. The verdict names figures as a
// scenario file does; a reader wants them in words, with their units.
type checked struct{ Name, Outcome, Law, Predicted, Measured, Text string }

// figure is a number of the result, in words.
type figure struct{ words, unit string }

// kept are the checks of no law, by their ids.
var kept = map[string]figure{
	"accounts":   {"every request is accounted for", "requests"},
	"log":        {"nginx's log says the same", "requests"},
	"time-waits": {"no more TIME_WAITs alive than counted", "sockets"},
}

// Checked are the checks of a variant, in words.
func (v variant) Checked() []checked {
	var all []checked
	for _, c := range v.Checks {
		all = append(all, inWords(c, v.ProxyName()))
	}
	return all
}

func inWords(c results.Check, proxy string) checked {
	words := checked{
		Name:      c.Name,
		Outcome:   mark(c.OK),
		Law:       c.Law,
		Predicted: format.Or(c.Predicted, format.Number, "–"),
		Measured:  format.Or(c.Measured, format.Number, "–"),
		Text:      c.Text,
	}
	f, known := kept[c.ID]
	if l := law.ByID(c.ID); l != nil {
		f, known = figure{l.InWords(), l.Unit}, true
	}
	f = f.of(proxy)
	if known {
		words.Name, words.Predicted, words.Measured = f.words, f.show(c.Predicted), f.show(c.Measured)
		return words
	}
	claim := strings.Fields(c.Law) // FIGURE OP NUMBER
	if c.ID != "claim" || len(claim) != 3 {
		return words
	}
	said := law.FigureOf(claim[0])
	value, err := strconv.ParseFloat(claim[2], 64)
	if said == nil || err != nil {
		return words
	}
	f = figure{said.Words, said.Unit}.of(proxy)
	bound := f.bound(claim[1], value)
	words.Name, words.Law = f.words, "what the scenario expects"
	words.Predicted, words.Measured = bound, f.show(c.Measured)
	words.Text = f.words + ": " + bound + " expected, " + words.Measured + " measured"
	if c.Measured == nil {
		words.Measured, words.Text = format.NotMeasured, f.words+": "+bound+" expected, not measured"
	}
	return words
}

// of is a figure of a proxy that people call so. No other has nginx's words for what it
// refuses without a try.
func (f figure) of(proxy string) figure {
	if proxy != results.Nginx {
		f.words = strings.NewReplacer(
			"failed by “no live upstreams”", results.RefusedUntried,
			results.Nginx, proxy,
		).Replace(f.words)
	}
	return f
}

// bound words a comparison: a moment is early or late, anything else is much
// or little.
func (f figure) bound(op string, value float64) string {
	ops := []string{">", ">=", "<", "<=", "="}
	forms := []string{"over _", "_ or more", "under _", "at most _", "exactly _"}
	if f.unit == "s" {
		forms = []string{"after _", "after _ or more", "before _", "after _ at most", "at _"}
	}
	i := slices.Index(ops, op)
	if i < 0 {
		return op + " " + f.show(&value)
	}
	return strings.Replace(forms[i], "_", f.show(&value), 1)
}

// show is a number with its unit and no more digits than one reads.
func (f figure) show(x *float64) string {
	switch {
	case x == nil:
		return "–"
	case f.unit == law.Share:
		return strconv.FormatFloat(math.Round(1e4**x)/100, 'f', -1, 64) + " %"
	}
	s := strconv.FormatFloat(math.Round(1000**x)/1000, 'f', -1, 64)
	if math.Abs(*x) >= 1000 || *x == math.Trunc(*x) {
		s = format.Grouped(*x)
	}
	return strings.TrimSpace(s + " " + f.unit)
}
