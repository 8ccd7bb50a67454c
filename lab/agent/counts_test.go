package agent

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/openmetrics"
)

// TestACountReachesEveryRecord: what the generator counts is in the samples, the
// totals, the variant's row and the metrics, whatever it is.
func TestACountReachesEveryRecord(t *testing.T) {
	var c loadgen.Counts
	for i := range reflect.TypeOf(c).NumField() {
		reflect.ValueOf(&c).Elem().Field(i).SetInt(int64(1000 + i))
	}
	sample := loadSample(loadgen.Snapshot{Counts: c})
	if sample.Counts != c {
		t.Errorf("sample: %+v, want %+v", sample.Counts, c)
	}
	none := hdr.New(1, 1000, 3)
	done, err := loadDone(&loadgen.Result{
		Record:    loadgen.Record{Counts: c},
		Latency:   none,
		LatencyOK: none,
		Service:   none,
		Lateness:  none,
	})
	if err != nil || done.Counts != c {
		t.Fatalf("totals: %+v, want %+v (%v)", done, c, err)
	}
	row := reflect.ValueOf(verdict.Judge(verdict.Measured{Totals: &done.Totals}).OptionalCounts)
	for f, want := range reflect.ValueOf(c).Fields() {
		if got := row.FieldByIndex(f.Index); got.IsNil() || got.Elem().Int() != want.Int() {
			t.Errorf("row: %s is not %d", f.Name, want.Int())
		}
	}
	var b strings.Builder
	start := 0.0
	err = openmetrics.Write(&b, &results.Run{Variants: []results.VariantData{{
		Name:    "v",
		Events:  []results.Event{{Time: "2026-11-23T10:00:00.000Z", T: &start}},
		Samples: []results.Sample{{Host: results.HostLoad, Load: sample}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range figures.All(c) {
		metric := fmt.Sprintf("lab99_requests_%s_total{variant=\"v\",host=\"load\"} %d ", name.JSON, n)
		if name.JSON == "ok" {
			metric = fmt.Sprintf("lab99_requests_total{variant=\"v\",host=\"load\",outcome=\"ok\"} %d ", n)
		}
		if name.JSON != "failed" && !strings.Contains(b.String(), metric) { // that is the sum of other outcomes
			t.Errorf("metrics without %s:\n%s", metric, b.String())
		}
	}
}
