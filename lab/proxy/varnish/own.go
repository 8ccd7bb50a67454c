package varnish

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// Adopt reads a VCL program of the user's own: it finds the backend of the load, and puts the
// lab's addresses in.
func (Kind) Adopt(v scenarios.Variant, at proxy.Site) (*proxy.Adopted, error) {
	p, err := readOwn(v, at)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.backends, func(b *backend) bool { return !b.none })
	if i < 0 {
		return nil, ownfile.Span{File: p.Main}.Mistake("it has no backend with an address",
			`backend default { .host = "ADDRESS"; } was expected`)
	}
	a := &proxy.Adopted{Laws: law.Conduct{CloseShare: 1, Tries: 1, Lines: 1, Blackout: holddown}}
	a.Own.Passed = true
	for _, b := range p.backends {
		if !b.none {
			a.Own.Routes = append(a.Own.Routes, fmt.Sprintf("%v: backend %s at %s", b.Span, b.name, b.destination()))
		}
	}
	p.answers(a, v)
	p.closes(a, p.target(a, p.backends[i]))
	p.rewrite()
	a.Config = p.Config()
	a.File, a.Command = confFile, []string{at.Program}
	a.Serve = append(serve(at), "-p", "vmod_path="+modulePath)
	return a, nil
}

// destination is its address and port, as the file has them.
func (b *backend) destination() string {
	if b.host == nil {
		return ""
	}
	host, port := b.host.text, "80"
	if b.port != nil {
		port = b.port.text
	}
	return host + ":" + port
}

// why says what the file does not tell; what is found first stands.
func why(a *proxy.Adopted, at token, text string) {
	if a.Own.Unknown == "" {
		a.Own.Unknown = fmt.Sprintf("%v: %s", at.Span, text)
	}
}

// mostTokens is how many of a subroutine are looked at, with those that it calls.
const mostTokens = 1 << 14

// flat are the tokens of a subroutine, with those of the ones that it calls. Varnish refuses
// one that calls itself.
func (p *vcl) flat(name string) (all []token) {
	if all, ok := p.flats[name]; ok {
		return all
	}
	p.flats[name] = nil
	body := p.subs[name]
	for i := 0; i < len(body) && len(all) < mostTokens; i++ {
		t := body[i]
		if t.text != "call" || t.quoted || i+1 >= len(body) {
			all = append(all, t)
			continue
		}
		i++
		for _, x := range p.flat(body[i].text) {
			x.depth += t.depth - 1
			all = append(all, x)
		}
	}
	p.flats[name] = all[:min(len(all), mostTokens)]
	return p.flats[name]
}

// phrase says whether tokens begin with these words.
func phrase(all []token, words ...string) bool {
	for i, w := range words {
		if i >= len(all) || all[i].quoted || !strings.EqualFold(all[i].text, w) {
			return false
		}
	}
	return true
}

// answers says who answers the load.
func (p *vcl) answers(a *proxy.Adopted, v scenarios.Variant) {
	repeats := v.Load.Method == "" || v.Load.Method == "GET" || v.Load.Method == "HEAD"
	if repeats {
		a.Own.Cached = "Varnish may answer from its cache: with --set load.method=POST each request goes to the backend"
	}
	recv := p.flat("vcl_recv")
	for i, t := range recv {
		if !phrase(recv[i:], "return", "(") || i+2 >= len(recv) {
			continue
		}
		sure := t.depth == 1
		switch what := recv[i+2].text; {
		case sure && what == "pass":
			a.Own.Cached = ""
		case sure && what == "pipe":
			why(a, t, "return (pipe) makes each connection of a client one to the backend")
		case what == "synth" && !sure && a.Own.Limited == "":
			a.Own.Limited = fmt.Sprintf("%v: return (synth) may answer in the backend's place", t.Span)
		case what == "synth" && sure:
			a.Own.Passed = false
			a.Own.Answer = fmt.Sprintf("Varnish answers each request by itself (%v: return (synth)); "+
				"leave that out to reach %s",
				t.Span, a.Own.Routes[0])
		}
		if sure {
			break
		}
	}
	for _, name := range []string{"vcl_backend_response", "vcl_backend_error", "vcl_deliver", "vcl_synth"} {
		body := p.flat(name)
		for i, t := range body {
			if phrase(body[i:], "return", "(", "retry") || phrase(body[i:], "return", "(", "restart") {
				why(a, t, "a request may be tried again")
			}
		}
	}
}

// target are the backends that the load reaches, and says which.
func (p *vcl) target(a *proxy.Adopted, first *backend) []*backend {
	name := first.name
	for _, b := range p.backends {
		if b.name == "default" && !b.none {
			name = b.name
		}
	}
	for _, where := range [][]string{{"vcl_recv", "req", "backend_hint"}, {"vcl_backend_fetch", "bereq", "backend"}} {
		body := p.flat(where[0])
		for i, t := range body {
			if !phrase(body[i:], "set", where[1], ".", where[2], "=") || i+5 >= len(body) {
				continue
			}
			if t.depth > 1 {
				why(a, t, "which backend a request goes to is decided for each")
			} else {
				name = body[i+5].text
			}
		}
	}
	all := p.members(a, name)
	if a.Own.Answer == "" {
		var names []string
		for _, b := range all {
			names = append(names, fmt.Sprintf("%s (%v)", b.name, b.Span))
		}
		a.Own.Answer = "the load reaches backend " + strings.Join(names, ", ")
	}
	return all
}

