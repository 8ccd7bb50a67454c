// Package format writes numbers, shares, times and lists for people: in
// sentences, tables and charts alike. What a machine reads is not its business.
package format

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// NotMeasured stands for a null: nobody looked, which is not 0.
const NotMeasured = "not measured"

type number interface{ ~int | ~int64 | ~float64 }

// Or writes a value, or says otherwise where there is none.
func Or[T any](v *T, write func(T) string, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return write(*v)
}

// Count is a number of things that may not have been counted.
func Count(n *int64) string { return Or(n, Grouped, NotMeasured) }

// Grouped is a whole number with its thousands apart: 28,231.
func Grouped[N number](n N) string {
	s := strconv.FormatFloat(math.Abs(math.Round(float64(n))), 'f', -1, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if math.Round(float64(n)) < 0 {
		s = "-" + s
	}
	return s
}

// Number has four digits, all of a whole number, and three of what is below 1.
// It has no exponent and no trailing zeros.
func Number(x float64) string {
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	whole, digits := int(math.Floor(math.Log10(math.Abs(x))))+1, 4
	if whole <= 0 {
		digits = 3
	}
	s := strconv.FormatFloat(x, 'f', max(0, digits-whole), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Rough has two digits that count, and all of a number above 100.
func Rough(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case x >= 99.5: // with two digits it is 100 already
		return Grouped(x)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// Seconds is a moment in seconds, as exact as it is measured: 28.23 s.
func Seconds(s float64) string { return strconv.FormatFloat(s, 'f', 2, 64) + " s" }

// About is a time in seconds as people say it, with three digits: 4.53 s,
// 28.2 s, 123 s.
func About(s float64) string {
	decimals := 2
	switch {
	case s >= 99.95:
		decimals = 0
	case s >= 9.995:
		decimals = 1
	}
	return strconv.FormatFloat(s, 'f', decimals, 64) + " s"
}

// Span is an interval of two values as text, with their unit once: "0.75 to 1.50 s".
func Span(from, to string) string {
	number, unit, _ := strings.Cut(from, " ")
	if strings.HasSuffix(to, " "+unit) {
		from = number
	}
	return from + " to " + to
}

// Percent is a share. It rounds neither a small share to none nor a large one to
// all.
func Percent(share float64) string {
	switch {
	case share > 0 && share < 0.001:
		return "< 0.1 %"
	case share < 1 && share > 0.999:
		return "> 99.9 %"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
}

// Change is a relative difference with its sign: +0.12 %, -12.3 %.
func Change(relative float64) string {
	if math.Abs(relative) >= 0.09995 {
		return fmt.Sprintf("%+.1f %%", 100*relative)
	}
	return fmt.Sprintf("%+.2f %%", 100*relative)
}

// Plural is a number of things: 1 loop, 28,231 loops, 2 successes.
func Plural[N number](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "s") {
		thing += "e"
	}
	return Grouped(n) + " " + thing + "s"
}

// List joins names as a sentence does: a, b and c.
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// OneLine writes a text of several lines on one.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ByCount are the keys of counts, the largest count first.
func ByCount[K cmp.Ordered](m map[K]int64) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
}
