package charttest

import (
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// Kinds is a run of several kinds of proxy. One stays dark for 3 s after its first error 99,
// and its log has no times; one fails to the end; one does not fail.
func Kinds() *results.Run {
	c := Case{Tuples: 500, RatePerS: 200, Duration: 10, Stop: 5, Churn: 1}
	varnish, tcp, pool := c, c, c
	varnish.Name, varnish.Verdict = "varnish", law.Reproduced
	tcp.Name, tcp.Verdict = "haproxy-tcp", law.Reproduced
	pool.Name, pool.Verdict, pool.Churn = "caddy-pool", law.Mitigated, 0
	r := Run("20261123-113000-any-proxy-quick", "quick", varnish, tcp, pool)
	for i, name := range []string{"Varnish", "HAProxy", "Caddy"} {
		r.Plan.Variants[i].Proxy, r.Summary.Variants[i].Proxy = name, name
	}
	r.Plan.Variants[0].Setup = &law.Setup{Conduct: &law.Conduct{Blackout: 3 * time.Second}}
	v, dark := &r.Summary.Variants[0], 3.0
	var again int64
	for _, s := range r.Variants[0].Samples {
		if s.Net != nil {
			s.Net.Log = nil
		}
		if l := s.Load; l != nil && s.T > *v.FirstError+dark {
			again += l.Failed
			l.OK, l.Failed, l.Errors = l.Failed, 0, results.Errors{}
		}
	}
	*v.OK, *v.Failed = *v.OK+again, *v.Failed-again
	v.Errors = &results.Errors{Error99: 1, NoLiveUpstreams: *v.Failed - 1}
	v.BlackoutS = &dark
	v.Comparisons = append(v.Comparisons, results.Comparison{
		ID:        law.Blackout.ID,
		Quantity:  law.Blackout.Words,
		Unit:      law.Seconds,
		Predicted: &dark,
		Measured:  &dark,
		OK:        true,
		Tolerance: 0.3,
	})
	return r
}