// members are the backends behind a name: one, or those of a director.
func (p *vcl) members(a *proxy.Adopted, name string) (all []*backend) {
	of := func(name string) *backend {
		if i := slices.IndexFunc(p.backends, func(b *backend) bool { return b.name == name && !b.none }); i >= 0 {
			return p.backends[i]
		}
		return nil
	}
	if b := of(name); b != nil {
		return []*backend{b}
	}
	init := p.subs["vcl_init"]
	kind := ""
	weights := map[string]float64{}
	sum := 0.0
	for i, t := range init {
		switch {
		case phrase(init[i:], "new", name, "=", "directors", ".") && i+5 < len(init):
			kind = init[i+5].text
		case phrase(init[i:], name, ".", "add_backend", "(") && i+5 < len(init):
			b := of(init[i+4].text)
			if b == nil {
				why(a, t, "a director of directors, or of backends that are not in the file")
				continue
			}
			weight := 1.0
			if init[i+5].text == "," && i+6 < len(init) && kind == "random" {
				var number strings.Builder
				for _, x := range init[i+6:] {
					if x.text == ")" {
						break
					}
					number.WriteString(x.text)
				}
				if w, err := strconv.ParseFloat(number.String(), 64); err == nil {
					weight = w
				}
			}
			weights[b.destination()] += weight
			sum += weight
			all = append(all, b)
		}
	}
	switch {
	case len(all) == 0:
		at := p.backends[0]
		why(a, token{Span: at.Span}, fmt.Sprintf("where %s leads is not in the file", name))
		return []*backend{at}
	case kind == "fallback":
		return all[:1]
	case kind != "round_robin" && kind != "random":
		why(a, token{Span: all[0].Span}, fmt.Sprintf("a director of kind %q", kind))
	}
	for _, w := range weights {
		if w/sum*float64(len(weights)) > 1.001 {
			a.Heaviest = max(a.Heaviest, w/sum)
		}
	}
	return all
}

// closes says what becomes of connections.
func (p *vcl) closes(a *proxy.Adopted, all []*backend) {
	seen := map[string]bool{}
	for _, b := range all {
		if b.header != all[0].header {
			why(a, token{Span: b.Span}, "some backends are spoken to by the PROXY protocol, others are not")
		}
		seen[b.destination()] = true
		a.Own.Loopback = a.Own.Loopback || b.host != nil && ownfile.Loopback(b.host.text)
	}
	a.Own.Servers = len(seen)
	a.ProxyProtocol = all[0].header
	a.Words, a.Laws.Idle = "reuses connections", idle
	body := p.flat("vcl_backend_fetch")
	for i, t := range body {
		sets := phrase(body[i:], "set", "bereq", ".", "http", ".", "Connection", "=")
		if sets && i+7 < len(body) && strings.EqualFold(body[i+7].text, "close") {
			if t.depth > 1 {
				why(a, t, "Connection: close is set for some requests")
			}
			a.Words, a.Laws.Idle = "Connection: close in each request to the backend", 0
			a.Laws.LeastShare, a.Laws.MostShare = law.LeastRaceShare, law.MostRaceShare
		}
	}
	if a.ProxyProtocol {
		a.Words, a.Laws.Idle, a.Laws.LeastShare, a.Laws.MostShare = ".proxy_header", 0, 0, 0
	}
	if a.Laws.Idle == 0 && len(seen) > 1 {
		why(a, token{Span: all[0].Span}, "each backend is held down by itself after a failure")
	}
}

// rewrite puts the lab's addresses in, and takes health checks out: they take ports.
func (p *vcl) rewrite() {
	for _, b := range p.backends {
		if b.none {
			continue
		}
		to := p.Backend(b.destination())
		host, port := fmt.Sprintf("%q", to.Addr()), fmt.Sprintf("\"%d\"", to.Port())
		if b.port != nil {
			b.port.Replace(port)
		} else {
			host += "; .port = " + port
		}
		b.host.Replace(host)
		b.host.Say("%s is %v", b.destination(), to)
		for _, s := range b.probe {
			s.Replace("")
			s.Say("the health check is taken out")
		}
	}
	for _, d := range p.probes {
		d.Replace("")
		d.Say("probe %s is taken out", d.name)
	}
	names := 0 // of hosts, which the lab knows none of
	for _, d := range p.acls {
		for _, t := range d.body {
			if _, err := netip.ParseAddr(t.text); t.quoted && err != nil {
				names++
				t.Become(fmt.Sprintf(`"127.99.%d.%d"`, names/256, names%256))
			}
		}
	}
	p.Note("varnishd has the lab's parameters, and the defaults for the others")
}

// serve are the arguments by which it serves.
func serve(at proxy.Site) []string {
	return []string{"-F", "-j", "none", "-n", workDir, "-T", "none",
		"-f", path.Join(at.Dir, confFile), "-a", at.Listen.String(),
		"-s", "malloc,16m", "-p", "cc_command=" + compiler, "-p", "vsl_mask=" + lessLog}
}
