package results

import (
	"math"
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// What follows reads runs of older versions as if they were of this one.

// Laws is what the laws are told of a variant. A plan of before that was kept has it
// in other fields, and in its prediction.
func (v VariantPlan) Laws() law.Setup {
	if v.Setup != nil {
		return v.Setup.Complete()
	}
	seconds := func(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
	s := law.Setup{
		Sources: max(v.Sources, 1), Destinations: max(v.Addresses, 1) * max(v.Ports, 1),
		RatePerS: v.RatePerS, Duration: seconds(v.DurationS), CloseShare: 1, InFlight: v.RatePerS * v.DelayS,
		Poisson: v.Random, Race: v.Race, OwnConfig: v.OwnConfig != "", Burst: seconds(v.BurstS),
		Keepalive: v.Keepalive, Workers: v.Workers, Hold: seconds(v.Predicted.HoldS),
		Ejection: law.Ejection{Peers: v.Peers, MaxFails: v.MaxFails, FailTimeout: seconds(v.FailS), NoRetry: v.OneTry},
	}
	s.Ports = v.Predicted.Tuples / (s.Sources * s.Destinations)
	s.MaxTwBuckets, _ = strconv.Atoi(v.Sysctls["net.ipv4.tcp_max_tw_buckets"])
	if v.Profile != "" { // before SteadyS was noted there was no profile either
		s.ChangesS = &v.SteadyS
	}
	return s.Complete()
}

// older are the names of checks and quantities by which runs of before there were ids
// tell of a law.
var older = map[string]string{"accounts": "accounts", "log": "log", "claim": "claim", "crashed": "crashed"}

func init() {
	for _, l := range law.Laws {
		older[l.Name], older[l.CheckName()] = l.ID, l.ID
	}
}

// identify puts the ids in that a row of an older run has not.
func (v *Variant) identify() {
	for i := range v.Checks {
		if c := &v.Checks[i]; c.ID == "" {
			c.ID = older[c.Name]
		}
	}
	for i := range v.Comparisons {
		if c := &v.Comparisons[i]; c.ID == "" {
			c.ID = older[c.Quantity]
		}
	}
}
