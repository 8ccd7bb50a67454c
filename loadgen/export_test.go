package loadgen

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/golden"
)

// sample is a small whole result: three of five requests ok.
func sample() *Result {
	r := &Result{
		Record: Record{
			Counts:            Counts{Scheduled: 6, Sent: 5, OK: 3, Failed: 1, Late: 1, Queued: 2, Dropped: 1},
			OKInTime:          3,
			EndedInTime:       4,
			Unfinished:        1,
			ConnectionsOpened: 4,
			PeakConnections:   4,
			BytesReceived:     500,
			BytesSent:         300,
			Causes:            map[string]int64{CauseNoPorts: 1},
			Status:            map[int]int64{200: 2, 204: 1},
			OKBeforeFirst:     map[string]int64{CauseNoPorts: 3},
			StartUTC:          time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC),
			StartNs:           1_000_000_000,
			EndNs:             3_000_000_000,
			DoneNs:            3_100_000_000,
			Connections:       4,
			Loops:             1,
			CPUUser:           Time(100 * time.Microsecond),
			CPUSys:            Time(150 * time.Microsecond),
			OwnLimit:          "the generator itself ran out",
		},
		FirstOf: map[string]int64{CauseNoPorts: 1_500_000_000},
	}
	for _, h := range r.histograms() {
		*h = newHistogram()
	}
	for _, ms := range []int64{1, 2, 3, 40} {
		record(r.Latency, ms*1e6)
		record(r.Service, ms*1e6/2)
		record(r.Lateness, ms*1e3)
	}
	for _, ms := range []int64{1, 2, 3} {
		record(r.LatencyOK, ms*1e6)
	}
	r.judge()
	return r
}

func TestOpenMetrics(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteOpenMetrics(&b); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", "openmetrics.txt"), b.Bytes())
}

func TestReportIsStableAndGivesTheResultBack(t *testing.T) {
	r := sample()
	p, err := r.Report()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", "report.json"), append(b, '\n'))
	q, err := ReadReport(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	back, err := q.Result()
	if err != nil {
		t.Fatal(err)
	}
	r.Record = *p // with what is derived
	same := cmp.Comparer(func(a, b *hdrhistogram.Histogram) bool { return a.Equals(b) })
	if d := cmp.Diff(r, back, same); d != "" {
		t.Errorf("there and back (-want +got):\n%s", d)
	}
	if _, err := ReadReport(strings.NewReader(`{"schema":"other"}`)); err == nil {
		t.Error("another schema is accepted")
	}
	for _, text := range []string{"127", `{"schema": 7}`, "[]"} {
		if _, err := ReadReport(strings.NewReader(text)); err == nil || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: %v, want an error without Go's types", text, err)
		}
	}
}

func TestMergeAddsAndAlignsByStart(t *testing.T) {
	a, b := sample(), sample()
	// The other machine booted later and began 100 ms after the first; its
	// failure came 200 ms after its own start, so 300 ms after the first's.
	b.StartUTC = a.StartUTC.Add(100 * time.Millisecond)
	b.StartNs, b.EndNs, b.DoneNs = 50, 50+2e9, 50+2.5e9
	b.FirstOf = map[string]int64{CauseNoPorts: 50 + 2e8, CauseTimeout: 50 + 1e9}
	b.Causes = map[string]int64{CauseTimeout: 1}
	m, err := Merge(b, a)
	if err != nil {
		t.Fatal(err)
	}
	invariants(t, m)
	if m.Scheduled != 12 || m.OK != 6 || m.Unfinished != 2 || m.Status[200] != 4 || m.Causes[CauseNoPorts] != 1 ||
		m.Causes[CauseTimeout] != 1 {
		t.Errorf("counts: %+v, %v, %v", m.Counts, m.Status, m.Causes)
	}
	if m.Elapsed() != 2100*time.Millisecond || m.DoneNs-m.StartNs != 2.6e9 {
		t.Errorf("elapsed %v, drained after %d ns", m.Elapsed(), m.DoneNs-m.StartNs)
	}
	want := map[string]int64{CauseNoPorts: a.StartNs + 3e8, CauseTimeout: a.StartNs + 1.1e9}
	if d := cmp.Diff(want, m.FirstOf); d != "" {
		t.Errorf("first of (-want +got):\n%s", d)
	}
	if m.Latency.TotalCount() != 8 || m.Latency.Max() != a.Latency.Max() ||
		math.Abs(m.Latency.Mean()-a.Latency.Mean()) > 1 {
		t.Errorf("%d latencies, max %d, mean %f", m.Latency.TotalCount(), m.Latency.Max(), m.Latency.Mean())
	}
	if len(m.OKBeforeFirst) != 0 {
		t.Errorf("ok before first %v: nobody knows", m.OKBeforeFirst)
	}
	b.Mode = Closed
	if _, err := Merge(a, b); err == nil {
		t.Error("results of different modes are added")
	}
}

func TestHlogIsReadBack(t *testing.T) {
	var b bytes.Buffer
	start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	log, err := NewHlog(&b, start)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		h := newHistogram()
		record(h, int64(i+1)*1e6)
		s := Snapshot{Interval: 100 * time.Millisecond, Latency: h}
		if err := log.Interval(&s, start.Add(time.Duration(i+1)*100*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	r := hdrhistogram.NewHistogramLogReader(&b)
	for i := range 3 {
		h, err := r.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("interval %d: %v, %v", i, h, err)
		}
		if h.TotalCount() != 1 || !h.ValuesAreEquivalent(h.Max(), int64(i+1)*1e6) {
			t.Errorf("interval %d: %d values, max %d", i, h.TotalCount(), h.Max())
		}
		if got := h.EndTimeMs() - h.StartTimeMs(); got < 99 || got > 101 { // the reader truncates
			t.Errorf("interval %d is %d ms long", i, got)
		}
	}
}

// TestMergeLeavesOutNoCount: a number of a result is added up, unless it is a
// moment or derived.
func TestMergeLeavesOutNoCount(t *testing.T) {
	apart := []string{
		"Schema", "StartNs", "EndNs", "DoneNs", "ElapsedS", "OfferedPerS", "AchievedPerS", "Mode", "ClosesAfter",
	}
	a, b := sample(), sample()
	for f, v := range reflect.ValueOf(&b.Record).Elem().Fields() {
		if v.CanInt() && !slices.Contains(apart, f.Name) {
			v.SetInt(7)
		}
	}
	m, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	for f, v := range reflect.ValueOf(m.Record).Fields() {
		if was := reflect.ValueOf(a.Record).FieldByIndex(f.Index); v.CanInt() && !slices.Contains(apart, f.Name) &&
			v.Int() != was.Int()+7 {
			t.Errorf("%s: %d and 7 are %d", f.Name, was.Int(), v.Int())
		}
	}
	if m.Counts == a.Counts {
		t.Error("the counts of requests were not added")
	}
}
