package nginxconf

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// outsideURL says whether a return or rewrite leads to another site.
func outsideURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "$scheme")
}

// refuseUpstreams checks groups and their servers.
func (k *checker) refuseUpstreams() {
	first := map[string]*Directive{}
	for _, u := range k.model.ordered {
		name := strings.ToLower(u.Name)
		stream := u.block.outer == k.model.stream
		if stream {
			name = streamPrefix + name
		}
		if d := first[name]; d != nil {
			k.refuse(u.Directive, 1, "give one of them another name, in any case of letters",
				"duplicate upstream %q: it is in %s already", u.Name, at(d, u.Directive))
		}
		first[name] = u.Directive
		if len(u.Peers) == 0 && u.Method != OtherMethod && !u.filled() {
			k.refuse(u.Directive, 0, "write a server into it", "no servers are inside upstream %q", u.Name)
		}
		serves := slices.ContainsFunc(u.Peers, func(p Peer) bool { return !p.Backup })
		if len(u.Peers) > 0 && u.Method != OtherMethod && !serves {
			k.refuse(u.Directive, 1, "leave backup out of one of them", "no servers in upstream %q but backups", u.Name)
		}
		if stream && u.block.own("keepalive") != nil {
			k.refuse(u.block.own("keepalive"), 0, "stream{} has no pool: take it out",
				"unknown directive \"keepalive\" in stream")
		}
		for _, p := range u.Peers {
			k.refuseServer(u, p)
		}
	}
}

// wrongPort is the fix of a host whose port nginx does not take, "" where it does. Of an
// address of IPv6 without brackets the port begins at the first colon.
func wrongPort(host string) string {
	rest := host
	if i := strings.IndexByte(host, ']'); i >= 0 && strings.HasPrefix(host, "[") {
		rest = host[i+1:]
	}
	_, port, given := strings.Cut(rest, ":")
	if n, err := strconv.Atoi(port); !given || err == nil && n > 0 && n <= 65535 {
		return ""
	}
	if strings.Count(rest, ":") > 1 {
		return "put an address of IPv6 into brackets"
	}
	return "a port from 1 to 65535"
}

// filled says whether something else may give the group its servers: a file that
// was not read, or a directive of a module, such as postgres_server.
func (u *Upstream) filled() bool {
	return slices.ContainsFunc(u.Directive.Block, func(d *Directive) bool {
		_, known := grammars[d.Name()]
		others := []string{"zone", "hash", "random", "resolver", "resolver_timeout", "sticky"}
		return !known && !slices.Contains(others, d.Name())
	})
}

func (k *checker) refuseServer(u *Upstream, p Peer) {
	d := p.Directive
	for i, w := range d.Words {
		if i < 2 {
			continue
		}
		name, value, has := strings.Cut(w.Text, "=")
		switch name {
		case "weight", "max_fails", "max_conns":
			if n, err := strconv.Atoi(value); err != nil || n < 0 || name == "weight" && n == 0 {
				k.refuse(d, i, "give a whole number", "invalid parameter %q", w.Text)
			}
		case "fail_timeout":
			if _, ok := seconds(value); !ok {
				k.refuse(d, i, "a time such as 10s", "invalid parameter %q", w.Text)
			}
		case "backup":
			if u.Method == IPHash || u.Method == Hash || u.Method == Random {
				k.refuse(d, i, "leave it out, or use round robin or least_conn",
					"balancing method %s does not support parameter \"backup\"", u.Method)
			}
		case "resolve":
			switch {
			case !k.release.since(openResolve):
				k.refuse(d, i,
					"nginx "+openResolve.String()+", or leave it out: the name is then looked up once, at the start",
					"parameter \"resolve\" needs nginx %s", openResolve)
			case !u.Zone:
				k.refuse(d, i, "write `zone "+u.Name+" 64k;` into the block",
					"resolving names at run time requires upstream %q to be in shared memory", u.Name)
			case u.block.find("resolver") == nil:
				k.refuse(d, i, "write `resolver ADDRESS;` into the block or http{}",
					"no resolver defined to resolve names at run time in upstream %q", u.Name)
			}
		case "down", "slow_start", "service", "route", "drain":
		default:
			if !has || !slices.Contains([]string{"id", "max_queue", "srun_id", "sid"}, name) {
				k.refuse(d, i, "see the documentation of server", "invalid parameter %q", w.Text)
			}
		}
	}
	if _, _, scheme := cutScheme(d.Arg(1)); scheme {
		k.refuse(d, 1, "leave the scheme out: it belongs to the pass", "invalid host in upstream %q", d.Arg(1))
	} else if fix := wrongPort(d.Arg(1)); !p.Unix && constant(d.Arg(1)) && (fix != "" || p.Port == 0) {
		k.refuse(d, 1, cmp.Or(fix, "a port from 1 to 65535"), "invalid port in upstream %q", d.Arg(1))
	}
}

