package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
)

// Metrics are the figures a claim can be about: of the result's row, and the
// kernel's counters on the proxy.
var Metrics = []string{
	"ok", "failed", "failed_share", "error_99", "no_live_upstreams", "other_failures", "dropped",
	"log_error_99", "log_no_live_upstreams", "log_other",
	"first_error_99_s", "new_connections", "connections_per_request", "close_share", "rho",
	"time_wait_proxy", "time_wait_backend", "ports_peak", "neighbour_max_ms", "p99_ms",
	"tw_recycled", "tw_overflow", "collapse_s", "recovered_s", "log_lines_per_failure",
	"tries_per_failure", "connect_error_99", "blackout_s", "alive_peak", "held_broken",
	"bystander_backend_failed", "bystander_elsewhere_failed", "bystander_bind_failed",
}

var claimRE = regexp.MustCompile(`^([a-z0-9_]+) *(<=|>=|<|>|=) *([0-9.]+(?:e[+-]?[0-9]+)?)$`)

func readClaims(d *decoder, n *node, path string) any {
	var all []law.Claim
	if n == nil {
		return all
	}
	if n.kind != sequence {
		d.add(n.at.error(path+" is "+n.kind.String()+", want a list of claims",
			`for example ["failed_share < 0.1", "log_error_99 = 3"]`))
		return all
	}
	for _, item := range n.items {
		if !d.isScalar(item, path, "a claim such as failed_share < 0.1") {
			continue
		}
		c, err := parseClaim(item.text)
		switch {
		case err != nil:
			d.add(item.at.error(err.Error(), "want FIGURE OP NUMBER, such as failed_share < 0.1"))
		case !slices.Contains(Metrics, c.Figure):
			d.add(item.at.error(fmt.Sprintf("no figure %q", c.Figure), didYouMean(c.Figure, Metrics)))
		default:
			all = append(all, c)
		}
	}
	return all
}

func claimsSchema() schema {
	return schema{"type": "array", "items": schema{
		"type": "string", "pattern": strings.Replace(claimRE.String(), "[a-z0-9_]+", strings.Join(Metrics, "|"), 1),
	}}
}

// parseClaim takes any name for a figure.
func parseClaim(s string) (law.Claim, error) {
	m := claimRE.FindStringSubmatch(s)
	if m == nil {
		return law.Claim{}, fmt.Errorf("%q is not a claim", s)
	}
	v, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return law.Claim{}, fmt.Errorf("%q is not a number", m[3])
	}
	return law.Claim{Figure: m[1], Op: m[2], Value: v}, nil
}
