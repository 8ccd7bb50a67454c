package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Measures of the terminal in pixels.
const (
	letter, line, edge = 7.23, 17, 14 // of a monospaced font of 12 px
	columns            = 150
	rows               = 26 // of lines at once; what came before scrolls away
)

// terminal is what was said as an SVG in which every line appears at its time, and the
// lines move up when there is no more room. Where nothing moves, for readers who do not
// like it or on paper, the last lines are there.
func terminal(lines []said) []byte {
	shown := []said{{0, "$ " + strings.Join(words, " ")}}
	for _, l := range lines {
		for text := []rune(strings.TrimRight(l.text, " ")); ; text = text[columns:] {
			if len(text) <= columns {
				shown = append(shown, said{l.at, string(text)})
				break
			}
			shown = append(shown, said{l.at, string(text[:columns])})
		}
	}
	most := 0
	for _, l := range shown {
		most = max(most, utf8.RuneCountInString(l.text))
	}
	up := func(n int) int { return -line * max(0, n-rows) } // with n lines said
	w, h := 2*edge+letter*float64(most), 2*edge+line*min(rows, len(shown))
	end := shown[len(shown)-1].at
	var b bytes.Buffer
	fmt.Fprintf(&b,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %[1]f %[2]d" role="img">
<title>%s, as the terminal showed it</title>
<style>
text{font:12px ui-monospace,"Liberation Mono",Menlo,Consolas,monospace;fill:#d8dee4;white-space:pre}
.you{fill:#7ee0b0}.bad{fill:#ff8a3d}.good{fill:#2cc79a}
#said{transform:translateY(%dpx)}
@media (prefers-reduced-motion:no-preference){text{animation:say 1ms both}#said{animation:up %.2fs step-end both}}
@keyframes say{from{opacity:0}to{opacity:1}}
@keyframes up{from{transform:none}`, w, h, strings.Join(words, " "), up(len(shown)), end.Seconds())
	for i, l := range shown {
		if i >= rows {
			fmt.Fprintf(&b, "%.3f%%{transform:translateY(%dpx)}", 100*l.at.Seconds()/end.Seconds(), up(i+1))
		}
	}
	fmt.Fprintf(&b, `}
</style>
<clipPath id="window"><rect x="0" y="%d" width="100%%" height="%d"/></clipPath>
<rect width="100%%" height="100%%" rx="8" fill="#131619"/>
<g clip-path="url(#window)"><g id="said">
`, edge, h-2*edge+2)
	for i, l := range shown {
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s style="animation-delay:%.2fs">`,
			edge, edge+line*i+12, class(l.text), l.at.Seconds())
		_ = xml.EscapeText(&b, []byte(l.text)) // into a buffer
		b.WriteString("</text>\n")
	}
	b.WriteString("</g></g>\n</svg>\n")
	return b.Bytes()
}

// class is the colour of a line by the verdict in it.
func class(text string) string {
	switch {
	case strings.HasPrefix(text, "$ "):
		return ` class="you"`
	case strings.Contains(text, ": reproduced:"), strings.Contains(text, ": postponed:"):
		return ` class="bad"`
	case strings.Contains(text, ": mitigated:"):
		return ` class="good"`
	}
	return ""
}
