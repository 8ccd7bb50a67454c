package nginxconf

import (
	"fmt"
	"strings"
)

var variableBypassesPool = Rule{
	ID: "variable-bypasses-pool", Level: Warning,
	Doc: "A pass with a variable looks its host up for each request. Where the result is the name of an upstream " +
		"block, the block and its pool are used; any other host gets a connection per request, and no pool can " +
		"be had for it.",
	check: func(k *checker) {
		for _, r := range k.routes {
			text := r.Pass.Arg(1)
			if r.Server.Stream || constant(text) || r.Upstream != nil && r.Upstream.Directive != nil {
				continue
			}
			names := "$" + strings.Join(variablesIn(text), ", $")
			switch {
			case r.Unknown != "" && placeholders(text) != "":
				k.report(Note, r.Pass, 1,
					"fill it in first, with envsubst, or give the output of nginx -T where it runs",
					"%s: whether there is a pool depends on it", r.Unknown)
			case r.Pool.Elsewhere:
				k.report(Note, r.Pass, 1,
					"give the part with upstream "+r.Upstream.Name+" as well, or the output of nginx -T",
					"%s leads to %s: without an upstream block of that name, which may be in a part that was not "+
						"read, it is a host without any pool", text, r.Upstream.Name)
			case r.Unknown != "":
				k.report(Note, r.Pass, 1,
					"let the variable have names of upstream blocks with keepalive, from a map in this configuration",
					"%s: nginx looks the host up for each request, and unless it is the name of an upstream "+
						"block there is no pool", r.Unknown)
			default:
				fix := fmt.Sprintf("name an upstream block, `upstream backend { server %s; keepalive 32; }`, "+
					"in place of the host", r.Upstream.Peers[0].Destination())
				if bare, port := splitPort(r.Upstream.Name, 0); port > 0 &&
					k.model.upstreams[strings.ToLower(bare)] != nil {
					fix = fmt.Sprintf("leave the port out: upstream %s is the block, %s is a host", bare,
						r.Upstream.Name)
				}
				level := Warning
				if !r.Ports() || r.ClosesFirst == ClosedByBackend {
					level = Note // no port stays taken
				}
				k.report(level, r.Pass, 1, fix,
					"%s in the pass makes nginx take %s for a host of this one request, without any pool", names,
					r.Upstream.Name)
			}
		}
	},
}

var noResolver = Rule{
	ID: "no-resolver", Level: Error,
	Doc: "A pass with a variable whose value is a host name needs a `resolver`: without one nginx answers 502, " +
		"`no resolver defined to resolve`.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if u := r.Upstream; u != nil && u.Directive == nil && u.Peers[0].Resolve && r.Resolver == nil {
				if k.config.partial() {
					k.report(Note, r.Pass, 1, "see that http{} or the server has a resolver",
						"%s is a name that nginx has to look up for each request: it needs a resolver, and "+
							"none is in what was read",
						u.Peers[0].Address)
					continue
				}
				k.report(Error, r.Pass, 1, "write `resolver ADDRESS;` with your name server's address, or "+
					"name an upstream block",
					"%s is a name that nginx has to look up for each request, and there is no resolver: the "+
						"answer is 502", u.Peers[0].Address)
			}
		}
	},
}

var defaultDiffersByVersion = Rule{
	ID: "default-differs-by-version", Level: Note,
	Doc: "nginx 1.29.7 changed what a pass does without a word: before it HTTP/1.0 with `Connection: close` and " +
		"no pool, from it on HTTP/1.1, no Connection header, and 32 idle connections per worker for an upstream " +
		"block. Say which release runs, or write the three lines.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if n := r.Newer; n != nil {
				words := "`keepalive`"
				if r.Protocol == HTTP || r.Protocol == HTTPS {
					words = "`proxy_http_version`, `proxy_set_header Connection` and " + words
				}
				k.report(Note, r.Pass, 0, "give the release, as in --nginx 1.30, or write "+words+" out",
					"nginx before %s: %s; from it on: %s", Pooling, r.summary(), n.summary())
			}
		}
	},
}

