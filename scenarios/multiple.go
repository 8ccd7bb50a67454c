package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A variant may say its ports and its rate as multiples of what it is laid
// over, as in rate: 10x. Then it keeps its meaning whatever the size, or --set
// size.rate, makes of the scenario.
var multiples = []string{"ports", "rate"}

var multipleRE = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)x$`)

// multiplied is an overlay with numbers in place of the multiples in it.
func (d *decoder) multiplied(over, base *node) *node {
	for _, key := range multiples {
		n := over.get(key)
		if n == nil || n.kind != scalar || n.quoted {
			continue
		}
		m := multipleRE.FindStringSubmatch(n.text)
		if m == nil {
			continue
		}
		of, ok := quantity(key, base.get(key).value())
		if !ok {
			continue // what it would multiply is a mistake, and reported as one
		}
		times, _ := strconv.ParseFloat(m[1], 64) // the pattern lets nothing else through
		text := strconv.FormatFloat(times*of, 'f', -1, 64)
		if key == "ports" {
			text = rangeOf(math.Round(times * of))
		}
		over = merge(over, &node{kind: mapping, at: over.at, entries: []entry{{key, n.at, &node{kind: scalar, text: text, at: n.at}}}})
	}
	return over
}

// quantity is a number of ports or a rate, as a file writes it.
func quantity(key, text string) (float64, bool) {
	if key == "ports" && text == "default" {
		return defaultHigh - defaultLow + 1, true
	}
	if low, high, isRange := strings.Cut(text, "-"); key == "ports" && isRange {
		l, err1 := strconv.Atoi(low)
		h, err2 := strconv.Atoi(high)
		return float64(h - l + 1), err1 == nil && err2 == nil
	}
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil
}

// rangeOf is a range of so many ports: one that reaches into the kernel's
// default range is written by its ends, as a file would.
func rangeOf(ports float64) string {
	if ports <= maxPorts || ports > highestPort-firstPort+1 {
		return strconv.FormatFloat(ports, 'f', -1, 64)
	}
	return fmt.Sprintf("%d-%.0f", firstPort, firstPort+ports-1)
}

// value is the text of a scalar, and nothing of anything else.
func (n *node) value() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}
