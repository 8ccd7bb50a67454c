package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// endsOf are the addresses in routes, each place once. Those of clients, which transparent
// takes for a source, are not the host's own.
func endsOf(routes []*nginxconf.Route) (all []End) {
	add := func(d *nginxconf.Directive, address string, source, port bool) {
		a, err := netip.ParseAddr(strings.Trim(address, "[]"))
		if d == nil || err != nil {
			return
		}
		e := End{File: d.Tree.Name, Line: d.Line, Address: a.Unmap().WithZone(""), Source: source, Port: port}
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	for _, r := range routes {
		if r.Upstream != nil {
			for _, p := range r.Upstream.Peers {
				if !p.Unix && !p.Named && !p.Down {
					add(p.Directive, p.Address, false, false)
				}
			}
		}
		if r.Bind.Known && !r.Bind.Transparent {
			for _, address := range r.Bind.Addresses {
				add(r.Bind.Directive, address, true, r.Bind.Ports)
			}
		}
	}
	return all
}

// aboutPools are the findings of lint that cost connections.
var aboutPools = []string{
	"no-pool", "inert-pool", "half-done-keepalive", "connection-header-wiped", "variable-bypasses-pool",
	"pool-smaller-than-workers-need",
}

// What is shown of a configuration is bounded: it is somebody else's, who may want to hide
// other findings among his own. lint shows all of it.
const (
	shownAtMost = 20  // findings of one nginx
	textShown   = 600 // characters of each
)

// nginxConfig: what in a configuration costs connections.
func nginxConfig(v *view) {
	if len(v.Tuples) == 0 {
		return
	}
	level := Note
	if slices.ContainsFunc(v.Tuples, func(t Tuple) bool { return t.State != OK && t.State != Unknown }) {
		level = Warning
	}
	// Where ports run out, nginx takes servers out for it, and its log has few lines of error
	// 99 and many of "no live upstreams".
	short := slices.ContainsFunc(v.Tuples, func(t Tuple) bool { return t.State == Exhausted || t.State == RunningOut })
	for _, c := range v.seen.Configured {
		if c.Report == nil {
			continue
		}
		shown := 0
		for _, f := range c.Report.Findings {
			if shown < shownAtMost && (slices.Contains(aboutPools, f.ID) || short && f.ID == "peer-ejection") {
				shown++
				v.add(Finding{Level: level, File: f.File, Line: f.Line, Next: format.Short(f.Fix, textShown),
					Text: fmt.Sprintf("%s: %s [%s]", c.within(v.Name), format.Short(f.Text, textShown), f.ID)})
			}
		}
	}
}
