package chart

import (
	"fmt"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

// TestEveryTextHasTheWidthItWasLaidOutWith: else a browser with other fonts
// lets labels run into each other.
func TestEveryTextHasTheWidthItWasLaidOutWith(t *testing.T) {
	t.Parallel()
	element := regexp.MustCompile(`<text textLength="([0-9.]+)" lengthAdjust="spacingAndGlyphs" ` +
		`[^>]*font-weight:(\w+);[^>]*font-size:([0-9.]+)px[^>]*>([^<]+)</text>`)
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, run := range runs() {
		for _, f := range figures(t, run) {
			for _, phone := range []bool{false, true} {
				d, err := f.Draw(phone)
				if err != nil {
					t.Fatal(err)
				}
				all := element.FindAllStringSubmatch(d.Body, -1)
				if n := strings.Count(d.Body, "<text"); len(all) != n || n < 10 {
					t.Errorf("%s %s: %d of %d texts have a width and words", name, f.ID, len(all), n)
				}
				for _, m := range all {
					want := ink.write(vg.Length(number(m[3])), m[2] == "bold").Width(html.UnescapeString(m[4]))
					if got := number(m[1]); math.Abs(got-float64(want)) > 0.06 {
						t.Errorf("%s %s: %q is given %g, laid out with %g", name, f.ID, m[4], got, float64(want))
					}
				}
			}
		}
	}
}

// TestTextsThatAreWrittenAnotherWayAreSeen: a new version of the library must
// not leave titles without a width.
func TestTextsThatAreWrittenAnotherWayAreSeen(t *testing.T) {
	const text = "<text x=\"1\" y=\"2\"\n" +
		"\tstyle=\"font-family:Liberation " +
		"Sans;font-variant:normal;font-weight:bold;font-style:normal;font-size:9px\">%s</text>\n"
	for svg, want := range map[string]int{
		fmt.Sprintf(text, "a") + fmt.Sprintf(text, "&lt;"): 2,
		fmt.Sprintf(text, " "):                             1,
		strings.Replace(text, "font-weight:bold;", "", 1):  0,
		strings.Replace(text, "Liberation", "Another", 1):  0,
	} {
		if out, n := fitted(svg); n != want {
			t.Errorf("%d texts, want %d, of\n%s", n, want, out)
		}
	}
}
