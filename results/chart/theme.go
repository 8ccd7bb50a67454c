package chart

import (
	"cmp"
	"image/color"
	"slices"
	"strconv"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	pfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Meaning is what a mark in a figure stands for.
type Meaning string

// The meanings that have a colour.
const (
	ok, error99, noLive                          Meaning = "ok", "error 99", "no live upstreams"
	otherError, neverSent                        Meaning = "other errors", "never sent"
	timeWait, established, otherState            Meaning = "time-wait", "established", "other states"
	offered, answered, cpu, backendSide, lawSays Meaning = "offered", "answered", "cpu", "backend", "predicted"
	lawTold, within, tolerated                   Meaning = "law given the outcome", "within its tolerance", "tolerance"
	p50, p99, maximum, neighbour                 Meaning = "p50", "p99", "max", "neighbour"
	intended, serviceTime                        Meaning = "latency", "service time"
	lostShare                                    Meaning = "requests lost"
	limit, ink, muted, grid, paper               Meaning = "limit", "text", "muted", "grid", "paper"
)

// A look is a colour (Okabe and Ito's palette where it carries meaning, greys
// elsewhere), its counterpart on a dark page, and a second channel: dashes for
// lines, a tint below them for what matters most. What is thin needs more
// contrast than what is filled: a colour too light for a line on white has a
// darker edge.
type look struct {
	of          Meaning
	light, dark string
	edge        string // of lines and outlines on white; "": light is dark enough
	width       vg.Length
	dashes      []vg.Length
	tint        float64
}

// theme is the one place where meaning becomes colour. Every light colour and
// every edge is used once, so that a page can exchange them for the dark ones.
func theme() []look {
	long, middle, dots := []vg.Length{6, 2}, []vg.Length{5, 2}, []vg.Length{1.5, 1.5}
	return []look{
		{ok, "#0072B2", "#4FA8E0", "", 1.4, nil, 0.14},
		{error99, "#D55E00", "#FF8A3D", "", 1.4, nil, 0.22},
		{noLive, "#E69F00", "#F5BD41", "#A87400", 1.4, long, 0.18},
		{otherError, "#343434", "#D8D8D8", "", 1.2, dots, 0},
		{neverSent, "#F0E442", "#F0E442", "#857B00", 1.4, []vg.Length{3, 1.5}, 0.35},
		{timeWait, "#56B4E9", "#56B4E9", "#2A86BA", 1.6, nil, 0.25},
		{established, "#009E73", "#2CC79A", "", 1.4, middle, 0},
		{otherState, "#7A7A7A", "#9C9C9C", "", 1.2, dots, 0},
		{offered, "#8A8A8A", "#8F8F8F", "", 1.4, []vg.Length{5, 3}, 0},
		{answered, "#4A4A4A", "#C4C4C4", "", 1.2, dots, 0},
		{cpu, "#595959", "#B8B8B8", "", 1.3, nil, 0.12},
		{backendSide, "#B0B0B0", "#7D838A", "#757575", 1.4, nil, 0},
		{lawSays, "#505050", "#BEBEBE", "", 1.3, nil, 0},
		{lawTold, "#808080", "#949494", "", 1.3, nil, 0},
		{within, "#454545", "#D0D0D0", "", 1.3, nil, 0},
		{tolerated, "#009A70", "#2CC79C", "", 0, nil, 0},
		{p50, "#858585", "#8A8A8A", "", 1.2, nil, 0},
		{p99, "#2B2B2B", "#EDEDED", "", 1.4, nil, 0},
		{maximum, "#6E6E6E", "#ACACAC", "", 1, dots, 0},
		{neighbour, "#CC79A7", "#E59CC6", "", 1.6, []vg.Length{5, 1.5}, 0},
		{intended, "#262626", "#F0F0F0", "", 1.5, nil, 0},
		{serviceTime, "#007A5A", "#2CC79B", "", 1.4, middle, 0},
		{lostShare, "#CF5A00", "#FF8A3E", "", 1.4, nil, 0.6},
		{limit, "#3C3C3C", "#CCCCCC", "", 1.1, []vg.Length{6, 3}, 0},
		{ink, "#1F1F1F", "#E8E8E8", "", 0.8, nil, 0},
		{muted, "#636363", "#A3A8AE", "", 0.6, nil, 0},
		{grid, "#E3E3E3", "#3A3F45", "", 0.6, nil, 0},
		{paper, "#FFFFFF", "#1D2126", "", 0, nil, 0},
	}
}

// look is the look of a meaning; only what is listed may be drawn.
func (m Meaning) look() look {
	all := theme()
	return all[slices.IndexFunc(all, func(l look) bool { return l.of == m })]
}

// Colours maps every colour of an SVG to its counterpart on a dark page, in a
// fixed order: light, dark, light, dark, ...
func Colours() []string {
	var pairs []string
	for _, l := range theme() {
		pairs = append(pairs, l.light, l.dark)
		if l.edge != "" {
			pairs = append(pairs, l.edge, l.dark)
		}
	}
	return pairs
}

// shade is a colour that comes out of vgsvg as it went in. That canvas divides
// by alpha and truncates, which turns #0072B2 into #0071B1; rounding the
// premultiplied value up undoes it.
type shade struct{ r, g, b, a uint32 }

func (s shade) RGBA() (r, g, b, a uint32) {
	up := func(v uint32) uint32 { return min(s.a, (v*s.a+254)/255+1) }
	return up(s.r), up(s.g), up(s.b), s.a
}

func (m Meaning) colour(alpha float64) color.Color { return shaded(m.look().light, alpha) }

func shaded(hex string, alpha float64) color.Color {
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		panic(err) // a typing error in theme, which every test would meet
	}
	return shade{uint32(v >> 16), uint32(v >> 8 & 255), uint32(v & 255), uint32(alpha*0xffff + 0.5)}
}

func (m Meaning) line() draw.LineStyle {
	l := m.look()
	return draw.LineStyle{Color: shaded(cmp.Or(l.edge, l.light), 1), Width: l.width, Dashes: l.dashes}
}

// Sizes of text in points.
const (
	sizeTitle = 15
	sizeHead  = 10.5
	sizeText  = 9
	sizeSmall = 8
)

// write is Liberation Sans, which has Arial's metrics: an SVG looks the same
// where only Arial or Helvetica is installed.
func (m Meaning) write(size vg.Length, bold bool) text.Style {
	f := pfont.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = font.WeightBold
	}
	return text.Style{Color: m.colour(1), Font: f, Handler: plot.DefaultTextHandler}
}