// refuseServers checks listens, locations and passes.
func (k *checker) refuseServers() {
	first := map[string]*Directive{}
	for _, s := range k.model.servers {
		for _, l := range s.Listens {
			if l.Directive == nil {
				continue
			}
			address := l.Address + ":" + strconv.Itoa(l.Port)
			if d := first[address]; l.Default && d != nil && d != l.Directive {
				k.refuse(l.Directive, 1, "leave default_server in one of them",
					"a duplicate default server for %s: %s has it already", address, at(d, l.Directive))
			} else if l.Default {
				first[address] = l.Directive
			}
			if l.Port > 65535 || l.Port < 1 && !strings.HasPrefix(l.Address, "unix:") {
				k.refuse(l.Directive, 1, "a port from 1 to 65535", "invalid port in %q", l.Directive.Arg(1))
			}
		}
		if d := s.block.own("http2"); d != nil && !k.release.since(http2Directive) {
			k.refuse(d, 0, "listen … http2, or nginx "+http2Directive.String(), "unknown directive \"http2\" before %s",
				http2Directive)
		}
		k.refuseLocations(s.Locations, nil)
	}
}

func (k *checker) refuseLocations(level []*Location, outer *Location) {
	first := map[string]*Directive{}
	for _, l := range level {
		key := l.String()
		if l.Kind == MatchStop {
			key = l.Pattern
		}
		switch {
		case l.Kind == MatchRegex: // the first of two that are the same is in force
		case first[key] != nil:
			k.refuse(l.Directive, len(l.Directive.Words)-1, "take one of them out",
				"duplicate location %q: it is in %s already", l.Pattern, at(first[key], l.Directive))
		}
		first[key] = l.Directive
		if outer != nil {
			switch {
			case outer.Kind == MatchExact:
				k.refuse(l.Directive, 0, "move it out", "location %q cannot be inside the exact location %q", l.Pattern,
					outer.Pattern)
			case l.Kind == MatchNamed:
				k.refuse(l.Directive, 0, "move it into the server", "named location %q can be on the server level only",
					l.Pattern)
			case l.Kind != MatchRegex && !strings.HasPrefix(l.Pattern, outer.Pattern):
				k.refuse(l.Directive, len(l.Directive.Words)-1, "move it out, or begin it with "+outer.Pattern,
					"location %q is outside location %q", l.Pattern, outer.Pattern)
			}
		}
		for _, p := range l.passes() {
			k.refusePass(p)
		}
		k.refuseLocations(l.Inner, l)
	}
}

// refusePass checks where a pass leads. With variables nginx learns that from
// each request.
func (k *checker) refusePass(p place) {
	d := p.directive
	text := d.Arg(1)
	if !constant(text) {
		return
	}
	target, uri := cutURI(text)
	scheme, host, ok := cutScheme(target)
	switch {
	case d.Name() == "proxy_pass" && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") ||
		d.Name() == "proxy_pass" && !ok:
		k.refuse(d, 1, "write http:// in front", "invalid URL prefix in %q", text)
		return
	case d.Name() == "proxy_pass" && uri != "" && (p.condition != nil || p.location.Kind == MatchRegex ||
		p.location.Kind == MatchNamed):
		k.refuse(d, 1, "leave "+uri+" out, or use rewrite … break",
			"\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named "+
				"location, or inside \"if\" statement, or inside \"limit_except\" block")
	}
	if host == "" {
		k.refuse(d, 1, "name a host", "no host in upstream %q", text)
		return
	}
	bare, port := splitPort(host, 0)
	block := k.model.upstreams[strings.ToLower(bare)]
	unix := strings.HasPrefix(strings.ToLower(host), "unix:")
	switch {
	case unix:
	case block != nil && port > 0:
		k.refuse(d, 1, "leave the port out", "upstream %q may not have port %d", bare, port)
	case wrongPort(host) != "":
		k.refuse(d, 1, wrongPort(host), "invalid port in upstream %q", host)
	case block == nil && port == 0 && d.Name() != "proxy_pass" && !k.config.partial():
		k.refuse(d, 1, "give the port, or the name of an upstream block", "no port in upstream %q", host)
	}
}
