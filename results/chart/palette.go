package chart

import (
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"maps"
	"slices"
)

// What a PNG with a palette can hold, and how many of its colours are exactly those that were
// drawn. A figure draws some forty, tints included; the rest are edges of letters and lines.
const (
	mostColours  = 256
	exactColours = 128
)

// paletted is the picture with one byte a pixel, which takes a fifth of the time to encode and
// a quarter of the bytes. A picture whose colours are too many and too far apart comes back as
// it is.
func paletted(m *image.RGBA) image.Image {
	counts := map[color.RGBA]int{}
	eachRun(m, func(c color.RGBA, from, to int) { counts[c] += to - from })
	common := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(
			cmp.Compare(counts[b], counts[a]),
			cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B),
		)
	})
	for _, off := range []uint8{0, 4, 8, 16} {
		palette, index := merge(common, off)
		if len(palette) > mostColours {
			continue
		}
		p := image.NewPaletted(m.Rect, palette)
		eachRun(m, func(c color.RGBA, from, to int) {
			at, run := index[c], p.Pix[from:to]
			for i := range run {
				run[i] = at
			}
		})
		return p
	}
	return m
}

// merge puts colours, the most common first, into a palette. One that is at most off from
// another in every channel is that one, unless it is among the most common. It gives up beyond
// mostColours.
func merge(common []color.RGBA, off uint8) (palette color.Palette, index map[color.RGBA]uint8) {
	index = map[color.RGBA]uint8{}
	for i, c := range common {
		at := -1
		if i >= exactColours && off > 0 {
			at = slices.IndexFunc(palette, func(p color.Color) bool { return near(p.(color.RGBA), c, off) })
		}
		if at < 0 {
			if at = len(palette); at > mostColours {
				break
			}
			palette = append(palette, c)
		}
		index[c] = uint8(at)
	}
	return palette, index
}

func near(a, b color.RGBA, off uint8) bool {
	apart := func(a, b uint8) bool { return max(a, b)-min(a, b) > off }
	return !apart(a.R, b.R) && !apart(a.G, b.G) && !apart(a.B, b.B)
}

// eachRun goes through the pixels of a whole picture, those of one colour side by side at once.
func eachRun(m *image.RGBA, of func(c color.RGBA, from, to int)) {
	at := func(i int) uint32 { return binary.BigEndian.Uint32(m.Pix[4*i:]) }
	for from, n := 0, len(m.Pix)/4; from < n; {
		c, to := at(from), from+1
		for to < n && at(to) == c {
			to++
		}
		of(color.RGBA{uint8(c >> 24), uint8(c >> 16), uint8(c >> 8), uint8(c)}, from, to)
		from = to
	}
}
