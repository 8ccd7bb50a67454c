package figures

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numbered has another number in every count.
func numbered(t *testing.T) (c Counts) {
	t.Helper()
	names := map[string]int64{}
	for name := range All(c) {
		names[name.JSON] = int64(len(names) + 1)
	}
	decode(t, names, &c)
	return c
}

func decode(t *testing.T, from, to any) {
	t.Helper()
	b, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSumsLeaveOutNoCount(t *testing.T) {
	r := numbered(t)
	sum := r
	Add(&sum, &r)
	var once, twice map[string]int64
	decode(t, r, &once)
	decode(t, sum, &twice)
	for name, n := range once {
		if n == 0 || twice[name] != 2*n {
			t.Errorf("%s: %d and itself are %d", name, n, twice[name])
		}
	}
	Sub(&sum, &r)
	if diff := cmp.Diff(r, sum); diff != "" {
		t.Errorf("a sum less what was added (-want +got):\n%s", diff)
	}
}

// TestEveryCountHasAName: the one it has in JSON, measured or not.
func TestEveryCountHasAName(t *testing.T) {
	c := numbered(t)
	var number, taken map[string]int64
	decode(t, c, &number)
	decode(t, Taken(c), &taken)
	all := map[string]int64{}
	for name, n := range All(c) {
		all[name.JSON] = n
		if name.Help == "" && name.JSON != "ok" && name.JSON != "failed" {
			t.Errorf("%s has no help, and is no outcome", name.JSON)
		}
	}
	if diff := cmp.Diff(number, taken) + cmp.Diff(number, all); diff != "" {
		t.Error(diff)
	}
	var none map[string]*int64
	decode(t, Optional{}, &none)
	for name, n := range none {
		if _, known := number[name]; n != nil || !known {
			t.Errorf("%s, not measured, is %v", name, n)
		}
	}
	if len(none) != len(number) {
		t.Errorf("%d counts are null of %d", len(none), len(number))
	}
}
