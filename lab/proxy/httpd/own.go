package httpd

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// Adopt reads an httpd.conf of the user's own: it finds the route of the load, and puts the
// lab's addresses in.
func (Reverse) Adopt(v scenarios.Variant, at proxy.Site) (*proxy.Adopted, error) {
	c, err := readOwn(v, at)
	if err != nil {
		return nil, err
	}
	a := &proxy.Adopted{Words: "ProxyPass of its own"}
	routes := c.routes()
	if len(routes) == 0 {
		return nil, ownfile.Span{File: c.Main}.Mistake("nothing in it passes requests on over HTTP: "+
			"a ProxyPass to http:// was expected",
			"add ProxyPass \"/\" \"http://BACKEND/\", or name the file that has it")
	}
	for _, r := range routes {
		a.Own.Routes = append(a.Own.Routes, fmt.Sprintf("%v: %s to %s", r.Span, r.path, r.url))
	}
	host := c.choose(routes, v.Load.Host, v.Load.Path)
	taken, unknown := c.route(routes, host, v.Load.Path)
	switch {
	case taken == nil && unknown == "":
		a.Own.Answer = fmt.Sprintf("Apache answers %s by itself; --set load.path=%s reaches %s (%v)",
			v.Load.Path, routes[0].path, routes[0].url, routes[0].Span)
	case taken == nil:
		a.Own.Answer, a.Own.Unknown = "which route the load takes is not known", unknown
	default:
		a.Own.Passed, a.Own.Unknown = true, unknown
		a.Own.Answer = fmt.Sprintf("the load reaches %s (%v: %s)", taken.url, taken.Span, taken.Name())
		if err := c.conduct(a, taken, host); err != nil {
			return nil, err
		}
	}
	if a.Own.Unknown != "" { // any of them may be reached
		for _, r := range routes {
			for _, m := range c.members(r) {
				if to, _ := destination(m.url); to != "" {
					c.Backend(to)
				}
			}
		}
	}
	if err := c.rewrite(v, host, taken, at); err != nil {
		return nil, err
	}
	a.Config = c.Config()
	a.File = reverseFile
	a.Command = []string{
		at.Program,
		"-C", `Include "` + path.Join(at.Dir, firstFile) + `"`,
		"-c", `Include "` + path.Join(at.Dir, lastFile) + `"`,
		"-f", path.Join(at.Dir, reverseFile),
	}
	a.Serve = []string{"-D", "FOREGROUND"}
	return a, nil
}

// conditional set a variable for the requests that a condition holds for.
var conditional = []string{"setenvif", "setenvifnocase", "browsermatch", "setenvifexpr"}

// conduct says what the route of the load does to connections.
func (c *ownConf) conduct(a *proxy.Adopted, r *route, host *section) error {
	all := c.members(r)
	if len(all) == 0 {
		return r.Words[min(r.at, len(r.Words)-1)].Mistake(fmt.Sprintf("%s has no BalancerMember over HTTP", r.url),
			"add BalancerMember \"http://BACKEND\" to it")
	}
	why := func(text string, args ...any) {
		if a.Own.Unknown == "" {
			a.Own.Unknown = fmt.Sprintf(text, args...)
		}
	}
	a.Laws = law.Conduct{CloseShare: 1, Tries: 1, Lines: 1}
	seen := map[string]float64{}
	sum := 0.0
	for i, m := range all {
		alone, factor, err := m.reuse()
		if err != nil {
			return err
		}
		for _, d := range c.in(host) {
			closes := strings.EqualFold(d.Arg(1), "proxy-nokeepalive") ||
				strings.EqualFold(d.Arg(1), "force-proxy-request-1.0")
			if d.is("setenv") && closes && d.Arg(2) != "0" {
				alone = true
			}
			if slices.ContainsFunc(conditional, d.is) && strings.Contains(d.Text(), "proxy-nokeepalive") {
				why("%v: %s decides for each request whether its connection is kept", d.Span, d.Name())
			}
			if d.is("proxysourceaddress") {
				a.Laws.BindsFirst = true
			}
			if d.is("cacheenable") {
				a.Own.Cached = fmt.Sprintf("%v: CacheEnable may answer in the backend's place", d.Span)
			}
		}
		alone = alone || m.is("rewriterule")
		if i > 0 && alone != (a.Laws.Idle == 0) {
			why("the members of %s do different things", r.url)
		}
		if a.Laws.Idle = idle; alone {
			a.Laws.Idle, a.Laws.LeastShare, a.Laws.MostShare = 0, leastShare, mostShare
		}
		to, _ := destination(m.url)
		seen[to] += factor
		sum += factor
		a.Own.Loopback = a.Own.Loopback || ownfile.Loopback(m.host)
	}
	a.Own.Servers = len(seen)
	most := 0.0
	for _, f := range seen {
		most = max(most, f)
	}
	if len(seen) > 1 && sum > 0 && most/sum*float64(len(seen)) > 1.001 {
		a.Heaviest = most / sum
	}
	dark, err := all[0].blackout(c.forces(r), strings.HasPrefix(r.url, "balancer:"))
	if err != nil {
		return err
	}
	a.Laws.Blackout = dark
	if len(seen) > 1 && a.Laws.Idle == 0 && !all[0].ignores() {
		why("%s takes a member out of service for its retry= after a failure, and tries another", r.url)
	}
	if a.Laws.Idle == 0 {
		a.Words = "a connection for each request"
	} else {
		a.Words = "reuses connections"
		a.Own.Pool = "Apache keeps connections to the backend and uses them again"
	}
	return nil
}

// reuse says whether a worker closes its connection after each request, and what share of
// the requests it gets beside the others.
func (m *route) reuse() (alone bool, factor float64, err error) {
	factor = 1
	for key, p := range m.params {
		switch key {
		case "disablereuse", "enablereuse":
			on, ok := map[string]bool{"on": true, "off": false}[strings.ToLower(p.Value)]
			if !ok {
				return alone, factor, p.Mistake(fmt.Sprintf("%s=%s: On or Off was expected", key, p.Value),
					"such as disablereuse=On")
			}
			alone = on == (key == "disablereuse")
		case "loadfactor", "lbfactor":
			if factor, err = strconv.ParseFloat(p.Value, 64); err != nil || factor < 0.01 || factor > 100 {
				return alone, factor, p.Mistake(fmt.Sprintf("%s=%s: a number from 0.01 to 100 was expected",
					key, p.Value),
					"such as loadfactor=2")
			}
		}
	}
	if standby.MatchString(m.params["status"].Value) {
		factor = 0
	}
	return alone, factor, nil
}

// ignores says whether a worker never goes into error state.
func (m *route) ignores() bool {
	status := m.params["status"].Value
	return strings.Contains(status, "+I") || strings.Contains(status, "+i")
}

// blackout is how long a worker gets no request after a failure. A plain ProxyPass ignores
// errors, unless status=-I; a balancer takes all its members back where all failed.
func (m *route) blackout(forces, balanced bool) (time.Duration, error) {
	retry := retryDefault
	if p, ok := m.params["retry"]; ok {
		n, err := strconv.Atoi(p.Value)
		if err != nil || n < 0 {
			return 0, p.Mistake(fmt.Sprintf("retry=%s: a number of seconds was expected", p.Value), "such as retry=5")
		}
		retry = time.Duration(n) * time.Second
	}
	status := strings.ToUpper(m.params["status"].Value)
	switch {
	case balanced && !forces && !m.ignores(), !balanced && strings.Contains(status, "-I"):
		return retry, nil
	}
	return 0, nil
}
