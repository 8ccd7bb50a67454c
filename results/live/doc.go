// Package live serves a page of what goes on: of a run under way, what will be done, what is
// done now, the ports as they fill, and the verdicts as they fall.
//
//	events.go  what was told, as server-sent events
//	server.go  the page, its events and its metrics, behind a token (package private)
//	stream.go  what a run tells
//
// Whoever tells never waits for a reader. What was told is kept, so that a page that is
// opened late, or again, begins at the beginning; server-sent events carry it
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), which need no library on
// either side. Samples are put together for a fifth of a second: an eye sees no more, and the
// run has the processors. When the run has ended the page is its report, byte for byte.
package live
