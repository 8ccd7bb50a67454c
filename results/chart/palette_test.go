package chart

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/lab99/lab99/results/chart/charttest"
)

// TestAPNGShowsWhatWasDrawn: its few colours are those of the figure, and what lies between
// them, the edges of letters and lines, is off by no more than an eye can see.
func TestAPNGShowsWhatWasDrawn(t *testing.T) {
	t.Parallel()
	for _, f := range figures(t, charttest.Quick()) {
		want := f.pixels().(*image.RGBA)
		var b bytes.Buffer
		if err := f.WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := m.(*image.Paletted)
		if !ok || got.Bounds() != want.Bounds() {
			t.Fatalf("%s: a %T of %v, want one with a palette, of %v", f.ID, m, m.Bounds(), want.Bounds())
		}
		exact := 0
		for i, at := range got.Pix {
			is, was := got.Palette[at].(color.RGBA), want.RGBAAt(i%want.Rect.Dx(), i/want.Rect.Dx())
			if is == was {
				exact++
			} else if !near(is, was, 16) {
				t.Fatalf("%s: pixel %d is %v, was drawn as %v", f.ID, i, is, was)
			}
		}
		if share := float64(exact) / float64(len(got.Pix)); share < 0.98 { // edges are the rest
			t.Errorf("%s: %.1f %% of the pixels are exactly as drawn", f.ID, 100*share)
		}
	}
}

// TestAPaletteKeepsWhatIsNoEdge: a tint that is nearly white is none of the white's, and a
// picture of noise stays as it is.
func TestAPaletteKeepsWhatIsNoEdge(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	tint := color.RGBA{250, 252, 254, 255}
	for x := range 64 {
		m.SetRGBA(x, 7, tint)
	}
	for i := range 300 { // edges from black to white, and some
		m.SetRGBA(i%64, 20+i/64, color.RGBA{uint8(i), uint8(i), uint8(i / 2), 255})
	}
	p, ok := paletted(m).(*image.Paletted)
	if !ok || len(p.Palette) > mostColours {
		t.Fatalf("%T", p)
	}
	if p.At(3, 7) != tint || p.At(3, 8) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("the tint is %v, the white beside it %v", p.At(3, 7), p.At(3, 8))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = uint8(rnd.Uint32()) | uint8(i%4/3*255)
	}
	if p := paletted(m); p != image.Image(m) {
		t.Errorf("noise is made a %T", p)
	}
}
