package compare

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// unlikeConfig says where two configurations differ in effect; "" where they do
// not, or one was not saved.
func unlikeConfig(name, was, is string) string {
	if was == "" || is == "" {
		return ""
	}
	a, b := effective(was), effective(is)
	for i := range max(len(a), len(b)) {
		if line := at(a, i); line != at(b, i) {
			return fmt.Sprintf("%s has %q, not %q", name, at(b, i), line)
		}
	}
	return ""
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// addresses are those of the lab's network, which another subnet changes.
var addresses = regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`)

// effective are the lines of a configuration of nginx or Apache without
// comments and indentation, the lab's addresses by number.
func effective(text string) []string {
	var lines, seen []string
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(uncommented(line)), " ")
		if line == "" {
			continue
		}
		lines = append(lines, addresses.ReplaceAllStringFunc(line, func(a string) string {
			if a == "0.0.0.0" || strings.HasPrefix(a, "127.") {
				return a
			}
			if !slices.Contains(seen, a) {
				seen = append(seen, a)
			}
			return fmt.Sprintf("address-%d", slices.Index(seen, a)+1)
		}))
	}
	return lines
}

// uncommented cuts a line at a # that begins a word outside quotes.
func uncommented(line string) string {
	quote, before := rune(0), ' '
	for i, c := range line {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && strings.ContainsRune(" \t;{}", before):
			return line[:i]
		}
		before = c
	}
	return line
}
