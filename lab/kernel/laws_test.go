package kernel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/kernel/guest"
)

// row is one variant of a lab as lab99 prints it.
type row struct {
	Name       string   `json:"name"`
	Verdict    string   `json:"verdict"`
	Why        string   `json:"why"`
	Offered    float64  `json:"offered_per_s"`
	OK         int64    `json:"ok"`
	OKBefore   *int64   `json:"ok_before_error_99"`
	First      *float64 `json:"first_error_99_s"`
	CloseShare float64  `json:"proxy_close_share"`
	TimeWait   struct {
		Peak int64 `json:"proxy_peak"`
	} `json:"time_wait"`
	Predicted struct {
		Tuples int      `json:"tuples"`
		First  *float64 `json:"first_error_99_s"`
		Latest *float64 `json:"first_error_99_latest_s,omitempty"`
		Most   *int64   `json:"ok_before_error_99_most,omitempty"`
	} `json:"predicted"`
}

// exhausted is a row in which error 99 came.
func exhausted(name string, k, ok int64, rate, first float64) row {
	r := row{Name: name, Verdict: "reproduced", Offered: rate, OK: ok, OKBefore: &ok, First: &first, CloseShare: 1}
	r.Predicted.Tuples, r.Predicted.First, r.TimeWait.Peak = int(k), new(float64(k)/rate), k
	return r
}

// interval is a row whose kernel counts whole seconds.
func interval(r row) row {
	r.Predicted.Latest, r.Predicted.Most = new(2**r.Predicted.First), new(2*int64(r.Predicted.Tuples))
	return r
}

// invalid is a row that the machine had no time for.
func invalid(r row) row {
	r.Verdict, r.Why = "invalid", "the load was late; and more"
	return r
}

// left is the evidence of tasks that left these rows, and of a guest whose clock
// parted from the host's by so much in the middle of each load of four seconds.
func left(t *testing.T, abilities string, apart float64, labs map[string][]row) evidence {
	t.Helper()
	r := &Result{Kernel: "6.12.113", BootS: 1.2, Tasks: map[string]*Task{
		Abilities: {Stdout: []byte(`{"schema":"lab99/abilities/v1","abilities":` + abilities + `,"unknown":{"inet_diag":"no netlink"}}`)},
	}}
	for i := range 20 {
		guestS := float64(i) / 2
		hostS := guestS + 1
		if i == 8 {
			hostS += apart
		}
		r.Clock.add(guestS, hostS)
	}
	for lab, rows := range labs {
		b, err := json.Marshal(map[string]any{"schema": "lab99/summary/v1", "variants": rows})
		if err != nil {
			t.Fatal(err)
		}
		task := &Task{Stdout: b, Files: map[string][]byte{}}
		for _, v := range rows {
			task.Files["20261130-"+lab+"/"+v.Name+"/load.json"] = []byte(`{"start_ns":2000000000,"end_ns":6000000000}`)
		}
		r.Tasks[lab] = task
	}
	return read(r)
}

func judge(t *testing.T, e evidence, id string) Cell {
	t.Helper()
	for _, r := range rules {
		if r.id == id {
			return r.judge(e)
		}
	}
	for _, f := range e.found.Findings() {
		if f.ID == id {
			return inWords(f)
		}
	}
	t.Fatalf("no law %s", id)
	return Cell{}
}

func verdictOf(c Cell) string {
	switch {
	case c.OK == nil:
		return "not judged"
	case *c.OK:
		return "holds"
	}
	return "broken"
}

