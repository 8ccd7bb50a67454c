package page

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/results/live"
)

// recorded is a look at a real host, kept by package diagnose.
func recorded(t *testing.T) *diagnose.Report {
	t.Helper()
	text := filetest.Read(t, "../testdata/recorded.json")
	var s diagnose.Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return diagnose.Conclude(&s, diagnose.Options{Horizon: 10 * time.Minute, Top: 3})
}

// told are the messages that a page gets which is opened at the end.
func told(t *testing.T, h *Host) (kinds []string, last look) {
	t.Helper()
	s := httptest.NewServer(h.Source(live.Look{}).Events)
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		text, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var m struct{ Kind string }
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		kinds = append(kinds, m.Kind)
		if m.Kind == "look" {
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kinds, last
}

// TestALatePageSeesTheLastMinutes: how the ports filled, and of the rest the last look alone,
// however long the watch goes on.
func TestALatePageSeesTheLastMinutes(t *testing.T) {
	began := time.Date(2026, 11, 30, 14, 0, 0, 0, time.UTC)
	h, r := New(began), recorded(t)
	for i := range 1000 {
		h.Look(r, began.Add(time.Duration(i)*time.Second), []string{"a forecast"})
	}
	h.End()
	kinds, last := told(t, h)
	if got := strings.Join(kinds, " "); got != strings.Repeat("ports ", kept-1)+"look done" {
		t.Errorf("%d messages: %.60s … %s", len(kinds), got, got[max(0, len(got)-40):])
	}
	tuples := 0
	for _, n := range r.Namespaces {
		tuples += len(n.Tuples)
	}
	if last.At != "14:16:39" || len(last.Pairs) != tuples || tuples == 0 || len(last.Findings) != len(r.Findings) ||
		len(last.Forecasts) != 1 {
		t.Errorf("the last look is %+v", last)
	}
	for i, p := range last.Pairs {
		if p.ID != i+1 || p.Says == "" || p.State == "" || len(p.Facts) != 4 {
			t.Errorf("a pair is %+v", p)
		}
	}
	if len(h.ids) != tuples {
		t.Errorf("%d pairs are known, of %d", len(h.ids), tuples)
	}
}

// TestRoomIsBounded: what is not shown is counted, and of what is gone nothing is kept.
func TestRoomIsBounded(t *testing.T) {
	h, r := New(time.Now()), &diagnose.Report{Namespaces: []diagnose.NamespaceReport{{Name: "host", Others: 5}}}
	for i := range 100 {
		k := 300 + i
		r.Namespaces[0].Tuples = append(r.Namespaces[0].Tuples,
			diagnose.Tuple{Destination: string(rune('a' + i)), State: diagnose.OK, Tuples: &k})
	}
	h.Look(r, time.Now(), nil)
	if len(h.ids) != most {
		t.Errorf("%d pairs are kept, want %d", len(h.ids), most)
	}
	h.Look(&diagnose.Report{}, time.Now(), nil)
	h.End()
	if _, last := told(t, h); len(h.ids) != 0 || len(last.Pairs) != 0 {
		t.Errorf("of what is gone %v and %v are kept", h.ids, last.Pairs)
	}
}
