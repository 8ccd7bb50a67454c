package diagnose

import (
	"encoding/json"
	"io"
	"math"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
)

// FuzzConclude: of whatever snapshot, a report can be made and printed, whose numbers are
// numbers.
func FuzzConclude(f *testing.F) {
	recorded := filetest.Read(f, "testdata/recorded.json")
	f.Add(recorded)
	f.Add([]byte(`{"kernel":"6.18","namespaces":[{"name":"a","ports":{"low":1,"high":1,"usable":-5},` +
		`"outgoing":[{"local":"[::1]:0","remote":"[::1]:80",` +
		`"states":{"time-wait":-3,"x":9},"remaining_ms":[-1,2147483647]}]}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var s Snapshot
		if json.Unmarshal(doc, &s) != nil {
			return
		}
		r := Conclude(&s, Options{Horizon: time.Minute, Top: 10, Before: &s})
		for _, n := range r.Namespaces {
			for _, x := range n.Tuples {
				if math.IsNaN(x.TimeWaitsPerS) || math.IsInf(x.TimeWaitsPerS, 0) ||
					x.FirstError99S != nil && !(*x.FirstError99S >= 0) {
					t.Errorf("%+v", x)
				}
			}
		}
		if err := r.Write(io.Discard); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}

// FuzzAges: whatever the ages, the rate is one.
func FuzzAges(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 200, 201, 202, 0, 0}, 59.9)
	f.Fuzz(func(t *testing.T, b []byte, span float64) {
		if !(span > 0.01 && span < 1000) {
			return
		}
		var ages []float64
		for _, x := range b {
			ages = append(ages, float64(x)*span/255)
		}
		if a := arrivalsOf(ages, span); !(a.PerS >= 0) || math.IsInf(a.PerS, 0) || math.IsNaN(a.PerSPerS) ||
			!(a.SeenForS >= 0) {
			t.Errorf("%v: %+v", ages, a)
		}
	})
}