// TestLaws holds recorded figures, and what would be wrong, against each law. The
// figures of Linux 6.12 are those of user-mode Linux at 160 requests a second over
// 120 ports.
func TestLaws(t *testing.T) {
	for _, tc := range []struct {
		law, name string
		apart     float64
		lab       string
		row       row
		want      string
	}{
		{"k", "exactly K", 0, Exhaustion, exhausted("baseline", 100, 100, 50, 2), "holds"},
		{"k", "one more", 0, Exhaustion, exhausted("baseline", 100, 101, 50, 2), "broken"},
		{"k", "one less", 0, Exhaustion, exhausted("baseline", 100, 99, 50, 2), "broken"},
		{"k", "a clock that jumps does not count", 1, Exhaustion, exhausted("baseline", 100, 100, 50, 2), "holds"},
		{"k", "no error 99", 0, Exhaustion, row{Name: "baseline", Verdict: "not-reproduced"}, "broken"},
		{
			law:  "k",
			name: "the machine was busy, and the count is the same",
			lab:  Exhaustion,
			row:  invalid(exhausted("baseline", 100, 100, 50, 2.9)),
			want: "holds",
		},
		{
			law:  "k",
			name: "the machine was busy, and there is one more",
			lab:  Exhaustion,
			row:  invalid(exhausted("baseline", 100, 101, 50, 2.9)),
			want: "broken",
		},
		{
			law:  "k",
			name: "the machine was busy, and there is one less",
			lab:  Exhaustion,
			row:  invalid(exhausted("baseline", 100, 99, 50, 2.9)),
			want: "not judged",
		},
		{
			law:  "k",
			name: "the machine was so busy that too little was sent",
			lab:  Exhaustion,
			row:  row{Name: "baseline", Verdict: "invalid", Why: "late"},
			want: "not judged",
		},
		{
			law:  "first_error_99",
			name: "the machine was busy",
			lab:  Exhaustion,
			row:  invalid(exhausted("baseline", 100, 100, 50, 2.9)),
			want: "not judged",
		},
		{"reuse_above_ok", "the machine was busy", 0, Ceiling, invalid(exhausted("above", 120, 300, 160, 2.9)), "not judged"},
		{"k", "another variant", 0, Exhaustion, row{Name: "keepalive"}, "not judged"},

		{"first_error_99", "2 ms late", 0, Exhaustion, exhausted("baseline", 100, 100, 50, 2.002), "holds"},
		{"first_error_99", "50 ms late", 0, Exhaustion, exhausted("baseline", 100, 100, 50, 2.05), "broken"},
		{"first_error_99", "50 ms early", 0, Exhaustion, exhausted("baseline", 100, 100, 50, 1.95), "broken"},
		{
			law:   "first_error_99",
			name:  "50 ms late, by a clock that parted by 30",
			apart: 0.03,
			lab:   Exhaustion,
			row:   exhausted("baseline", 100, 100, 50, 2.05),
			want:  "holds",
		},
		{
			law:   "first_error_99",
			name:  "by a clock that loses a second",
			apart: 1,
			lab:   Exhaustion,
			row:   exhausted("baseline", 100, 100, 50, 2),
			want:  "not judged",
		},

		{"close_share", "f and sockets agree", 0, Exhaustion, exhausted("baseline", 100, 100, 50, 2), "holds"},
		{"close_share", "the false f of Linux 5.10", 0, Exhaustion, func() row {
			r := exhausted("baseline", 100, 100, 50, 2)
			r.CloseShare = 0
			return r
		}(), "broken"},

		{"tw_reuse", "mitigated", 0, Exhaustion, row{Name: "tw-reuse", Verdict: "mitigated"}, "holds"},
		{"tw_reuse", "not mitigated", 0, Exhaustion, row{Name: "tw-reuse", Verdict: "reproduced"}, "broken"},

		{"reuse_above", "6.12, whole seconds", 0, Ceiling, interval(exhausted("above", 120, 172, 160, 1.402)), "holds"},
		{
			law:  "reuse_above",
			name: "the same were wrong by the millisecond",
			lab:  Ceiling,
			row:  exhausted("above", 120, 172, 160, 1.402),
			want: "broken",
		},
		{
			law:  "reuse_above",
			name: "later than any second allows",
			lab:  Ceiling,
			row:  interval(exhausted("above", 120, 250, 160, 1.6)),
			want: "broken",
		},
		{"reuse_above", "7.2, by the millisecond", 0, Ceiling, exhausted("above", 120, 120, 160, 0.751), "holds"},
		{"reuse_above_ok", "6.12", 0, Ceiling, interval(exhausted("above", 120, 172, 160, 1.402)), "holds"},
		{
			law:  "reuse_above_ok",
			name: "the same were wrong by the millisecond",
			lab:  Ceiling,
			row:  exhausted("above", 120, 172, 160, 1.402),
			want: "broken",
		},
		{"reuse_above_ok", "more than 2K", 0, Ceiling, interval(exhausted("above", 120, 241, 160, 1.5)), "broken"},
	} {
		t.Run(tc.law+"/"+tc.name, func(t *testing.T) {
			c := judge(t, left(t, `{}`, tc.apart, map[string][]row{tc.lab: {tc.row}}), tc.law)
			if got := verdictOf(c); got != tc.want {
				t.Errorf("%s (%s): %s, want it %s", c.Text, c.Why, got, tc.want)
			}
			if tc.want == "not judged" && c.Why == "" {
				t.Error("it does not say why")
			}
		})
	}
}

// TestHoldTime: the figures of Linux 5.10 at HZ=100 are those of user-mode Linux.
func TestHoldTime(t *testing.T) {
	for _, tc := range []struct {
		name, hz, held string
		apart          float64
		want           string
	}{
		{"HZ 100", `{"hz":100}`, `{"made":2,"s":[61.24,64.9]}`, 0, "holds"},
		{"HZ 250", `{"hz":250}`, `{"made":2,"s":[60.01,62.03]}`, 0, "holds"},
		{"HZ 250, as long as HZ 100", `{"hz":250}`, `{"made":2,"s":[60.01,64.9]}`, 0, "broken"},
		{"too short", `{"hz":250}`, `{"made":2,"s":[59.5,62]}`, 0, "broken"},
		{"one stays", `{"hz":250}`, `{"made":3,"s":[60.5,62]}`, 0, "broken"},
		{"a clock that loses a second", `{"hz":250}`, `{"made":2,"s":[59.5,62]}`, 1, "holds"},
		{"a clock that loses three", `{"hz":250}`, `{"made":2,"s":[59.5,62]}`, 3, "not judged"},
		{"HZ unknown", `{}`, `{"made":2,"s":[60.5,62]}`, 0, "not judged"},
		{"no result", `{"hz":250}`, `text`, 0, "not judged"},
	} {
		e := left(t, tc.hz, tc.apart, nil)
		e.result.Tasks[Held] = &Task{Outcome: guest.Outcome{ToS: 70, Why: "exit status 3"}, Stdout: []byte(tc.held)}
		if c := judge(t, e, "hold"); verdictOf(c) != tc.want || tc.want == "not judged" && c.Why == "" {
			t.Errorf("%s: %+v, want it %s", tc.name, c, tc.want)
		}
	}
}

