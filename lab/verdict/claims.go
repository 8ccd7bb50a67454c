package verdict

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/results"
)

// claims looks at what the scenario says about figures of the result.
func (m *Measured) claims(v *results.Variant) []results.Check {
	var list []results.Check
	for _, claim := range m.Plan.Claims {
		c := results.Check{ID: "claim", Name: "claim", Law: claim.String()}
		got := m.metric(v, claim.Figure)
		if got == nil {
			c.Text = claim.Figure + " was not measured"
		} else {
			ok := claim.Holds(*got)
			c.OK, c.Predicted, c.Measured = &ok, &claim.Value, got
			c.Text = fmt.Sprintf("claimed %s, measured %.4g", claim, *got)
		}
		list = append(list, c)
	}
	return list
}

// metric is a figure of the result by the name a claim has for it; nil if it
// was not measured.
func (m *Measured) metric(v *results.Variant, name string) *float64 {
	switch name {
	case "ok":
		return count(v.OK)
	case "failed":
		return count(v.Failed)
	case "dropped":
		return count(v.Dropped)
	case "failed_share":
		return ratio(count(v.Failed), count(v.Sent))
	case "ok_before_error_99":
		return count(v.OKBefore)
	case "lost_share", "lost_of":
		failed, of := m.lost()
		if name == "lost_of" {
			failed, of = of, 1
		}
		return ratio(&failed, &of)
	case "first_error_99_s":
		return v.FirstError
	case "collapse_s":
		return v.CollapseS
	case "recovered_s":
		return v.RecoveredS
	case "new_connections":
		return count(v.NewConns)
	case "connections_per_request":
		return m.churn(v)
	case "close_share":
		return v.CloseShare
	case "tries_per_failure":
		if v.Connect99 != nil && v.Errors != nil && v.Errors.Error99 > 0 {
			return ratio(num(*v.Connect99), num(v.Errors.Error99))
		}
	case "connect_error_99":
		return count(v.Connect99)
	case "alive_peak":
		if v.Held != nil {
			return num(v.Held.Peak)
		}
	case "held_broken":
		if v.Held != nil {
			return num(v.Held.Broken + v.Held.Overdue)
		}
	case "blackout_s":
		return v.BlackoutS
	case "rho":
		return v.RhoSteady
	case "ports_peak":
		return count(v.Ports.PeakUsed)
	case "time_wait_proxy":
		return count(v.TimeWait.ProxyPeak)
	case "time_wait_backend":
		return count(v.TimeWait.BackendPeak)
	case "neighbour_max_ms":
		if v.Neighbour != nil {
			return &v.Neighbour.Max
		}
	case "p99_ms":
		if v.Latency != nil {
			return &v.Latency.P99
		}
	case "bystander_backend_failed", "bystander_elsewhere_failed", "bystander_bind_failed":
		if v.Bystander != nil {
			kind := strings.TrimSuffix(strings.TrimPrefix(name, "bystander_"), "_failed")
			return num(v.Bystander.Of(kind).Failed)
		}
	case "tw_recycled", "tw_overflow":
		return m.counted(name)
	case "log_lines_per_failure":
		if v.NginxLog != nil && v.Errors != nil {
			return ratio(num(v.NginxLog.Error99), num(v.Errors.Error99))
		}
	case "error_99", "no_live_upstreams", "other_failures":
		return cause(v.Errors, name)
	case "log_error_99", "log_no_live_upstreams", "log_other":
		return cause(v.NginxLog, name)
	}
	return nil
}

func cause(e *results.Errors, name string) *float64 {
	if e == nil {
		return nil
	}
	switch name {
	case "error_99", "log_error_99":
		return num(e.Error99)
	case "no_live_upstreams", "log_no_live_upstreams":
		return num(e.NoLiveUpstreams)
	}
	return num(e.Other)
}

// counted is a counter of the proxy's kernel over the run.
func (m *Measured) counted(metric string) *float64 {
	if m.Proxy == nil {
		return nil
	}
	key := map[string]string{"tw_recycled": "time_wait_recycled", "tw_overflow": "time_wait_overflow"}[metric]
	return num(m.Proxy.Counters[key])
}

// churn is new connections per request that nginx took to the backend.
func (m *Measured) churn(v *results.Variant) *float64 {
	if v.Sent == nil || v.Errors == nil {
		return nil
	}
	return ratio(count(v.NewConns), num(*v.Sent-v.Errors.Error99-v.Errors.NoLiveUpstreams))
}

func count(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return num(*n)
}

func ratio(a, b *float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	r := *a / *b
	return &r
}
