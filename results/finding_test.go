package results

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
)

func at[T any](v T) *T { return &v }

// TestFindingNamesWhatWasSkipped, those of one reason together.
func TestFindingNamesWhatWasSkipped(t *testing.T) {
	s := Summary{
		Variants: []Variant{{Name: "off", Verdict: law.Mitigated, OfferedPerS: 200}},
		Skipped: []SkippedVariant{
			{"delay", "it has no delay"},
			{"step-width", "it has no step"},
			{"shorter", "it has no delay"},
		},
	}
	const want = "“off” held 200 requests/s without a failure; “delay” and “shorter” were skipped: " +
		"it has no delay; step-width was skipped: it has no step."
	if got := Finding(s); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFindingIsOneSentence(t *testing.T) {
	base := Variant{
		Name:           "baseline",
		Verdict:        "reproduced",
		OfferedPerS:    1000,
		FirstError:     at(4.097),
		OptionalCounts: OptionalCounts{OK: at(int64(5200)), Failed: at(int64(4000))},
		OKBefore:       at(int64(4096)),
		Ports:          Ports{Usable: at(int64(4096))},
		Predicted:      law.Prediction{Tuples: 4096},
		Errors:         &Errors{Error99: 4000},
	}
	held := Variant{Name: "keepalive", Verdict: "mitigated", OfferedPerS: 1000}
	more := Variant{Name: "tw-reuse", Verdict: "mitigated", OfferedPerS: 1000}
	faster := Variant{Name: "above", Verdict: "mitigated", OfferedPerS: 2000}
	later := Variant{Name: "multi-ip", Verdict: "postponed", FirstError: at(12.292)}
	ejected := base
	ejected.Errors = &Errors{Error99: 1, NoLiveUpstreams: 3999}
	ejected.Ports.Usable, ejected.Predicted.Tuples = at(int64(150)), 300
	dark := ejected
	dark.Proxy = "Varnish"
	crawl := base
	crawl.Collapsed, crawl.CollapseS, crawl.FirstError = true, at(7.04), nil
	named := base
	named.Name = "slow"
	kind := base
	kind.Name = "nginx"
	raced, quicker := base, base
	raced.Predicted.GivenShare, quicker.Predicted.GivenShare = at(0.5), at(0.6)
	quicker.Name, quicker.FirstError = "nginx-1-26", at(2.0)
	back, silent, beside, retries, hidden := base, crawl, base, base, ejected
	back.RecoveredS, back.Predicted.HoldS = at(61.2), 61
	silent.Scheduled, silent.Dropped, silent.Unfinished = at(int64(27000)), at(int64(8570)), at(int64(63))
	beside.Bystander = &BystanderTries{Backend: Tries{Tried: 51, Failed: 31}, Bind: Tries{Tried: 51, Failed: 30}}
	retries.Name, retries.NginxLog = "retries", &Errors{Error99: 12000}
	hidden.NginxLog = &Errors{Error99: 3}
	both := crawl
	both.FirstError = at(27.2)
	for _, tc := range []struct {
		name string
		rows []Variant
		want string
	}{
		{"none", nil, "Nothing was measured."},
		{"the main scenario", []Variant{base, held, more, later},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % " +
				"of the requests from then on; keepalive and tw-reuse held 1,000 requests/s; " +
				"multi-ip only delayed it by 8.20 s."},
		{"rates that differ", []Variant{base, held, faster},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on; keepalive and “above” held what they were offered."},
		{"peers marked down", []Variant{ejected},
			"nginx ran out of all 300 pairs of a source port and a backend address 4.10 s after the load began " +
				"and refused 78.4 % of the requests from then on, most of them without trying, " +
				"because it had marked its backends down."},
		{"a move", []Variant{{Name: "before", Verdict: "mitigated", OfferedPerS: 1000}, {
			Name:       "after",
			Proxy:      "Caddy",
			Verdict:    "reproduced",
			FirstError: at(5.2),
		}, held},
			"“before” held 1,000 requests/s without a failure; keepalive held 1,000 requests/s; " +
				"“after” (after 5.20 s) ran out of ports."},
		{"another kind's blackout", []Variant{dark},
			"Varnish ran out of all 300 pairs of a source port and a backend address 4.10 s after the load began " +
				"and refused 78.4 % of the requests from then on, most of them without trying, " +
				"because it does not try again for a while after a connect() that failed."},
		{"a collapse", []Variant{crawl, {Name: "tw-reuse", Verdict: "collapsed", CollapseS: at(7.2)}},
			"nginx slowed to a crawl 7.04 s after the load began, with half of its 4,096 source ports taken; " +
				"tw-reuse (after 7.20 s) slowed to a crawl all the same."},
		{"a collapse and error 99", []Variant{both},
			"nginx slowed to a crawl 7.04 s after the load began, with half of its 4,096 source ports taken, " +
				"used up the rest by 27.2 s and refused 78.4 % of the requests from then on."},
		{"a myth", []Variant{base, {Name: "fin-timeout", Verdict: "reproduced", FirstError: at(4.1)}},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on; fin-timeout (after 4.10 s) ran out of ports all the same."},
		{"a remedy that is none", []Variant{both, {Name: "worse", Verdict: "reproduced", FirstError: at(1.5)}},
			"nginx slowed to a crawl 7.04 s after the load began, with half of its 4,096 source ports taken, " +
				"used up the rest by 27.2 s and refused 78.4 % of the requests from then on; " +
				"“worse” (after 1.50 s) ran out of ports even sooner."},
		{"a first that is no baseline", []Variant{named, held},
			"With “slow”, nginx ran out of its 4,096 source ports 4.10 s after the load began " +
				"and refused 78.4 % of the requests from then on; keepalive held 1,000 requests/s."},
		{"kinds of proxy", []Variant{kind, {Name: "squid", Proxy: "Squid", Verdict: "mitigated", OfferedPerS: 1000},
			{
				Name:       "httpd",
				Proxy:      "Apache",
				Verdict:    "reproduced",
				FirstError: at(9.7),
			}}, "nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % " +
			"of the requests from then on; squid held 1,000 requests/s; " +
			"httpd (after 9.70 s) ran out of ports all the same."},
		{"none fails", []Variant{held, {Name: "other", Verdict: "inconclusive"}},
			"keepalive held 1,000 requests/s without a failure; “other” is inconclusive: " +
				"nothing failed yet, but its ports are filling up."},
		{
			"other failures",
			[]Variant{{Name: "race", Verdict: "not-reproduced", OptionalCounts: OptionalCounts{Failed: at(int64(12))}}},
			"“race” failed 12 requests, none of them for want of ports.",
		},
		{"a busy machine", []Variant{
			{
				Name:    "baseline",
				Verdict: "invalid",
				Why:     "6.2 % came late: too busy",
			}, {Name: "keepalive", Verdict: "mitigated", OfferedPerS: 9},
			{Name: "x", Verdict: "invalid", Why: "the agent is gone"}, {
				Name:    "y-z",
				Verdict: "invalid",
				Why:     "12.1 % came late: too busy; and more",
			},
		},
			"baseline and y-z are invalid for one reason (the figures are those of baseline): " +
				"6.2 % came late: too busy; keepalive held 9 requests/s; “x” is invalid: the agent is gone."},
		{"faults", []Variant{
			{Name: "a", Verdict: "invalid", Why: "process 7 (nginx) ended; and more"},
			{Name: "b", Verdict: "error", Why: "the agent is gone\npanic"},
		},
			"“a” is invalid: process 7 (nginx) ended; “b” ended in an error of the lab: the agent is gone."},
		{"a race ranks nobody", []Variant{raced, quicker},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on; nginx-1-26 (after 2.00 s) ran out of ports all the same."},
		{"ports that come back", []Variant{back},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on, until the first ports came back after 61.2 s."},
		{"requests nobody answered", []Variant{silent},
			"nginx slowed to a crawl 7.04 s after the load began, with half of its 4,096 source ports taken; " +
				"32.0 % of the requests got no answer in time."},
		{"others suffer too", []Variant{beside},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on; another program on nginx's host failed 31 of 51 times towards the same backend, " +
				"and 30 of 51 times towards any other backend if it binds a port first."},
		{"retries", []Variant{base, retries},
			"nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the requests from " +
				"then on; “retries” (after 4.10 s) ran out of ports all the same; " +
				"with “retries” each failure is 3 tries and as many lines of error 99."},
		{"a log that hides it", []Variant{hidden},
			"nginx ran out of all 300 pairs of a source port and a backend address 4.10 s after the load began and refused " +
				"78.4 % of the requests from then on, most of them without trying, " +
				"because it had marked its backends down; " +
				"with baseline nginx's log has 3 lines of error 99 for 4,000 failed requests."},
		{"nothing known", []Variant{{Name: "a", Verdict: "reproduced"}}, "“a” reproduced error 99."},
	} {
		if got := Finding(Summary{Variants: tc.rows}); got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
		}
	}
	const harm = "nginx ran out of its 4,096 source ports 4.10 s after the load began and refused 78.4 % of the " +
		"requests from then on; keepalive only hid it, and does harm."
	if got := Finding(Summary{Kind: "harm", Variants: []Variant{base, held}}); got != harm {
		t.Errorf("a harm: %s", got)
	}
}

// TestFindingOfWhatWasNotMeasured: any figure may be missing.
func TestFindingOfWhatWasNotMeasured(t *testing.T) {
	full := Variant{
		Name:        "baseline",
		Verdict:     "reproduced",
		OfferedPerS: 1000,
		FirstError:  at(4.097),
		OptionalCounts: OptionalCounts{
			OK:        at(int64(5200)),
			Failed:    at(int64(4000)),
			Scheduled: at(int64(9200)),
			Dropped:   at(int64(1)),
		},
		OKBefore:   at(int64(4096)),
		Unfinished: at(int64(1)),
		CollapseS:  at(2.0),
		RecoveredS: at(61.0),
		Collapsed:  true,
		Ports:      Ports{Usable: at(int64(4096))},
		Predicted:  law.Prediction{Tuples: 4096, HoldS: 61},
		Errors:     &Errors{NoLiveUpstreams: 4000},
		NginxLog:   &Errors{Error99: 1},
		Bystander:  &BystanderTries{},
	}
	for _, without := range []func(*Variant){
		func(v *Variant) { v.FirstError = nil }, func(v *Variant) { v.OK = nil },
		func(v *Variant) { v.Failed = nil }, func(v *Variant) { v.OKBefore = nil },
		func(v *Variant) { v.Scheduled = nil }, func(v *Variant) { v.Dropped = nil },
		func(v *Variant) { v.CollapseS = nil }, func(v *Variant) { v.RecoveredS = nil },
		func(v *Variant) { v.Errors = nil }, func(v *Variant) { v.NginxLog = nil },
		func(v *Variant) { v.Bystander = nil }, func(v *Variant) { v.Ports.Usable = nil },
	} {
		v := full
		without(&v)
		if Finding(Summary{Variants: []Variant{v, v}}) == "" {
			t.Error("no finding")
		}
	}
}