func TestAbilities(t *testing.T) {
	e := left(t, `{"tw_reuse_delay":false,"port_step_width":true,"scan_time_wait_ns":103.26}`, 0, nil)
	for id, want := range map[string]Cell{
		"tw_reuse_delay": {Text: "no"}, "port_step_width": {Text: "yes"}, "scan_time_wait_ns": {Text: "103 ns"},
		"inet_diag": {Text: "?", Why: "no netlink"},
	} {
		if c := judge(t, e, id); c != want {
			t.Errorf("%s: %+v, want %+v", id, c, want)
		}
	}
}

// TestTaskThatFailedSaysWhy: in the words of the program that failed.
func TestTaskThatFailedSaysWhy(t *testing.T) {
	e := read(&Result{Tasks: map[string]*Task{
		Abilities:  {Outcome: guest.Outcome{Exit: 64}, Stderr: []byte("lab99: unknown command\n")},
		Exhaustion: {Outcome: guest.Outcome{Exit: 3}, Stderr: []byte("first\nlab99 run: no bridge\n  a hint\n")},
		SameHost:   {Outcome: guest.Outcome{Exit: -1, TimedOut: true, Why: "it took more than 240 s"}},
	}})
	for id, want := range map[string]string{
		"k": "exit 3: lab99 run: no bridge", "own_address": "it took more than 240 s",
		"hz": "exit 64: lab99: unknown command",
	} {
		if c := judge(t, e, id); c.Why != want || c.OK != nil {
			t.Errorf("%s: %+v, want %q", id, c, want)
		}
	}
}

// TestSecondRunCounts: where the machine had no time for the first, and only there.
func TestSecondRunCounts(t *testing.T) {
	disturbed, good, worse := invalid(exhausted("baseline", 100, 98, 50, 2.9)), exhausted("baseline", 100, 100, 50,
		2), exhausted("baseline", 100, 102, 50, 2)
	for _, tc := range []struct {
		name          string
		first, second []row
		want          string
	}{
		{"the first was disturbed", []row{disturbed}, []row{good}, "holds"},
		{"the first was not", []row{good}, []row{worse}, "holds"},
		{"both were", []row{disturbed}, []row{disturbed}, "not judged"},
		{"the second is worse", []row{disturbed}, []row{worse}, "broken"},
		{"there was no second", []row{disturbed}, nil, "not judged"},
	} {
		e := left(t, "{}", 0, map[string][]row{Exhaustion: tc.first, Exhaustion + guest.Second: tc.second})
		if c := judge(t, e, "k"); verdictOf(c) != tc.want {
			t.Errorf("%s: %+v, want it %s", tc.name, c, tc.want)
		}
	}
}

// TestSkippedVariantSaysWhy: it is neither held nor broken.
func TestSkippedVariantSaysWhy(t *testing.T) {
	e := read(&Result{Tasks: map[string]*Task{
		Ceiling: {Stdout: []byte(`{"variants":[{"name":"off"}],"skipped":[{"name":"shorter-delay","why":"no tcp_tw_reuse_delay"}]}`)},
	}})
	if c := judge(t, e, "reuse_delay"); c.OK != nil || c.Why != "no tcp_tw_reuse_delay" {
		t.Errorf("%+v", c)
	}
}

func TestTableNamesWhatWasNotHad(t *testing.T) {
	table := &Table{Date: "2026-11-30T01:00:00Z"}
	table.Rows = NewTable(time.Time{}, Machine{}).Rows
	table.Add(All[0], nil, nil, fmt.Errorf("no such suite"))
	e := left(t, `{"hz":100}`, 0, map[string][]row{Exhaustion: {exhausted("baseline", 100, 101, 50, 2)}})
	table.Add(All[2], &Unpacked{Packages: []string{"libc6=2", "user-mode-linux=6.1um4"}}, e.result, nil)
	text := table.Markdown()
	for _, want := range []string{"not had: no such suite", "**101 of 100**", "6.12.113",
		"bookworm, user-mode-linux=6.1um4"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	if table.Failed() == 0 || table.Had() != 1 || len(table.Broken()) != table.Failed() {
		t.Errorf("%d failed, %d had, broken %q", table.Failed(), table.Had(), table.Broken())
	}
}

func TestKernelsAreChosenByName(t *testing.T) {
	got, err := Choose([]string{"uml-sid", "uml-bookworm"})
	if err != nil || len(got) != 2 || got[0].Name != "uml-bookworm" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Choose([]string{"6.1"}); err == nil || !strings.Contains(err.Error(), "uml-bookworm") {
		t.Errorf("%v does not say which there are", err)
	}
}
