package nginxconf

import (
	"fmt"
	"regexp"
	"strings"
)

// marksRE are what template languages put around their expressions: Jinja, Go,
// ERB, Handlebars.
var marksRE = regexp.MustCompile(`\{\{|\{%|<%|\{#`)

// hintAt says what to do about a text that cannot be parsed at an offset: it may
// be a template, or have come from a page that changed its punctuation. Neither
// is what the error itself names.
func hintAt(t *Tree, offset int) string {
	if strings.Contains(t.Text, "\x00") {
		return "the file is binary, and no configuration"
	}
	line, _ := t.Position(offset)
	for n := 1; n <= line; n++ {
		if mark := marksRE.FindString(code(t, n)); mark != "" {
			return "the file looks like a template (" + mark + "): render it first, or give the output of nginx -T"
		}
	}
	for n := line; n > 0 && n > line-3; n-- {
		if s := pretty(code(t, n)); s != "" {
			return fmt.Sprintf("line %d has %s", n, s)
		}
	}
	return ""
}

// lookalikes are characters of other scripts and of typesetting that look like
// nginx's own.
var lookalikes = map[rune]string{
	'｛': "{", '｝': "}", '；': ";", '“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'",
	'\u00a0': "a space", '\u3000': "a space",
}

// pretty names the first character that only looks like one of nginx's, or "".
func pretty(text string) string {
	for _, c := range text {
		if of, ok := lookalikes[c]; ok {
			return fmt.Sprintf("%q (%U), which is not %s for nginx", c, c, of)
		}
	}
	return ""
}

// code is a line without a comment.
func code(t *Tree, line int) string {
	text, _, _ := strings.Cut(t.LineText(line), "#")
	return text
}

// retype is the fix for a directive that does not end as it should.
func retype(d *Directive, fix string) string {
	for _, w := range d.Words {
		if s := pretty(w.Text); s != "" {
			return "type the punctuation again: there is " + s
		}
	}
	return fix
}
