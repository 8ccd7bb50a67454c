package chart

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/results/chart/charttest"
)

// TestWhatWasNeverSentIsLost: a run in which nothing failed, for want of a
// connection to send it on, did not go well.
func TestWhatWasNeverSentIsLost(t *testing.T) {
	run := charttest.Full()
	v := run.Summary.Variant("baseline")
	if *v.Dropped == 0 {
		t.Fatal("the case drops nothing")
	}
	f := figures(t, run)[1]
	if !strings.Contains(f.Title, " requests were never sent (") {
		t.Errorf("title %s", f.Title)
	}
	lost := f.Rows[2].Panels[0]
	seen := false
	for _, s := range lost.Series {
		seen = seen || s.Meaning == neverSent && top(s) > 100
	}
	if !seen || lost.Empty != "" {
		t.Errorf("%s: what was never sent is not drawn (%q)", f.Rows[2].Title, lost.Empty)
	}
}

// TestWhatHadNoReplyIsTold: it has no moment, so that no line can show it.
func TestWhatHadNoReplyIsTold(t *testing.T) {
	run := charttest.Quick()
	run.Summary.Variant("tw-reuse").Unfinished = new(int64(63))
	for _, f := range figures(t, run) {
		if f.ID != "stack-tw-reuse" {
			continue
		}
		if got, want := f.Rows[2].Panels[0].Empty, "no request failed, but 63 had no reply at the end"; got != want {
			t.Errorf("panel %q, want %q", got, want)
		}
		if !strings.HasSuffix(f.Title, "; 63 had no reply") {
			t.Errorf("title %s", f.Title)
		}
		return
	}
	t.Error("no such figure")
}
