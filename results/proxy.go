package results

import (
	"cmp"
	"slices"
	"strings"
)

// Nginx is how people call the proxy that a plan and a summary do not name.
const Nginx = "nginx"

// ProxyName is how people call the proxy of a variant.
func (v *VariantPlan) ProxyName() string { return cmp.Or(v.Proxy, Nginx) }

// ProxyName is how people call the proxy of a variant.
func (v *Variant) ProxyName() string { return cmp.Or(v.Proxy, Nginx) }

// Untried is what became of a request for which the proxy made no connect(): in nginx's
// words, which its log has, or in ours.
func (v *Variant) Untried() string {
	if v.ProxyName() == Nginx {
		return "no live upstreams"
	}
	return RefusedUntried
}

// RefusedUntried is the same of any other proxy than nginx.
const RefusedUntried = "refused without a try"

// FailedUntried is the same within a sentence about failed requests.
func (v *Variant) FailedUntried() string {
	if v.ProxyName() == Nginx {
		return `by "no live upstreams"`
	}
	return v.Untried()
}

// ProxyName is how people call the proxy of all variants; "the proxy" where they have
// several.
func (p *Plan) ProxyName() string {
	for i := range p.Variants {
		if p.Variants[i].ProxyName() != p.Variants[0].ProxyName() {
			return "the proxy"
		}
	}
	if len(p.Variants) == 0 {
		return Nginx
	}
	return p.Variants[0].ProxyName()
}

// ProxyNames are all the proxies of a run, in the order of the plan: "nginx, HAProxy".
func (p *Plan) ProxyNames() string {
	var names []string
	for i := range p.Variants {
		if name := p.Variants[i].ProxyName(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// files are the names of a variant's configurations among the results.
func (p *Plan) files(variant string) (proxy, backend string) {
	for _, v := range p.Variants {
		if v.Name == variant {
			return cmp.Or(v.ProxyFile, NginxFile), cmp.Or(v.BackendFile, HttpdFile)
		}
	}
	return NginxFile, HttpdFile
}

// RealBackend is how people call the real server behind the proxy; "" where there is
// none, as lab99 itself answered.
func (v *VariantPlan) RealBackend() string {
	switch v.BackendKind {
	case "", "httpd":
		return "Apache"
	case Nginx: // of older runs
		return "second nginx"
	}
	return v.Backend
}