// summary is what the release decides.
func (r *Route) summary() string {
	s := ""
	if r.HTTPVersion != "" && r.HTTPVersion != "2" {
		s = "HTTP/" + r.HTTPVersion + ", "
		if r.Header.Value != "" {
			s += "Connection: " + r.Header.Value + ", "
		}
	}
	switch r.Pool.State {
	case PoolWorks:
		s += fmt.Sprintf("a pool of %d per worker", r.Pool.Size)
	case PoolInert:
		s += fmt.Sprintf("a pool of %d that is not used", r.Pool.Size)
	default:
		s += "no pool"
	}
	f := "a race"
	if r.CloseShare != nil {
		f = fmt.Sprintf("f = %g", *r.CloseShare)
	}
	return s + ", " + f
}

var proxyBind = Rule{
	ID: "proxy-bind", Level: Note,
	Doc: "`proxy_bind` chooses the source address. Each further address has its own source ports, so S addresses " +
		"carry S times as many connections. With a port in it (`$remote_port`) nginx needs exactly that one, and " +
		"answers 500 while it is taken. The host must have the address: else bind() fails with error 99.",
	check: func(k *checker) {
		for _, r := range k.routes {
			b := r.Bind
			if b.Directive == nil {
				continue
			}
			name := b.Directive.Name()
			switch {
			case b.Ports, strings.Contains(b.Directive.Arg(1), "$remote_port"):
				k.report(Warning, b.Directive, 1, "leave the port out: the kernel then chooses a free one",
					"%s with a port asks for exactly that port: bind() fails with error 98 while it is "+
						"taken, and nginx answers 500", name)
			case b.Transparent && !b.Known:
				k.report(Note, b.Directive, 0, "none is needed; the backend's route back must lead through this host",
					"connections have the client's address: each client has source ports of its own")
			case !b.Known:
				k.report(Note, b.Directive, 1, "none is needed",
					"%s decides on the source address, and its value is not in the configuration: S is not known",
					b.Directive.Arg(1))
			case len(b.Addresses) > 1:
				k.report(Note, b.Directive, 1, "none is needed; every address must be one of the host's",
					"%d source addresses, %s: S = %d%s",
					len(b.Addresses), strings.Join(named(b.Addresses), ", "), len(b.Addresses), uneven(b.Shares))
			case b.Transparent:
				k.report(Note, b.Directive, 1, "none is needed; the backend's route back must lead through this host",
					"connections have the source address %s, which need not be the host's: S = 1",
					strings.Join(named(b.Addresses), ", "))
			default:
				k.report(Note, b.Directive, 1, "none is needed; more addresses come from split_clients and a "+
					"variable here",
					"connections have the source address %s; a host without it fails every bind() with error "+
						"99", strings.Join(named(b.Addresses), ", "))
			}
		}
	},
}

func named(addresses []string) []string {
	var all []string
	for _, a := range addresses {
		if a == "" {
			a = "the kernel's choice"
		}
		all = append(all, a)
	}
	return all
}

func uneven(shares []float64) string {
	most := 0.0
	for _, s := range shares {
		most = max(most, s)
	}
	if most*float64(len(shares)) <= 1.01 {
		return ""
	}
	return fmt.Sprintf("; the ports of the first to run out go at %.0f %% of the rate", 100*most)
}

var protocolNotSupported = Rule{
	ID: "protocol-not-supported", Level: Note,
	Doc: "A pass of a module that this model does not know, the mail proxy, or UDP: what it does to connections " +
		"is not said here.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if r.Protocol == UDP {
				k.report(Note, r.Pass, 0, "none is needed",
					"UDP has no TIME_WAIT: a port is taken for as long as the session lasts")
			}
		}
		known := func(name string) bool { return passes[name] != "" || name == "proxy_pass" }
		for _, t := range k.config.Files {
			walkDirectives(t.Root, func(d *Directive) {
				name := d.Name()
				if !d.HasBlock() && strings.HasSuffix(name, "_pass") && !known(name) && len(d.Words) > 1 {
					k.report(Note, d, 0, "look into the module's documentation for a pool of its own",
						"%s is not known here: what it does to connections is not said", name)
				}
				if d.Kind == Directives && name == "mail" {
					k.report(Note, d, 0, "none is needed",
						"the mail proxy opens a connection for each session; it is not looked into here")
				}
			})
		}
	},
}

// walkDirectives visits every directive that is no data.
func walkDirectives(ds []*Directive, visit func(*Directive)) {
	for _, d := range ds {
		visit(d)
		if d.Kind == Directives {
			walkDirectives(d.Block, visit)
		}
	}
}
