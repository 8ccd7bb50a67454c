package verdict

import (
	"reflect"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// fill puts another number into each number of a value.
func fill(v reflect.Value, next *int64) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case v.CanInt():
		v.SetInt(*next)
		*next++
	case v.CanFloat():
		v.SetFloat(float64(*next))
		*next++
	}
}

// TestEveryFigureIsRead: the path of a figure leads to a number where all was measured, and to
// nothing where nothing was. No two figures are of the same number.
func TestEveryFigureIsRead(t *testing.T) {
	var v results.Variant
	next := int64(1)
	fill(reflect.ValueOf(&v).Elem(), &next)
	*v.Sent = 1000 // more than there are failures
	all := Measured{Proxy: &results.Net{Counters: map[string]int64{
		"time_wait_recycled": next,
		"time_wait_overflow": next + 1,
	}}}
	read := map[float64]string{}
	for _, name := range law.FigureNames() {
		got := all.figure(&v, name)
		if got == nil {
			t.Errorf("%s was not measured", name)
			continue
		}
		if other := read[*got]; other != "" {
			t.Errorf("%s and %s are both read as %g", name, other, *got)
		}
		read[*got] = name
		if got := new(Measured).figure(&results.Variant{}, name); got != nil {
			t.Errorf("%s of nothing is %g", name, *got)
		}
	}
}

// TestFiguresOfARow: what is read for each name.
func TestFiguresOfARow(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	x := func(x float64) *float64 { return &x }
	v := results.Variant{
		OptionalCounts: results.OptionalCounts{Sent: n(1000), OK: n(600), Failed: n(400), Dropped: n(7)},
		Errors:         &results.Errors{Error99: 160, NoLiveUpstreams: 230, Other: 10},
		NginxLog:       &results.Errors{Error99: 320, NoLiveUpstreams: 231, Other: 11},
		Connect99:      n(480),
		FirstError:     x(2.5),
		OKBefore:       n(500),
		CollapseS:      x(1.5),
		RecoveredS:     x(62),
		BlackoutS:      x(10),
		NewConns:       n(305),
		CloseShare:     x(0.9),
		RhoSteady:      x(1.2),
		Ports:          results.Ports{Usable: n(501), PeakUsed: n(499)},
		TimeWait:       results.TimeWait{ProxyPeak: n(498), BackendPeak: n(2)},
		Latency:        &results.Latency{P50: 1, P99: 3, Max: 4},
		Neighbour:      &results.NeighbourMs{P50: 5, Max: 6},
		Held:           &results.Held{Peak: 200, Broken: 3, Overdue: 4, Cut: 9},
		Bystander: &results.BystanderTries{Backend: results.Tries{Tried: 9, Failed: 8}, Elsewhere: results.Tries{Tried: 9, Failed: 1},
			Bind: results.Tries{Tried: 9, Failed: 5}},
	}
	m := Measured{Proxy: &results.Net{Counters: map[string]int64{"time_wait_recycled": 21, "time_wait_overflow": 22}}}
	for name, want := range map[string]float64{
		"ok":                         600,
		"failed":                     400,
		"failed_share":               0.4,
		"dropped":                    7,
		"error_99":                   160,
		"no_live_upstreams":          230,
		"other_failures":             10,
		"log_error_99":               320,
		"log_no_live_upstreams":      231,
		"log_other":                  11,
		"first_error_99_s":           2.5,
		"new_connections":            305,
		"connections_per_request":    0.5, // of the 610 that were taken to the backend
		"close_share":                0.9,
		"rho":                        1.2,
		"time_wait_proxy":            498,
		"time_wait_backend":          2,
		"ports_peak":                 499,
		"neighbour_max_ms":           6,
		"p99_ms":                     3,
		"tw_recycled":                21,
		"tw_overflow":                22,
		"collapse_s":                 1.5,
		"recovered_s":                62,
		"log_lines_per_failure":      2,
		"tries_per_failure":          3,
		"connect_error_99":           480,
		"blackout_s":                 10,
		"alive_peak":                 200,
		"held_broken":                7,
		"bystander_backend_failed":   8,
		"bystander_elsewhere_failed": 1,
		"bystander_bind_failed":      5,
		"ok_before_error_99":         500,
	} {
		if got := m.figure(&v, name); got == nil || *got != want {
			t.Errorf("%s: %v, want %g", name, got, want)
		}
	}
	v.Errors.Error99 = 0
	for _, name := range []string{"log_lines_per_failure", "tries_per_failure", "no such figure"} {
		if got := m.figure(&v, name); got != nil {
			t.Errorf("%s: %g, want none", name, *got)
		}
	}
	m.Proxy.Counters = nil
	if got := m.figure(&v, "tw_overflow"); got == nil || *got != 0 {
		t.Errorf("a counter that has not moved: %v", got)
	}
}
