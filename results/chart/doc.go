// Package chart draws a run: what the sockets did, what the requests got, and
// where the predicted numbers lie beside the measured ones.
//
// It works in two steps. [Figures] turns a [results.Run] into a model (series,
// scales, marks, words) that tests compare without a pixel; the Write methods
// draw that model with gonum/plot. Both are pure functions of the run: no
// clock, no map order, so that a figure made again is the same bytes.
//
// The rules of the drawing: a title states the finding; colour follows meaning
// (theme.go), never the order of series, and has a dash pattern or a direct
// label beside it; counts and rates start at 0, only latency is on a log
// scale; no line is drawn across a gap in the data; scales along a row are
// the same; what is thin has 3 to 1 against the page; an SVG's text keeps the
// width it was laid out with, whatever the font; every figure carries its
// provenance, and one that would say nothing is not made.
//
// Neighbours: package results reads the run, package report puts the figures
// on a page.
package chart
