package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readable is WCAG 2.2's 4.5:1 for text, with a margin for screens that are
// none of the best.
const readable = 4.75

// TestTextCanBeRead: every colour of text on every ground of the page, light
// and dark, whether or not the two meet today.
func TestTextCanBeRead(t *testing.T) {
	texts, grounds := []string{"ink", "muted", "accent", "bad", "good", "warn"}, []string{"page", "card", "note", "add", "del"}
	for scheme, is := range schemes(t, pageStyle) {
		for _, text := range texts {
			for _, ground := range grounds {
				if c := contrast(t, is[text], is[ground]); c < readable {
					t.Errorf("%s: %s on %s has %.2f:1", scheme, text, ground, c)
				}
			}
		}
	}
	for _, use := range regexp.MustCompile(`[;{ ](color|background):([^;}]+)`).FindAllStringSubmatch(pageStyle, -1) {
		known := append(texts, "inherit", "#fff")
		if use[1] == "background" {
			known = append(grounds, "#fff") // a printed page
		}
		if name := strings.TrimSuffix(strings.TrimPrefix(use[2], "var(--"), ")"); !slices.Contains(known, name) {
			t.Errorf("%s: this test does not know it", use[0])
		}
	}
}

// TestFiguresCanBeRead: the same for the words in the figures, on their paper.
func TestFiguresCanBeRead(t *testing.T) {
	html, _ := pagesOf(t, "quick")
	for scheme, is := range schemes(t, themeStyle()) {
		paper := is[fmt.Sprintf("c%d", len(is)-1)]
		words := regexp.MustCompile(`<text[^>]*fill:var\(--(c\d+)\)`).FindAllStringSubmatch(html, -1)
		if len(words) < 100 {
			t.Fatalf("%d words in the figures", len(words))
		}
		for _, text := range words {
			if c := contrast(t, is[text[1]], paper); c < readable {
				t.Fatalf("%s: words in %s have %.2f:1", scheme, text[1], c)
			}
		}
	}
}

// schemes are the custom properties of the style: light ones, and dark ones.
func schemes(t *testing.T, style string) map[string]map[string]string {
	t.Helper()
	roots := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(style, -1)
	if len(roots) != 2 {
		t.Fatalf("%d sets of colours, want light and dark", len(roots))
	}
	all := map[string]map[string]string{}
	for i, scheme := range []string{"light", "dark"} {
		all[scheme] = map[string]string{}
		for _, p := range regexp.MustCompile(`--(\w+):(#\w+)`).FindAllStringSubmatch(roots[i][1], -1) {
			all[scheme][p[1]] = p[2]
		}
	}
	return all
}

// contrast is that of WCAG 2.2: the ratio of relative luminances.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 24+1)
	if err != nil || len(hex) != 6 {
		t.Fatalf("%q is no colour", colour)
	}
	linear := func(v uint64) float64 {
		c := float64(v&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want string
	}{{"#000", "#fff", "21.00"}, {"#777777", "#fff", "4.48"}, {"#b34e00", "#fdeade", "4.49"}} {
		if got := fmt.Sprintf("%.2f", contrast(t, c.a, c.b)); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}
