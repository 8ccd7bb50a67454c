package report

import (
	"maps"
	"slices"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// rollout is what to take to the meeting about one variant: the exact change
// against the baseline, and what is known of each part of it.
type rollout struct {
	*variant
	Against string // the variant that the change is told from
	Copy    []snippet
	Edits   []edit
	Cards   []card
	Other   []string // changes of the test, such as its load, which nobody rolls out
	Apart   bool     // of another kind than the proxy of Against: their configurations have no line in common
}

// Rollouts is one for every variant with a change to the servers.
func (p *page) Rollouts() []rollout {
	base := p.baseline()
	var all []rollout
	for i := range p.Variants {
		v := &p.Variants[i]
		if v == base || v.Verdict == results.Skipped {
			continue // the change is told from it, or the kernel cannot have it
		}
		r := rollout{
			variant: v,
			Against: base.Name,
			Edits:   edits(base, v),
			Other:   v.otherLoad(),
			Apart:   base.Data.ProxyFile != v.Data.ProxyFile,
		}
		if v.Verdict != law.Reproduced && v.Verdict != law.Collapsed { // nobody copies what does not help
			r.Copy = snippets(base, v)
		}
		for _, c := range v.changes() {
			pool := v.Plan.Keepalive < base.Plan.Keepalive
			if known := cardFor(c, v.Plan.ProxyName(), v.Plan.Settings["upstream.protocol"], pool); known != nil {
				r.Cards = append(r.Cards, *known)
			}
		}
		if len(r.Cards) > 0 || len(r.Edits) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// edits is what a variant has otherwise than another: configuration files as
// rendered, and settings as read back from inside the namespaces.
func edits(base, v *variant) []edit {
	var all []edit
	add := func(name, before, after string) {
		if before == "" || after == "" { // not saved is no difference
			return
		}
		if lines := difference(before, after); lines != nil {
			all = append(all, edit{name, lines})
		}
	}
	if base.Data.ProxyFile == v.Data.ProxyFile { // those of two kinds have no line in common
		add(v.Data.ProxyFile, base.Data.ProxyConf, v.Data.ProxyConf)
	}
	if base.Data.BackendFile == v.Data.BackendFile {
		add(v.Data.BackendFile, base.Data.BackendConf, v.Data.BackendConf)
	}
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		var lines []line
		for _, c := range changedSysctls(base, v, host) {
			lines = append(lines, line{'-', c.name + " = " + c.was}, line{'+', c.name + " = " + c.is})
		}
		if lines != nil {
			all = append(all, edit{"sysctls of the " + host, lines})
		}
	}
	if base.Plan.ProxyImage != v.Plan.ProxyImage {
		lines := []line{{'-', base.Plan.ProxyImage}, {'+', v.Plan.ProxyImage}}
		all = append(all, edit{"image of " + v.ProxyName(), lines})
	}
	return all
}

// changed is a sysctl that two variants have otherwise.
type changed struct{ name, was, is string }

// changedSysctls are those of a host, by name; counts change by themselves and are none.
func changedSysctls(base, v *variant, host string) (all []changed) {
	b, a := base.sysctls(host), v.sysctls(host)
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if was, there := b[k]; there && was != a[k] && !results.IsCount(k) {
			all = append(all, changed{k, was, a[k]})
		}
	}
	return all
}

// sysctls are a host's as read back; before they were, those that were asked.
func (v *variant) sysctls(host string) map[string]string {
	if v.Env != nil {
		return v.Env.Hosts[host].Sysctls
	}
	if host == results.HostProxy {
		return v.Plan.Sysctls
	}
	return nil
}
