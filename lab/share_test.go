package lab

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/results"
)

func encoded(t *testing.T, values ...int64) []byte {
	t.Helper()
	h := hdr.New(1, int64(time.Hour/time.Microsecond), 3)
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTogether: what two generators did is, to the last count and the last bucket, what one
// that had all of it would have done.
func TestTogether(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var each [2][]int64
	for range 10_000 {
		i := rnd.IntN(2)
		each[i] = append(each[i], 1+rnd.Int64N(1<<rnd.IntN(30)))
	}
	first, later, okFirst, okLater := int64(2_500), int64(2_510), int64(240), int64(260)
	a := &agent.LoadDone{
		Latency:       encoded(t, each[0]...),
		LatencyOK:     encoded(t, each[0][:9]...),
		LatencyFailed: encoded(t, each[0][9:]...),
		Service:       encoded(t, each[0]...),
		Totals: results.Totals{
			StartNs:     1000,
			EndNs:       9000,
			Counts:      results.Counts{Scheduled: 301, Sent: 300, OK: 240, Failed: 58, Dropped: 1},
			Unfinished:  2,
			Causes:      map[string]int64{"connect": 50, "x": 8},
			Errors:      results.Errors{Error99: 50, Other: 8},
			FirstError:  &later,
			OKBefore:    &okFirst,
			LatenessP99: 10,
			Opened:      32,
			CPUSeconds:  0.25,
			StoppedBy:   "error 99",
		},
	}
	b := &agent.LoadDone{
		Latency:       encoded(t, each[1]...),
		LatencyOK:     encoded(t, each[1][:7]...),
		LatencyFailed: encoded(t, each[1][7:]...),
		Service:       encoded(t, each[1]...),
		Totals: results.Totals{
			StartNs:     1005,
			EndNs:       9010,
			Counts:      results.Counts{Scheduled: 310, Sent: 310, OK: 261, Failed: 49},
			Unfinished:  0,
			Causes:      map[string]int64{"connect": 49},
			Errors:      results.Errors{Error99: 49},
			FirstError:  &first,
			OKBefore:    &okLater,
			LatenessP99: 30,
			Opened:      33,
			CPUSeconds:  0.5,
			Bottleneck:  "the target",
		},
	}
	got, err := together([]*agent.LoadDone{a, b})
	if err != nil {
		t.Fatal(err)
	}
	ok := okFirst + okLater
	want := results.Totals{
		StartNs:     1000,
		EndNs:       9010,
		Counts:      results.Counts{Scheduled: 611, Sent: 610, OK: 501, Failed: 107, Dropped: 1},
		Unfinished:  2,
		Causes:      map[string]int64{"connect": 99, "x": 8},
		Errors:      results.Errors{Error99: 99, Other: 8},
		FirstError:  &first,
		OKBefore:    &ok,
		LatenessP99: 30,
		Opened:      65,
		CPUSeconds:  0.75,
		Generators:  2,
		SentBy:      []int64{300, 310},
		StoppedBy:   "error 99",
		Bottleneck:  "the target",
	}
	if diff := cmp.Diff(want, got.Totals); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	whole := encoded(t, append(each[0], each[1]...)...)
	if !bytes.Equal(got.Latency, whole) || !bytes.Equal(got.Service, whole) {
		t.Error("the histograms are not that of all requests")
	}
	good, bad := encoded(t, append(each[0][:9:9], each[1][:7]...)...), encoded(t,
		append(each[0][9:len(each[0]):len(each[0])], each[1][7:]...)...)
	if !bytes.Equal(got.LatencyOK, good) || !bytes.Equal(got.LatencyFailed, bad) {
		t.Error("the histograms of successes and of failures are not those of all requests")
	}
	a.FirstError, a.OKBefore = nil, nil // it has met none: all its successes were before the other's
	if got, err = together([]*agent.LoadDone{a, b}); err != nil || *got.OKBefore != a.OK+okLater {
		t.Errorf("%d successes before the first error, want %d; %v", *got.OKBefore, a.OK+okLater, err)
	}
}

// TestSharedSamples: hosts that are not at the same moment wait for each other, one that
// left an interval out does not lose what was in it, and the sums come to all there was.
func TestSharedSamples(t *testing.T) {
	const every = results.SampleEvery
	s := newShared([]string{"load", "load-2"})
	sample := func(sent int64) results.Load {
		return results.Load{Counts: results.Counts{Sent: sent, OK: sent}, InFlight: sent, Errors: results.Errors{Other: 1}}
	}
	take := func(host string, end time.Duration, sent int64) *results.Load {
		return s.take(host, end, sample(sent), encoded(t, 1000*sent))
	}
	if sum := take("load", every, 10); sum != nil {
		t.Errorf("one of two makes %+v", sum)
	}
	sum := take("load-2", every+5*time.Millisecond, 12)
	if sum == nil || sum.Sent != 22 || sum.InFlight != 22 || sum.Errors.Other != 2 || sum.IntervalS < 0.1 ||
		sum.IntervalS > 0.11 {
		t.Fatalf("%+v", sum)
	}
	if *sum.MaxMs < 11.9 || *sum.MaxMs > 12.1 || *sum.P50ms > 10.1 {
		t.Errorf("p50 %g ms, at most %g ms; want 10 and 12", *sum.P50ms, *sum.MaxMs)
	}
	take("load", 2*every, 10)
	if sum := take("load-2", 3*every, 24); sum != nil { // it was held up, and this is of two
		t.Errorf("they are not at the same moment: %+v", sum)
	}
	if sum := take("load", 3*every+time.Millisecond, 10); sum == nil || sum.Sent != 44 || sum.InFlight != 34 ||
		sum.IntervalS < 0.19 {
		t.Errorf("%+v, want the 44 of two intervals", sum)
	}
	take("load", 4*every, 7)
	if sum := s.whole(s.latest); sum.Sent != 7 {
		t.Errorf("%+v is left, want 7", sum)
	}
}
