package main

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// A lesson is what a variant of a scenario must show, worked out here from the
// ports and the rate alone. That it was judged as expected is held elsewhere.
type lesson func(t *testing.T, p results.VariantPlan, v results.Variant)

// lessons are those of the catalogue, by scenario and variant.
var lessons = map[string]map[string]lesson{
	"port-exhaustion":       {"baseline": runsOut(1), "keepalive": pools, "tw-reuse": holds(1), "multi-ip": runsOut(3)},
	"plain-proxy-pass":      {"paced": races, "harder": races},
	"half-done-keepalive":   {"default": races, "half-done": runsOut(1), "done": pools},
	"backend-keepalive-off": {"keepalive-off": races, "keepalive-on": pools},
	"slow-backend":          {"slow": fillsUp, "tw-reuse": fillsUp, "keepalive": fillsUp, "faster": none},
	// A port in FIN_WAIT2 is no TIME_WAIT: what is counted of those says nothing.
	"late-close": {
		"late":        exhausts(1),
		"tw-reuse":    exhausts(1),
		"50-ms-late":  runsOut(1),
		"fin-timeout": heldFor(1),
	},
	"same-host": {
		"reuse-0":        runsOut(1),
		"default":        holds(1),
		"both-addresses": runsOut(2),
		"own-address":    runsOut(1),
	},
	"half-range-cliff": {"default-range": collapses, "tw-reuse": none},
	"peer-ejection":    {"ejected": ejects(3), "max-fails-0": amplifies(3, 1)},
	"bystander":        {"baseline": exhausts(1), "keepalive": pools},
	"saw-tooth":        {"constant": recovers(false), "load-drops": recovers(true)},
	"random-arrivals":  {"at": loses, "above": loses, "below": none},

	"stream": {
		"client-closes": tries(1, 1),
		"server-closes": holdsAll(1),
		"tw-reuse":      heldFor(1),
		"held-long":     heldUntil(7),
	},
	"websockets": {
		"held": heldUntil(7), "three-backends": holdsAll(7), "clients-gone": runsOut(1), "random": loses, "random-fixed": loses,
	},

	"keepalive-size": {"pool-1": churns(64, 1), "pool-4": churns(64, 4), "pool-16": churns(64, 16), "pool-64": keepsAll},
	"https-upstream": {"baseline": measuredShare, "keepalive": pools, "close-notify": noTimeWait},
	"tw-reuse-ceiling": {
		"off": runsOut(1), "no-timestamps": runsOut(1),
		"below": holds(1), "above": perSecond, "shorter-delay": holds(0.1),
	},
	"wider-range":                {"baseline": runsOut(1), "wider": runsOut(1)},
	"backend-ips":                {"baseline": runsOut(1), "three-ips": runsOut(3)},
	"backend-ports":              {"baseline": runsOut(1), "three-ports": runsOut(3)},
	"source-ips":                 {"baseline": runsOut(1), "three-sources": early(3)},
	"sources-times-destinations": {"baseline": runsOut(1), "six-fold": early(6)},
	"unix-socket":                {"baseline": runsOut(1), "unix": noConnection},
	"nginx-upgrade": {
		"nginx-1-22": races, "nginx-1-22-upstream": races, "nginx-1-26": races, "nginx-1-26-upstream": races,
		"nginx-1-30": runsOut(1), "nginx-1-30-upstream": pools,
	},
	"everything": {"baseline": runsOut(1), "everything": pools},

	"same-address-thrice":     {"baseline": runsOut(1), "listed-thrice": runsOut(1)},
	"kubernetes-service":      {"baseline": runsOut(1), "cluster-ip": runsOut(1), "headless": runsOut(2)},
	"myth-fin-timeout":        {"baseline": runsOut(1), "fin-timeout": runsOut(1)},
	"myth-worker-connections": {"baseline": runsOut(1), "more": runsOut(1)},
	"myth-reuseport":          {"baseline": runsOut(1), "reuseport": runsOut(1)},

	"idle-cap-bursts":         {"bursts": churns(40, 2), "even": none, "default": churns(40, 32), "pool": none},
	"migrate":                 {"before": keepsAll, "after": churns(64, 32), "after-pool": none},
	"go-three-dials":          {"per-request": tries(3, 1), "default": none, "idle-2": none},
	"bind-first-shares-ports": {"bind-first": exhausts(1), "tw-reuse": exhausts(1), "no-source": exhausts(2)},
	"apache-error-state": {
		"per-request": comesBack, "balancer": comesBack, "error-state": darkens, "no-recovery": darkens, "pool": none,
	},

	"harmful-tw-buckets": {"baseline": runsOut(1), "buckets": drops(150)},
	"harmful-retries":    {"one-try": amplifies(3, 1), "retries": amplifies(3, 3)},

	"idle-close-race": {"race": failsOtherwise, "nginx-first": none, "retry": none},
	"mpm-event-short": {"short": failsOtherwise, "ample": none},
	"prefork-starved": {"starved": waits, "small-pool": none},

	"any-proxy": anyProxy,
	"backends-any-proxy": {
		"baseline":     tries(4, 4),
		"two-backends": exhausts(2),
		"two-sources":  exhausts(2),
		"varnish":      exhausts(1),
		"varnish-two":  exhausts(2),
	},
	"haproxy-never-in-http-mode": {"per-request": noTimeWait, "default": none},
	"haproxy-tcp":                {"baseline": tries(4, 4), "one-try": tries(1, 1), "nolinger": noTimeWait},
	"haproxy-own-ports":          {"kernel": tries(4, 4), "own-ports": ownPorts(10)},
	"explicit-source-port":       {"kernel": runsOut(1), "nginx": refused(10), "haproxy": ownPorts(10)},
	"varnish-holddown":           {"held-down": darkFor(10), "holddown-0": perSecond, "pool": pools},
	"fastcgi": {
		"default":    noTimeWait,
		"keep-conn":  runsOut(1),
		"pool-alone": noTimeWait,
		"both":       pools,
	},
	"uwsgi":      {"baseline": races, "pool": races},
	"memcached":  {"baseline": runsOut(1), "pool": pools},
	"grpc":       {"baseline": runsOut(1), "pool": pools},
	"squid-post": {"post": givesUp(10, 2), "never-dead": lessSpent(2), "get": pools, "pool": pools},
}

