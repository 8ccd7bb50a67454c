package httpd

import (
	_ "embed"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Reverse is Apache as a proxy, with mod_proxy. Image, privileges, title and names of
// processes are those of the backend.
//
// What it makes of a failed connect() is a matter of its workers, as it calls the backends
// it knows: one in error state gets no request until its retry= is over. A plain ProxyPass
// ignores errors (PROXY_WORKER_IGNORE_ERRORS), unless status=-I takes that away; a balancer
// whose members are all in error state takes them all back, unless forcerecovery=Off.
// https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#workers
type Reverse struct{ Kind }

func init() { proxy.Register(Reverse{}, reverseTemplate, "httpd:2.4") }

//go:embed reverse.conf.tmpl
var reverseText []byte

var reverseTemplate = scenarios.OwnTemplate("reverse.conf.tmpl", reverseText)

// reverseFile is its configuration. That of an Apache behind it, httpd.conf, lies in the
// same directory of results.
const reverseFile = "reverse.conf"

// The policies of its own.
const (
	errorState         = "error-state"
	errorState5s       = "error-state-5s"
	balancer           = "balancer"
	balancerNoRecovery = "balancer-no-recovery"
	bindFirst          = "bind-first"
)

// The values of retry=: its default, and the one of the template.
const (
	retryDefault = 60 * time.Second
	retryShort   = 5 * time.Second
)

// The shares of its connections that it was the first to close, where it keeps none.
const leastShare, mostShare = .22, .52

// idle is how many connections it keeps. The pool of a process has a place for each of its
// threads (max=, https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxypass), so none
// is closed for want of one.
const idle = law.NoCap

// Policies are the ways it treats upstream connections. Where it keeps none, both ends
// close after the response, and Apache's was first for so many of them.
func (Reverse) Policies() []proxy.Policy {
	closes := law.Conduct{CloseShare: 1, LeastShare: leastShare, MostShare: mostShare, Tries: 1, Lines: 1}
	pooled := law.Conduct{CloseShare: 1, Idle: idle, Tries: 1, Lines: 1}
	dark, dark5s, binds := closes, closes, closes
	dark.Blackout, dark5s.Blackout = retryDefault, retryShort
	binds.BindsFirst = true
	return []proxy.Policy{
		{Name: proxy.PolicyDefault, Words: "ProxyPass, which reuses connections", Laws: pooled},
		{Name: proxy.PolicyPerRequest, Words: "ProxyPass disablereuse=On", Laws: closes},
		{Name: proxy.PolicyPool, Words: "ProxyPass ttl=30, less than the backend's KeepAliveTimeout", Laws: pooled},
		{Name: errorState, Words: "disablereuse=On status=-I: no try for 60 s after a failure", Laws: dark},
		{Name: errorState5s, Words: "disablereuse=On status=-I retry=5", Laws: dark5s},
		{Name: balancer, Words: "a balancer of one member, disablereuse=On", Laws: closes},
		{Name: balancerNoRecovery, Words: "the same with retry=5 and forcerecovery=Off", Laws: dark5s},
		{Name: bindFirst, Words: "ProxySourceAddress, disablereuse=On", Laws: binds},
	}
}

// FailureStatus is what a client gets when connect() fails.
func (Reverse) FailureStatus() []int { return []int{http.StatusServiceUnavailable} }

// Configure renders the lab's template or the scenario's. Error state is kept by the one
// worker, or member, that the policy is about.
func (k Reverse) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if v.OwnConfig() {
		return proxy.ConfigureOwn(k, v, at)
	}
	p := v.Proxy.Policy
	if len(at.Backends) > 1 && (strings.HasPrefix(p, errorState) || strings.HasPrefix(p, balancer)) {
		return proxy.Config{}, fmt.Errorf("proxy.policy %s is for a backend at one address and port, and there are %d",
			p, len(at.Backends))
	}
	if at.ServerRoot == "" {
		at.ServerRoot = officialRoot
	}
	text, err := proxy.Rendered(v, at)
	return proxy.Config{
		File:    reverseFile,
		Text:    text,
		Command: []string{at.Program, "-f", path.Join(at.Dir, reverseFile)},
		Serve:   []string{"-D", "FOREGROUND"},
	}, err
}

// ReadBack asks for its version and its multi-processing module.
func (k Reverse) ReadBack(v scenarios.Variant, c proxy.Config, run proxy.Command) (proxy.Self, error) {
	if v.Backend.MPM = scenarios.MPMEvent; v.OwnConfig() {
		v.Backend.MPM = "" // its own
	}
	return k.Kind.ReadBack(v, c, run)
}
