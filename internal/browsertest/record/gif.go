package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"maps"
	"slices"
	"time"
)

// last is how long the last picture, the report, stays.
const last = 6 * time.Second

// animation makes a GIF that runs as fast as the run did. Each picture after the first is
// only as large as what changed, and the colours are the commonest of all pictures.
func animation(frames []frame) ([]byte, error) {
	var pictures []*image.RGBA
	seen := map[color.RGBA]int{}
	for _, f := range frames {
		decoded, err := png.Decode(bytes.NewReader(f.png))
		if err != nil {
			return nil, fmt.Errorf("a picture of the page: %w", err)
		}
		p := image.NewRGBA(decoded.Bounds())
		draw.Draw(p, p.Bounds(), decoded, p.Bounds().Min, draw.Src)
		pictures = append(pictures, p)
		each(p.Bounds(), func(x, y int) { seen[p.RGBAAt(x, y)]++ })
	}
	colours := slices.SortedFunc(maps.Keys(seen), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(number(a), number(b)))
	})
	palette := chosen(colours)
	index := map[color.RGBA]uint8{} // of the nearest colour
	for c := range seen {
		index[c] = uint8(palette.Index(c))
	}
	size := pictures[0].Bounds()
	g := &gif.GIF{Config: image.Config{ColorModel: palette, Width: size.Dx(), Height: size.Dy()}}
	for i, p := range pictures {
		area := p.Bounds()
		if i > 0 {
			area = changed(pictures[i-1], p)
		}
		stays := last
		if i+1 < len(frames) {
			stays = frames[i+1].at - frames[i].at
		}
		hundredths := int(stays / (10 * time.Millisecond))
		if area.Empty() && i > 0 { // the one before stays longer
			g.Delay[len(g.Delay)-1] += hundredths
			continue
		}
		q := image.NewPaletted(area, palette)
		each(area, func(x, y int) { q.SetColorIndex(x, y, index[p.RGBAAt(x, y)]) })
		g.Image = append(g.Image, q)
		g.Delay = append(g.Delay, hundredths)
		g.Disposal = append(g.Disposal, gif.DisposalNone)
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, g)
	return b.Bytes(), err
}

// chosen are 256 of the colours, the commonest first, none of them near another: else the
// edges of black letters would leave no place for a word in green.
func chosen(colours []color.RGBA) (palette color.Palette) {
	const near = 30
	for _, c := range colours {
		alike := func(p color.Color) bool { return distance(p.(color.RGBA), c) < near }
		if len(palette) < 256 && !slices.ContainsFunc(palette, alike) {
			palette = append(palette, c)
		}
	}
	return palette
}

func distance(a, b color.RGBA) int {
	part := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return part(a.R, b.R) + part(a.G, b.G) + part(a.B, b.B)
}

// changed is the smallest rectangle outside of which two pictures are alike.
func changed(a, b *image.RGBA) (area image.Rectangle) {
	each(b.Bounds(), func(x, y int) {
		if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
			area = area.Union(image.Rect(x, y, x+1, y+1))
		}
	})
	return area
}

func each(area image.Rectangle, do func(x, y int)) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			do(x, y)
		}
	}
}

func number(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }
