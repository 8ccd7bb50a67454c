package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// multiples are the keys that a variant may give as multiples of what it is
// laid over, as in rate: 10x. The variant then keeps its meaning at every size
// and with --set size.rate.
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
		of, ok := quantity(key, base.get(key))
		if !ok {
			continue // the value it would multiply is a mistake and is reported as one
		}
		times, _ := strconv.ParseFloat(m[1], 64) // the pattern lets nothing else through
		text := strconv.FormatFloat(times*of, 'f', -1, 64)
		if key == "ports" {
			text = rangeOf(math.Round(times * of))
		}
		value := &node{kind: scalar, text: text, at: n.at}
		over = merge(over, &node{kind: mapping, at: over.at, entries: []entry{{key, n.at, value}}})
	}
	return over
}

// quantity is a number of ports or a rate.
func quantity(key string, n *node) (float64, bool) {
	if key == "ports" {
		var d decoder
		p := readPorts(&d, n, key).(Ports)
		return float64(p.N()), n != nil && len(d.errs) == 0
	}
	x, err := strconv.ParseFloat(n.value(), 64)
	return x, err == nil
}

// rangeOf writes a number of ports. A range that reaches into the kernel's
// default one is written by its ends, as in a file.
func rangeOf(ports float64) string {
	if ports <= maxPorts || ports > highestPort-firstPort+1 {
		return strconv.FormatFloat(ports, 'f', -1, 64)
	}
	return fmt.Sprintf("%d-%.0f", firstPort, firstPort+ports-1)
}

// value is the text of a scalar, and empty for anything else.
func (n *node) value() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}
