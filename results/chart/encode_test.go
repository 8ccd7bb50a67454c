package chart

import (
	"bytes"
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
	element := regexp.MustCompile(`<text textLength="([0-9.]+)" lengthAdjust="spacingAndGlyphs" [^>]*font-weight:(\w+);[^>]*font-size:([0-9.]+)px[^>]*>([^<]+)</text>`)
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
				var b bytes.Buffer
				if _, err := f.Draw(&b, phone); err != nil {
					t.Fatal(err)
				}
				all := element.FindAllStringSubmatch(b.String(), -1)
				if n := strings.Count(b.String(), "<text"); len(all) != n || n < 10 {
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
