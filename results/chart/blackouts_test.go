package chart

import (
	"math"
	"slices"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// kinds are the variants of the run of several kinds.
func kinds() []variant { return variants(charttest.Kinds()) }

// share is what a strip has of a meaning at a moment, in percent.
func share(v *variant, m Meaning, at float64) float64 {
	all := v.parts(0.1)
	i := slices.IndexFunc(all, func(s Series) bool { return s.Meaning == m })
	if i < 0 {
		return 0
	}
	for _, p := range all[i].Points {
		if math.Abs(p.X-at) < 0.01 {
			return p.Y
		}
	}
	return math.NaN()
}

// TestStripsTellFailuresApart: the generator took all of them for error 99.
func TestStripsTellFailuresApart(t *testing.T) {
	v := &kinds()[0]
	for _, c := range []struct {
		of   Meaning
		at   float64
		want float64
	}{{ok, 1, 100}, {error99, 2.5, 5}, {noLive, 2.5, 95}, {noLive, 4, 100}, {error99, 4, 0}, {ok, 6, 100}} {
		if got := share(v, c.of, c.at); math.Abs(got-c.want) > 0.1 {
			t.Errorf("%s at %g s: %g %%, want %g %%", c.of, c.at, got, c.want)
		}
	}
}

// TestTheLogSaysWhatAReplyDoesNot: in TCP mode there is no reply, and the log has four lines
// for each request.
func TestTheLogSaysWhatAReplyDoesNot(t *testing.T) {
	run := charttest.Kinds()
	data := &run.Variants[1]
	var lines int64
	for i := range data.Samples {
		switch s := &data.Samples[i]; {
		case s.Load != nil:
			lines += 4 * s.Load.Errors.Error99
			s.Load.Errors = results.Errors{Other: s.Load.Errors.Error99}
		case s.Host == results.HostProxy && s.Net != nil:
			s.Net.Log = &results.Errors{Error99: lines}
		}
	}
	v := &variants(run)[1]
	if got := share(v, error99, 4); math.Abs(got-100) > 0.1 {
		t.Errorf("%g %% by error 99, want all", got)
	}
	sum := 0.0
	v.failures(func(_, _ float64, c causes) { sum += c.error99 })
	if want := float64(v.Errors.Error99); math.Abs(sum-want) > 0.05*want {
		t.Errorf("%g failures by error 99, and the judge has %g", sum, want)
	}
	if v.faultWindow() == nil {
		t.Error("no fault is shaded")
	}
}

// TestBlackoutsAreMarked where the law has them, and only there.
func TestBlackoutsAreMarked(t *testing.T) {
	f := blackouts(kinds())
	for i, want := range []int{2, 1, 0} {
		if got := len(f.Rows[i].Panels[0].Marks); got != want {
			t.Errorf("%s: %d marks, want %d", f.Rows[i].Panels[0].Variant, got, want)
		}
	}
	if m := f.Rows[0].Panels[0].Marks; m[0].X != 2.5 || m[1].X != 5.5 {
		t.Errorf("marks %v, want the first error 99 at 2.5 s and the end of the blackout at 5.5 s", m)
	}
	const want = "After the first error 99 with varnish everything fails for 3.00 s, " +
		"and with haproxy-tcp to the end of the load"
	if f.Title != want {
		t.Errorf("title %q, want %q", f.Title, want)
	}
}

// TestOneKindThatTriesHasNoStrips: they would say what other figures say.
func TestOneKindThatTriesHasNoStrips(t *testing.T) {
	run := charttest.Quick()
	if f := blackouts(variants(run)); f != nil {
		t.Errorf("there is %q", f.Title)
	}
	run.Summary.Variants[0].Errors.NoLiveUpstreams = 7
	if blackouts(variants(run)) == nil {
		t.Error("requests failed without a try, and there is no strip")
	}
}
