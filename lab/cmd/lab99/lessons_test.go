package main

import (
	"testing"

	"github.com/lab99/lab99/results"
)

// A lesson is what a variant of a scenario must show, worked out here from the
// ports and the rate alone. That it was judged as expected is held elsewhere.
type lesson func(t *testing.T, p results.VariantPlan, v results.Variant)

// lessons are those of the catalogue, by scenario and variant.
var lessons = map[string]map[string]lesson{
	"port-exhaustion":       {"baseline": runsOut(1, 1), "keepalive": pools, "tw-reuse": holds(1), "multi-ip": runsOut(3, 1)},
	"plain-proxy-pass":      {"paced": races, "harder": races},
	"half-done-keepalive":   {"default": races, "half-done": runsOut(1, 1), "done": pools},
	"backend-keepalive-off": {"keepalive-off": races, "keepalive-on": pools},
	"slow-backend":          {"slow": runsOut(1, 0), "tw-reuse": runsOut(1, 0), "keepalive": runsOut(1, 0), "faster": none},
	// A port in FIN_WAIT2 is no TIME_WAIT: what is counted of those says nothing.
	"late-close":       {"late": runsOut(1, 0), "tw-reuse": runsOut(1, 0), "fin-timeout": opensAll},
	"same-host":        {"reuse-0": runsOut(1, 1), "default": holds(1), "own-address": runsOut(1, 1)},
	"half-range-cliff": {"default-range": collapses, "tw-reuse": none},
	"peer-ejection":    {"ejected": runsOut(3, 0), "max-fails-0": runsOut(3, 0)},
	"bystander":        {"baseline": runsOut(1, 0), "keepalive": pools},
	"saw-tooth":        {"constant": recovers, "load-drops": recovers},
	"random-arrivals":  {"at": loses, "above": loses, "below": none},

	"keepalive-size": {"pool-1": churns(1), "pool-4": churns(4), "pool-16": churns(16), "pool-64": none},
	"https-upstream": {"baseline": measuredShare, "keepalive": pools, "close-notify": noTimeWait},
	"tw-reuse-ceiling": {
		"off": runsOut(1, 1), "no-timestamps": runsOut(1, 1),
		"below": holds(1), "above": runsOut(1, 0), "shorter-delay": holds(0.1),
	},
	"wider-range":                {"baseline": runsOut(1, 1), "wider": runsOut(1, 1)},
	"backend-ips":                {"baseline": runsOut(1, 1), "three-ips": runsOut(3, 1)},
	"backend-ports":              {"baseline": runsOut(1, 1), "three-ports": runsOut(3, 1)},
	"source-ips":                 {"baseline": runsOut(1, 1), "three-sources": early(3)},
	"sources-times-destinations": {"baseline": runsOut(1, 1), "six-fold": early(6)},
	"unix-socket":                {"baseline": runsOut(1, 1), "unix": portless},
	"nginx-upgrade": {
		"nginx-1-22": races, "nginx-1-22-upstream": races, "nginx-1-26": races, "nginx-1-26-upstream": races,
		"nginx-1-30": runsOut(1, 1), "nginx-1-30-upstream": none,
	},
	"everything": {"baseline": runsOut(1, 1), "everything": pools},

	"same-address-thrice":     {"baseline": runsOut(1, 1), "listed-thrice": runsOut(1, 1)},
	"myth-fin-timeout":        {"baseline": runsOut(1, 1), "fin-timeout": runsOut(1, 1)},
	"myth-worker-connections": {"baseline": runsOut(1, 1), "more": runsOut(1, 1)},
	"myth-reuseport":          {"baseline": runsOut(1, 1), "reuseport": runsOut(1, 1)},

	"harmful-tw-buckets": {"baseline": runsOut(1, 1), "buckets": hides},
	"harmful-retries":    {"one-try": runsOut(3, 0), "retries": runsOut(3, 0)},

	"idle-close-race": {"race": failsOtherwise, "nginx-first": none, "retry": none},
	"mpm-event-short": {"short": failsOtherwise, "ample": none},
	"prefork-starved": {"starved": waits, "small-pool": none},
}

// teaches holds a stored run against the lessons of its scenario.
func teaches(t *testing.T, dir string) {
	t.Helper()
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Summary.Variants) != len(r.Plan.Variants) {
		t.Fatalf("%s: %d variants planned and %d run", r.Plan.Scenario, len(r.Plan.Variants), len(r.Summary.Variants))
	}
	for i, p := range r.Plan.Variants {
		v := r.Summary.Variants[i]
		if *v.Scheduled != *v.Sent+*v.Dropped || *v.Sent != *v.OK+*v.Failed+*v.Unfinished {
			t.Errorf("%s: %d scheduled, %d sent, %d dropped, %d ok, %d failed, %d unfinished do not add up",
				v.Name, *v.Scheduled, *v.Sent, *v.Dropped, *v.OK, *v.Failed, *v.Unfinished)
		}
		lessons[r.Plan.Scenario][p.Name](t, p, v)
	}
}
