// Package charttest makes runs to draw in tests, by evaluating the laws of
// port exhaustion request by request. Nothing here was measured: it stands in
// for no server, it only gives the packages chart and report something whose
// every number is known.
package charttest

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

const (
	hold          = 61  // how long a closed tuple stays blocked, in seconds
	collapsedPerS = 700 // connections a second beyond half the range
	failingPerS   = 300 // connect() calls a second that fail at its end
)

// Case is a variant to evaluate.
type Case struct {
	Name     string
	Change   []string
	Tuples   int
	RatePerS float64
	Duration float64 // seconds
	Stop     float64 // the load ends so long after the first error 99; 0: it does not
	Churn    float64 // new upstream connections per request
	HoldS    float64 // 0: 61
	Cliff    bool    // connect() costs milliseconds beyond half the range
	Verdict  string
	Skip     bool // never ran
}

// Quick is the four variants at 500 ports and 200 requests a second.
func Quick() *results.Run {
	c := Case{Tuples: 500, RatePerS: 200, Duration: 10, Stop: 5, Churn: 1}
	base, keep, reuse, multi := c, c, c, c
	base.Name, base.Verdict = "baseline", law.Reproduced
	keep.Name, keep.Verdict, keep.Churn, keep.Change = "keepalive", law.Mitigated, 0, []string{"proxy.keepalive: 20"}
	reuse.Name, reuse.Verdict, reuse.HoldS = "tw-reuse", law.Mitigated, 1
	reuse.Change = []string{"proxy.sysctls.net.ipv4.tcp_tw_reuse: 1"}
	multi.Name, multi.Verdict, multi.Tuples = "multi-ip", law.Postponed, 1500
	multi.Change = []string{"backend.addresses: 3"}
	return Run("20261123-101500-port-exhaustion-quick", "quick", base, keep, reuse, multi)
}

// Full is the baseline and one mitigation at the kernel's default range, with
// the collapse at half of it.
func Full() *results.Run {
	c := Case{Tuples: 28231, RatePerS: 2000, Duration: 90, Churn: 1, Cliff: true}
	base, keep := c, c
	base.Name, base.Verdict = "baseline", law.Reproduced
	keep.Name, keep.Verdict, keep.Churn, keep.Cliff = "keepalive", law.Mitigated, 0, false
	keep.Change = []string{"proxy.keepalive: 64"}
	return Run("20261123-103000-port-exhaustion-full", "full", base, keep)
}

// Cut is a run that was interrupted: one variant whole, one without samples
// judged invalid, one never reached.
func Cut() *results.Run {
	r := Quick()
	r.Dir = filepath.Join(filepath.Dir(r.Dir), "20261123-104500-port-exhaustion-quick")
	r.Summary.Partial, r.Summary.AsExpected = true, nil
	r.Summary.Notes = []string{"The run was interrupted before its last variant ended."}
	v := &r.Summary.Variants[1]
	*v = results.Variant{Name: v.Name, Verdict: law.Invalid, Expected: law.Mitigated,
		Why: "The generator sent 12 % of its requests late.", OfferedPerS: 200, Predicted: v.Predicted}
	r.Variants[1].Samples = nil
	r.Summary.Variants, r.Variants = r.Summary.Variants[:3], r.Variants[:3]
	v = &r.Summary.Variants[2]
	v.Verdict, v.Why, v.AsExpected = law.Error, "The backend ended: httpd exited with status 1.", nil
	r.Variants[2].Samples = r.Variants[2].Samples[:60]
	return r
}

// Many is a run with more variants than stand side by side, and long names.
func Many() *results.Run {
	c := Case{Tuples: 500, RatePerS: 200, Duration: 10, Stop: 5, Churn: 1}
	var cases []Case
	for _, v := range []struct{ name, verdict string }{{"baseline", law.Reproduced},
		{"keepalive-with-a-pool-of-one", law.Postponed}, {"tw-reuse-and-timestamps-off", law.Reproduced},
		{"multi-ip", law.Postponed}, {"max-tw-buckets", law.Mitigated}, {"wider-range-and-reuse", law.Inconclusive}} {
		c.Name, c.Verdict = v.name, v.verdict
		c.Tuples += 250
		cases = append(cases, c)
	}
	return Run("20261123-110000-port-exhaustion-many", "quick", cases...)
}

