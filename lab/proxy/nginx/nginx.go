// Package nginx is nginx under test: its configuration, its releases, what it
// says of itself and of a connect() that failed, and its image.
package nginx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/scenarios"
)

// Kind is nginx as a proxy.
type Kind struct{}

func init() { proxy.Register(Kind{}, ownTemplate, "nginx:1.30") }

// confFile is its configuration, in the host and among the results.
const confFile = "nginx.conf"

// Name is the word for it in scenario files.
func (Kind) Name() string { return "nginx" }

// Configure renders the lab's template or the scenario's, or puts the lab's
// addresses into a configuration of the user's own.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	c := proxy.Config{File: confFile, Command: []string{at.Program, "-c", at.Dir + "/" + confFile}}
	var err error
	if p, other := upstream.Of(v); other && v.OwnConfig() {
		return c, &scenarios.Error{File: v.ProxyFile.Label,
			Msg: "a configuration of your own is put under load over HTTP, and upstream.protocol is " + p.Name,
			Hint: "`lab99 lint` says what its other passes do to ports; " +
				"a template, in a file whose name ends in .tmpl, may have any"}
	}
	if v.OwnConfig() {
		var own proxy.Config
		own, err = rewriteFor(v, at)
		c.Text, c.More, c.Rewrites = own.Text, own.More, own.Rewrites
	} else {
		c.Text, err = render(v, at)
	}
	return c, err
}

var versionRE = regexp.MustCompile(`nginx version: nginx/(\S+)`)

// ReadBack compares what runs with what was to run.
func (Kind) ReadBack(_ scenarios.Variant, c proxy.Config, run proxy.Command) (proxy.Self, error) {
	var running, build string
	var g errgroup.Group
	g.Go(func() (err error) { running, err = run("-T"); return err })
	g.Go(func() (err error) { build, err = run("-V"); return err })
	if err := g.Wait(); err != nil {
		return proxy.Self{}, err
	}
	self := proxy.Built(build, versionRE)
	if !strings.Contains(running, strings.TrimSpace(string(c.Text))) {
		self.Faults = []string{fmt.Sprintf("nginx runs another configuration than it was given: "+
			"compare nginx -T with %s",
			c.File)}
	}
	return self, nil
}

var noModule = regexp.MustCompile(`unknown directive "([a-z]+)_`)

// Advice is for an nginx without the module of a protocol, as Debian's nginx-light was without
// memcached's up to bullseye.
func (Kind) Advice(printed string) string {
	m := noModule.FindStringSubmatch(printed)
	if m == nil {
		return ""
	}
	name := m[1]
	if !slices.Contains(upstream.Names(), name) {
		return ""
	}
	return fmt.Sprintf("This nginx is built without ngx_http_%s_module (nginx -V): "+
		"Debian's packages nginx-core and nginx-full have it, and so has the official image.", name)
}

// ReadyPath is answered by nginx alone, in the lab's template.
func (Kind) ReadyPath() string { return "/lab99/ready" }

// Privileges of nginx: its workers stay root, but it sets their groups, and
// logs an emergency where it cannot. A configuration of the user's own writes
// where nginx was built to write.
func (Kind) Privileges() proxy.Privileges {
	return proxy.Privileges{
		Capabilities: []string{"SETGID"},
		Writable:     []string{"/var/cache/nginx", "/var/lib/nginx", "/var/log/nginx"},
		Settings:     []string{"/etc/nginx"},
	}
}
