package openmetrics

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzExposition: whatever a label holds, a sample is one line, and reading it back gives
// the label.
func FuzzExposition(f *testing.F) {
	f.Add(`a"b\c`, "line\nline", 1.5)
	f.Add(`\`, "}\" 1\n# EOF\n", math.Inf(1))
	f.Add("\xff\xfe", "\x00\r\u2028", 0.0)
	f.Fuzz(func(t *testing.T, one, two string, v float64) {
		var x Exposition
		x.Family(Family{"m_seconds", Gauge, "seconds", one})
		x.Add(v, "one", one, "two", two)
		lines := strings.Split(string(x.Text()), "\n")
		if len(lines) != 6 || lines[4] != "# EOF" || lines[5] != "" {
			t.Fatalf("%q", lines)
		}
		rest, ok := strings.CutPrefix(lines[3], "m_seconds{one=")
		first, rest := readLabel(t, rest)
		rest, comma := strings.CutPrefix(rest, ",two=")
		second, rest := readLabel(t, rest)
		rest, end := strings.CutPrefix(rest, "} ")
		got, err := strconv.ParseFloat(rest, 64)
		if !ok || !comma || !end || err != nil || got != v && !(math.IsNaN(got) && math.IsNaN(v)) {
			t.Fatalf("%q: %v", lines[3], err)
		}
		if first != strings.ToValidUTF8(one, "\uFFFD") || second != strings.ToValidUTF8(two, "\uFFFD") ||
			!utf8.ValidString(lines[3]) {
			t.Errorf("%q, %q: read back as %q, %q", one, two, first, second)
		}
	})
}

// readLabel reads a quoted label value by the rules of OpenMetrics 1.0, section "ABNF".
func readLabel(t *testing.T, s string) (value, rest string) {
	t.Helper()
	s, quoted := strings.CutPrefix(s, `"`)
	for i := 0; quoted && i < len(s); i++ {
		switch s[i] {
		case '"':
			return value, s[i+1:]
		case '\\':
			i++
			plain, known := map[byte]string{'\\': `\`, '"': `"`, 'n': "\n"}[s[i]]
			if !known {
				t.Fatalf("%q escapes %q", s, s[i])
			}
			value += plain
		default:
			value += s[i : i+1]
		}
	}
	t.Fatalf("%q is no label value", s)
	return "", ""
}
