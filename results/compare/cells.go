package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lab99/lab99/internal/format"
)

// String is the median with its interval, [low, high], or, for lack of runs,
// with the range of the values, (least … most).
func (v Value) String() string {
	var parts []string
	if v.Median != nil {
		s := format.Number(*v.Median)
		least, most := format.Number(*v.Least), format.Number(*v.Most)
		switch {
		case least == most: // one run, or all alike as far as is shown
		case v.Low != nil && v.High != nil:
			s += fmt.Sprintf(" [%s, %s]", format.Number(*v.Low), format.Number(*v.High))
		default:
			s += fmt.Sprintf(" (%s … %s)", least, most)
		}
		parts = append(parts, s)
	}
	runs := v.N + v.Absent
	switch {
	case v.N > 0 && v.Never > 0:
		parts = append(parts, fmt.Sprintf("none in %d of %d", v.Never, runs))
	case v.Never > 0:
		parts = append(parts, "none")
	}
	if v.Median == nil && v.N > 0 { // in most runs it did not come
		parts = append(parts, fmt.Sprintf("else %s … %s", format.Number(*v.Least), format.Number(*v.Most)))
	}
	switch unknown := v.Absent - v.Never; {
	case unknown == runs:
		parts = append(parts, "not measured")
	case unknown > 0:
		parts = append(parts, fmt.Sprintf("not measured in %d of %d", unknown, runs))
	}
	return strings.Join(parts, ", ")
}

// change is how a side of a metric differs from the base: of a share in
// percentage points, since a percentage of a percentage is misread.
func (m Metric) change(side int, valid bool) string {
	v := m.Sides[side]
	switch {
	case !valid:
		return "invalid"
	case v.Differs == nil:
		return "–"
	case !*v.Differs:
		return "~"
	case m.Unit == "%" && v.Median != nil && m.Sides[0].Median != nil:
		return fmt.Sprintf("%+.1f points", *v.Median-*m.Sides[0].Median)
	case v.Change == nil:
		return "differs"
	}
	return format.Change(*v.Change)
}

// shownP is a p, never rounded to 0.
func shownP(p *float64) string {
	switch {
	case p == nil:
		return ""
	case *p < 0.001:
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", *p)
}

// tally lists verdicts by how many runs came to them.
func tally(verdicts map[string]int) string {
	var parts []string
	for _, word := range slices.Sorted(maps.Keys(verdicts)) {
		if n := verdicts[word]; n > 1 {
			word = fmt.Sprintf("%s ×%d", word, n)
		}
		parts = append(parts, word)
	}
	if len(parts) == 0 {
		return "not planned"
	}
	return strings.Join(parts, ", ")
}

// clip shortens what is long, such as the output of nginx -V; the JSON has it
// whole.
func clip(s string) string {
	const most = 100
	if s == "" {
		return "none"
	}
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "…"
	}
	return s
}
