package chart

import (
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// TestAWaitBeforeTheSendIsTold: it is the distance of the two lines.
func TestAWaitBeforeTheSendIsTold(t *testing.T) {
	for _, f := range figures(t, charttest.Full()) {
		if f.ID != "latency-spectrum" {
			continue
		}
		if !strings.HasPrefix(f.Title,
			"baseline: 67.4 % of the requests never got a reply. 99 % of the replies came within ") ||
			!strings.HasSuffix(f.Title, " of the actual send") {
			t.Errorf("title %s", f.Title)
		}
		long, short := top(f.Rows[0].Panels[0].Series[0]), top(f.Rows[0].Panels[0].Series[1])
		if long < 10*short {
			t.Errorf("latency up to %g ms, service time up to %g ms: the wait is not drawn", long, short)
		}
	}
}

// timed is a variant with so many replies of so many milliseconds.
func timed(t *testing.T, name string, replies int64, ms float64) variant {
	t.Helper()
	h := hdrhistogram.New(1, 60_000_000, 3)
	if err := h.RecordValues(int64(1000*ms), replies); err != nil {
		t.Fatal(err)
	}
	return variant{results.View{Variant: results.Variant{Name: name}, Data: results.VariantData{Latency: h}}}
}

// TestTheSlowestIsNamedIfItIsThat: ties and noise have no slowest.
func TestTheSlowestIsNamedIfItIsThat(t *testing.T) {
	for _, c := range []struct {
		ms   []float64
		want string
	}{
		{[]float64{3004, 3004, 3004}, "99 % of the replies came within 3.0 s"},
		{[]float64{8.7, 8.6}, "99 % of the replies came within 8.6 ms to 8.7 ms, depending on the variant"},
		{[]float64{2, 2.2, 9}, "99 % of the replies took up to 9 ms with c, no more than 2.2 ms with the others"},
		{[]float64{30, 2}, "99 % of the replies took up to 30 ms with a, no more than 2 ms with the other"},
		{[]float64{2.2}, "99 % of the replies came within 2.2 ms"},
	} {
		var vs []variant
		for i, ms := range c.ms {
			vs = append(vs, timed(t, string(rune('a'+i)), 1000, ms))
		}
		if got := spectrumTitle(vs); got != c.want {
			t.Errorf("%v: %q, want %q", c.ms, got, c.want)
		}
	}
}

// TestTheLineEndsWhereTheRepliesDo: of ten requests that were due, three never
// got one, so that nothing is known beyond 70 %.
func TestTheLineEndsWhereTheRepliesDo(t *testing.T) {
	v := timed(t, "a", 700, 5)
	dropped, unfinished := int64(250), int64(50)
	v.Dropped, v.Unfinished = &dropped, &unfinished
	ps := quantilePoints(v.Data.Latency, v.Unanswered())
	if last := ps[len(ps)-1]; last.X != round(1000.0/300) {
		t.Errorf("the line ends at %g, want %g: 70 %%", last.X, 1000.0/300)
	}
	f := spectrum([]variant{v})
	if !strings.HasPrefix(f.Title, "a: 30.0 % of the requests never got a reply. ") ||
		!strings.Contains(f.Subtitle, "beyond the line's end: 30.0 % with a.") {
		t.Errorf("%s\n%s", f.Title, f.Subtitle)
	}
	if whole := quantilePoints(v.Data.Latency, 0); whole[len(whole)-1].X != 700 {
		t.Errorf("with a reply to each it ends at %g, want 700", whole[len(whole)-1].X)
	}
}

// TestFailedRepliesAreToldOf: a 502 comes fast.
func TestFailedRepliesAreToldOf(t *testing.T) {
	v, failed := timed(t, "a", 1000, 1), int64(667)
	v.Failed = &failed
	s := spectrumSubtitle([]variant{v, timed(t, "b", 1000, 1)})
	if !strings.Contains(s, "mostly fast 502s: 66.7 % with a. ") {
		t.Error(s)
	}
}

// TestFailuresAreDrawnApart: fast 502s must not move the median of the replies that people
// wait for.
func TestFailuresAreDrawnApart(t *testing.T) {
	v, failed := timed(t, "a", 1000, 10), int64(3000)
	v.Failed, v.Data.LatencyOK, v.Data.LatencyFailed = &failed, v.Data.Latency, timed(t, "", failed, 1).Data.Latency
	v.Data.Latency = hdrhistogram.Import(v.Data.LatencyOK.Export())
	v.Data.Latency.Merge(v.Data.LatencyFailed)
	if mixed := v.Data.Latency.ValueAtQuantile(50); mixed > 1100 {
		t.Fatalf("mixed, the median is %d µs: this shows nothing", mixed)
	}
	f := spectrum([]variant{v})
	series := f.Rows[0].Panels[0].Series
	if len(series) != 2 || series[0].Points[0].Y < 9.9 || series[1].Name != "latency of failures" ||
		series[1].Points[0].Y > 1.1 {
		t.Errorf("drawn: %+v", series)
	}
	if !strings.HasPrefix(f.Title, "99 % of the successful replies came within 10 ms") ||
		!strings.Contains(f.Subtitle, "orange: of those that failed") {
		t.Errorf("%s\n%s", f.Title, f.Subtitle)
	}
}
