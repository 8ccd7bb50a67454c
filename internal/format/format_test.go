package format

import (
	"math"
	"strings"
	"testing"
)

func each[T comparable](t *testing.T, name string, write func(T) string, cases map[T]string) {
	t.Helper()
	for x, want := range cases {
		if got := write(x); got != want {
			t.Errorf("%s(%v) = %q, want %q", name, x, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	each(t, "Grouped", Grouped[float64], map[float64]string{
		0:       "0",
		999:     "999",
		1000:    "1,000",
		28231:   "28,231",
		1234567: "1,234,567",
		-1500:   "-1,500",
		-100:    "-100",
		-0.4:    "0",
	})
	each(t, "Number", Number, map[float64]string{
		0:        "0",
		1:        "1",
		28232:    "28232",
		1.00312:  "1.003",
		12.2884:  "12.29",
		4567.8:   "4568",
		0.2513:   "0.251",
		0.0035:   "0.0035",
		0.000412: "0.000412",
		99.996:   "100",
		-2.5:     "-2.5",
	})
	each(t, "Rough", Rough, map[float64]string{
		0.123:        "0.12",
		3.55:         "3.5",
		99:           "99",
		99.6:         "100",
		1234:         "1,234",
		math.Inf(-1): "-Inf",
	})
	if got := Rough(math.NaN()); got != "–" {
		t.Errorf("not a number is %q", got)
	}
	if n := int64(1234); Count(&n) != "1,234" || Count(nil) != NotMeasured {
		t.Errorf("%q, %q", Count(&n), Count(nil))
	}
}

func TestTimes(t *testing.T) {
	each(t, "Seconds", Seconds, map[float64]string{0: "0.00 s", 4.706: "4.71 s", 121.899: "121.90 s"})
	each(t, "About", About, map[float64]string{
		0:      "0.00 s",
		4.706:  "4.71 s",
		9.994:  "9.99 s",
		9.996:  "10.0 s",
		28.231: "28.2 s",
		99.94:  "99.9 s",
		99.96:  "100 s",
		121.9:  "122 s",
	})
}

func TestShares(t *testing.T) {
	each(t, "Percent", Percent, map[float64]string{
		0:       "0.0 %",
		0.00001: "< 0.1 %",
		0.5:     "50.0 %",
		0.99999: "> 99.9 %",
		1:       "100.0 %",
	})
	each(t, "Change", Change, map[float64]string{
		0:        "+0.00 %",
		0.00123:  "+0.12 %",
		-0.0999:  "-9.99 %",
		-0.09999: "-10.0 %",
		1.5:      "+150.0 %",
	})
}

func TestWords(t *testing.T) {
	each(t, "Plural", func(n int) string { return Plural(n, "loop") },
		map[int]string{0: "0 loops", 1: "1 loop", 28231: "28,231 loops"})
	each(t, "Plural", func(n int) string { return Plural(n, "success") }, map[int]string{1: "1 success", 2: "2 successes"})
	each(t, "List", func(n int) string { return List([]string{"a", "b", "c"}[:n]) },
		map[int]string{0: "", 1: "a", 2: "a and b", 3: "a, b and c"})
	each(t, "OneLine", OneLine, map[string]string{"": "", " a\n  b\t": "a b"})
}

func TestSpan(t *testing.T) {
	for want, ends := range map[string][2]string{
		"0.75 to 1.50 s": {"0.75 s", "1.50 s"}, "120 to 240": {"120", "240"}, "500 ms to 1.5 s": {"500 ms", "1.5 s"},
	} {
		if got := Span(ends[0], ends[1]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"nginx\n":                 "nginx",
		"a\x1b[31m\tb\nc":         "a?[31m b c",
		"txt.\u202efdp":           "txt.?fdp",
		"\xff":                    "?",
		strings.Repeat("ä", 1000): strings.Repeat("ä", 63) + "…",
	} {
		if got := Name(name); got != want {
			t.Errorf("%q is written %q, want %q", name, got, want)
		}
	}
}
