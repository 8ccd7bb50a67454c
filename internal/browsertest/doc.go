// Package browsertest looks at lab99's pages with a real Chromium: the report, the list of
// runs, a comparison and a run under way. It is a module of its own, as what drives a
// browser is none of the program's business; `make browser` runs it, where a Chromium is.
package browsertest
