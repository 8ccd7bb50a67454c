package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// edit is what differs between two texts of one name.
type edit struct {
	Name  string
	Lines []line
}

// line is a line of a text beside another: ' ' in both, '-' only in the old,
// '+' only in the new, '@' where some that are in both are left out.
type line struct {
	Op   byte
	Text string
}

// Mark is the line as diff(1) writes it.
func (l line) Mark() string {
	if l.Op == '@' {
		return "…"
	}
	return string(l.Op) + l.Text
}

// Class names the line's kind for the style sheet.
func (l line) Class() string {
	return map[byte]string{'+': "add", '-': "del", '@': "gap"}[l.Op]
}

// difference is the lines that differ, with three around each; nil for texts
// that are the same.
func difference(before, after string) []line {
	var lines []line
	for i, text := range unified(before, after) {
		switch {
		case strings.HasPrefix(text, "@@"):
			if i > 0 {
				lines = append(lines, line{Op: '@'})
			}
		default:
			lines = append(lines, line{text[0], text[1:]})
		}
	}
	return lines
}

// whole is the new text with the lines that only the old one has between.
func whole(before, after string) []line {
	var lines []line
	all := strings.Split(strings.TrimSuffix(after, "\n"), "\n")
	next := 0
	upTo := func(n int) {
		for ; next < min(n, len(all)); next++ {
			lines = append(lines, line{' ', all[next]})
		}
	}
	for _, text := range unified(before, after) {
		var oldAt, oldN, newAt, newN int
		if n, _ := fmt.Sscanf(text, "@@ -%d,%d +%d,%d @@", &oldAt, &oldN, &newAt, &newN); n == 4 {
			upTo(newAt - 1)
			continue
		}
		lines = append(lines, line{text[0], text[1:]})
		if text[0] != '-' {
			next++
		}
	}
	upTo(len(all))
	return lines
}

// unified is the body of a unified diff.
func unified(before, after string) []string {
	text := string(diff.Diff("", []byte(before), "", []byte(after)))
	i := strings.Index(text, "\n@@")
	if i < 0 {
		return nil
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSuffix(text[i+1:], "\n"), "\n"), func(l string) bool {
		return l == "" || strings.HasPrefix(l, `\`) // no newline at the end of a file
	})
}