// together are the lessons of several variants at once.
var together = map[string]func(t *testing.T, r *results.Run){
	// A harder test hides the failure: in bursts nginx loses the race far more often.
	"plain-proxy-pass": func(t *testing.T, r *results.Run) {
		paced, harder := r.Summary.Variant("paced"), r.Summary.Variant("harder")
		if *harder.CloseShare > *paced.CloseShare/3 || *harder.OKBefore < 3**paced.OKBefore {
			t.Errorf("%d requests succeeded paced (f = %.2f), %d in bursts (f = %.2f), "+
				"want three times as many at least",
				*paced.OKBefore, *paced.CloseShare, *harder.OKBefore, *harder.CloseShare)
		}
	},
}

// teaches holds a stored run against the lessons of its scenario. With other
// figures than the file's the law may give another verdict; what the variant then
// shows is no lesson of the scenario's, and the verdict is all that is asked.
func teaches(t *testing.T, dir string) {
	t.Helper()
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if ran, skipped := len(r.Summary.Variants), len(r.Summary.Skipped); ran+skipped != len(r.Plan.Variants) {
		t.Fatalf("%s: %d variants planned, %d run and %d skipped", r.Plan.Scenario, len(r.Plan.Variants), ran, skipped)
	}
	s, err := scenarios.Load(r.Plan.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	file, err := s.Resolve(r.Plan.Size, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range r.Plan.Variants {
		row := r.Summary.Variant(p.Name)
		if row == nil {
			continue // skipped: there is nothing to learn from it here
		}
		v := *row
		if *v.Scheduled != *v.Sent+*v.Dropped || *v.Sent != *v.OK+*v.Failed+*v.Unfinished {
			t.Errorf("%s: %d scheduled, %d sent, %d dropped, %d ok, %d failed, %d unfinished do not add up",
				v.Name, *v.Scheduled, *v.Sent, *v.Dropped, *v.OK, *v.Failed, *v.Unfinished)
		}
		if of := file.Variants[i].Expect.Verdict; of != law.Predicted && of != v.Expected {
			t.Logf("%s: with these figures %s", v.Name, v.Verdict)
			if v.Verdict != v.Expected {
				t.Errorf("%s is %s, want %s: %s", v.Name, v.Verdict, v.Expected, v.Why)
			}
			continue
		}
		lessons[r.Plan.Scenario][p.Name](t, p, v)
	}
	if all := together[r.Plan.Scenario]; all != nil {
		all(t, r)
	}
}

// anyProxy is what each kind does under the same load.
var anyProxy = map[string]lesson{
	"nginx": runsOut(1), "nginx-pool": pools,
	"haproxy": noTimeWait, "haproxy-tcp": tries(4, 4), "haproxy-pool": none,
	"httpd": measuredShare, "httpd-pool": pools,
	"varnish": exhausts(1), "varnish-pool": pools,
	"caddy": measuredShare, "caddy-pool": pools,
	"squid": givesUp(10, 2), "squid-pool": pools,
}