// Run evaluates the cases.
func Run(id, size string, cases ...Case) *results.Run {
	r := &results.Run{Dir: filepath.Join("runs", id)}
	start := time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)
	r.Plan = results.Plan{Scenario: "port-exhaustion", Title: "nginx runs out of source ports towards one backend",
		Size: size, Driver: "docker", Seed: 1}
	r.Env = results.Env{
		Tool:       "v0.1.0",
		Revision:   "4f2c9d1a77e0",
		StartedUTC: start.Format(time.RFC3339),
		Driver:     "docker",
		Engine:     "Docker 20.10.24",
		Kernel:     "6.18.5",
		Arch:       "amd64",
		CPUs:       2,
		MemoryMiB:  4096,
		Images: []results.Image{
			{
				Role:      "proxy",
				Requested: "nginx:1.30",
				Used:      "lab99/nginx:assembled",
				ID:        "sha256:0f3a5c1e9b",
				Source:    "assembled",
				Version:   "nginx/1.22.1",
			},
			{Role: "backend", Requested: "httpd:2.4", Used: "httpd:2.4", ID: "sha256:77aa01c2d3", Source: "present",
				Version: "Apache/2.4.66"},
		},
	}
	yes := true
	r.Summary = results.Summary{
		Schema:     results.SummarySchema,
		Scenario:   r.Plan.Scenario,
		Title:      r.Plan.Title,
		Size:       size,
		StartedUTC: r.Env.StartedUTC,
		AsExpected: &yes,
		Notes:      []string{"nginx 1.30 was asked for, 1.22.1 was assembled from the distribution's packages."},
	}
	for i, c := range cases {
		law := c.law()
		r.Plan.Variants = append(r.Plan.Variants, results.VariantPlan{
			Name:        c.Name,
			Change:      c.Change,
			ProxyImage:  "nginx:1.30",
			BackendKind: "httpd",
			BackendImg:  "httpd:2.4",
			PortLow:     20000,
			PortHigh:    19999 + c.Tuples,
			RatePerS:    c.RatePerS,
			DurationS:   c.Duration,
			Connections: 64,
			TimeoutS:    5,
			Addresses:   1,
			Workers:     1,
			Sysctls:     map[string]string{"net.ipv4.tcp_tw_reuse": "0"},
			Expect:      c.Verdict,
			Predicted:   law,
		})
		if c.Skip {
			continue
		}
		at := start.Add(time.Duration(i) * time.Minute)
		v, data := c.evaluate(law, at)
		r.Summary.Variants = append(r.Summary.Variants, v)
		r.Variants = append(r.Variants, data)
		r.Env.Variants = append(r.Env.Variants, results.VariantEnv{Name: c.Name, Hosts: map[string]results.HostEnv{
			"proxy": {
				Sysctls: map[string]string{
					"net.ipv4.ip_local_port_range": fmt.Sprintf("20000 %d", 19999+c.Tuples),
					"net.ipv4.tcp_tw_reuse":        "0",
				},
				UsablePorts: c.Tuples,
				NoFile:      65536,
				Version:     "nginx/1.22.1",
			}}})
	}
	if err := r.Plan.Seal(); err != nil {
		panic(err) // only maps and strings: cannot fail
	}
	r.Summary.PlanHash = r.Plan.Hash
	r.Summary.Finding = results.Finding(r.Summary)
	return r
}

func (c Case) law() law.Prediction {
	p := law.Prediction{Tuples: c.Tuples, HoldS: hold, Verdict: c.Verdict}
	if c.HoldS > 0 {
		p.HoldS = c.HoldS
	}
	p.Rho = c.RatePerS * c.Churn * p.HoldS / float64(c.Tuples)
	first, steady := float64(c.Tuples)/c.RatePerS, c.RatePerS
	if p.Rho > 1 {
		steady = float64(c.Tuples) / p.HoldS
		n := c.Tuples
		if c.Cliff {
			half := first / 2
			slow := half + float64(c.Tuples)/2/collapsedPerS
			p.CollapseS, p.FirstError99S = &half, &slow
		} else if first < c.Duration {
			p.FirstError99S, p.OKBeforeError99 = &first, &n
		}
	}
	p.SteadyOKPerS = &steady
	return p
}

// evaluate sends the requests one after the other through the laws.
func (c Case) evaluate(law law.Prediction, began time.Time) (results.Variant, results.VariantData) {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }
	e := evaluation{
		Case:      c,
		law:       law,
		lat:       histogram(),
		latOK:     histogram(),
		latFailed: histogram(),
		service:   histogram(),
	}
	e.run()
	return e.summary(), results.VariantData{
		Name:          c.Name,
		Samples:       e.samples,
		Latency:       e.lat,
		LatencyOK:     e.latOK,
		LatencyFailed: e.latFailed,
		Service:       e.service,
		ProxyFile:     results.NginxFile,
		ProxyConf:     c.nginx(),
		Events: []results.Event{
			{Time: stamp(began, -0.8), Name: "up", TookS: new(0.8)},
			{Time: stamp(began, 0), T: new(0.0), Name: "load starts", Host: results.HostLoad},
			{Time: stamp(began, e.end), T: new(e.end), Name: "load ends", Host: results.HostLoad},
		},
		LogExcerpt: e.excerpt(),
	}
}

// nginx is as much of a configuration as shows a change.
func (c Case) nginx() string {
	const server = "server {\n    listen 8080;\n    proxy_http_version 1.1;\n    proxy_set_header Connection \"\";\n" +
		"    proxy_pass http://%s;\n}\n"
	if c.Churn > 0 {
		return fmt.Sprintf(server, "198.18.0.3:8080")
	}
	return "upstream lab99 {\n    server 198.18.0.3:8080 max_fails=0;\n    keepalive 20;\n}\n" +
		fmt.Sprintf(server, "lab99")
}

func stamp(t time.Time, s float64) string {
	return t.Add(time.Duration(s * float64(time.Second))).Format("2006-01-02T15:04:05.000Z07:00")
}
