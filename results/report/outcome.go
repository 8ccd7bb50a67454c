package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
)

// What follows sorts the variants by what a meeting may conclude of them.

// Fixed are the changes to the servers that held where the baseline failed.
func (p *page) Fixed() []variant {
	return p.others(func(v variant) bool { return v.Cures(p) })
}

// Unfixed are those that did not hold.
func (p *page) Unfixed() []variant {
	return p.others(func(v variant) bool { return v.failed() && v.Verdict != law.Mitigated && v.rollable() })
}

// Hidden are those under which nothing failed, at a price that nobody should pay.
func (p *page) Hidden() []variant {
	return p.others(func(v variant) bool { return v.Verdict == law.Mitigated && v.Harmful(p) })
}

// NoChange are the others: variants of the load or of the test, which teach
// something and are no change to roll out.
func (p *page) NoChange() []variant {
	return p.others(func(v variant) bool { return !v.NotRun && !v.rollable() })
}

// Cures says whether a variant is a change to roll out: nothing failed, under the
// load that the baseline failed under, because of a setting of the servers that
// does no harm.
func (v variant) Cures(p *page) bool {
	return v.Verdict == law.Mitigated && p.baseline().failed() &&
		v.rollable() && len(v.otherLoad()) == 0 && !v.Harmful(p)
}

// failed says whether a variant was judged and lost requests.
func (v *variant) failed() bool {
	return law.Decides(v.Verdict) && !v.NotRun && (v.FirstError != nil || v.Collapsed || v.Lost() > 0)
}

// kernelsDefault is what every machine has: where it holds, that is because of the
// place it is used in, a loopback address.
const kernelsDefault = "proxy.sysctls.net.ipv4.tcp_tw_reuse: 2"

// rollable says whether a variant changes something that can be set outside of the
// lab.
func (v *variant) rollable() bool {
	for _, c := range v.changes() {
		if c == kernelsDefault {
			continue
		}
		if k := cardOf(c); k != nil && k.Where != (places{}) {
			return true
		}
	}
	return false
}

// Harmful says whether what a variant changes does harm, whatever its verdict.
func (v variant) Harmful(p *page) bool {
	if p.Run.Plan.Kind == "harm" {
		return true
	}
	for _, c := range v.changes() {
		if k := cardOf(c); k != nil && k.path == harmfulPath {
			return true
		}
	}
	return false
}

// otherLoad are the changes of a variant that nobody can roll out: of the load and
// of the test.
func (v *variant) otherLoad() []string {
	var all []string
	for _, c := range v.changes() {
		if k := cardOf(c); k == nil || k.Where == (places{}) {
			if !strings.HasPrefix(c, "duration: ") { // how long it was watched
				all = append(all, c)
			}
		}
	}
	return all
}

// changes are what a variant has otherwise than the baseline, as "path: value". The
// baseline may have changes of its own, which another takes back.
func (v *variant) changes() []string {
	if v.base == nil {
		return nil
	}
	there := map[string]bool{} // paths that the variant sets
	for _, c := range v.Plan.Change {
		there[pathOf(c)] = true
	}
	var all []string
	for _, c := range v.Plan.Change {
		if !slices.Contains(v.base.Plan.Change, c) {
			all = append(all, c)
		}
	}
	for _, c := range v.base.Plan.Change {
		if !there[pathOf(c)] {
			all = append(all, pathOf(c)+": "+v.value(pathOf(c)))
		}
	}
	return all
}

func pathOf(change string) string {
	path, _, _ := strings.Cut(change, ": ")
	return path
}

// value is what a variant has at a path that it does not change itself.
func (v *variant) value(path string) string {
	if name, ok := strings.CutPrefix(path, "proxy.sysctls."); ok {
		if s, ok := v.Plan.Sysctls[name]; ok {
			return s
		}
	}
	switch path {
	case "proxy.max_fails":
		return strconv.Itoa(v.Plan.MaxFails)
	case "proxy.keepalive":
		return strconv.Itoa(v.Plan.Keepalive)
	}
	return "as in the scenario"
}

func (p *page) others(want func(variant) bool) []variant {
	var some []variant
	for _, v := range p.Variants {
		if !v.IsBaseline() && want(v) {
			some = append(some, v)
		}
	}
	return some
}

// baseline is the variant that the others are told from: the first, as the judge
// has it.
func (p *page) baseline() *variant { return &p.Variants[0] }

// IsBaseline says whether the others are told from this one.
func (v variant) IsBaseline() bool { return v.base == nil }
