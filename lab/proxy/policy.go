package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/scenarios"
)

// A Policy is one of the ways of a kind to treat its upstream connections.
type Policy struct {
	Name  string // in proxy.policy
	Words string // what it is, for people: a line
	// Laws is what it does.
	Laws law.Conduct
	// ProxyProtocol says that each connection begins with the header of the PROXY
	// protocol, without which the backend then takes none.
	ProxyProtocol bool
}

// The policies that kinds have in common, where they have them.
const (
	PolicyDefault    = "default"     // as the kind does by itself
	PolicyPerRequest = "per-request" // a connection for each request
	PolicyPool       = "pool"        // as one would have it reuse connections
)

// Governed is a kind that proxy.policy tells what to do. The first of its policies is the
// one where a scenario names none.
type Governed interface{ Policies() []Policy }

// Understanding is a kind of which a configuration of the user's own says what its policy
// is; false where it does not.
type Understanding interface {
	OwnPolicy(v scenarios.Variant) (Policy, bool)
}

// Carrying is a kind that carries other protocols than HTTP to the backend, some of them
// by laws of their own; false for one that has none.
type Carrying interface {
	Carries(v scenarios.Variant) (Policy, bool)
}

// PolicyOf is the policy of a variant's proxy; false for a kind without.
func PolicyOf(v scenarios.Variant) (Policy, bool) {
	if c, ok := Of(v).(Carrying); ok && !v.OwnConfig() {
		return c.Carries(v)
	}
	if u, ok := Of(v).(Understanding); ok && v.OwnConfig() {
		return u.OwnPolicy(v)
	}
	if _, ok := Of(v).(Adopting); ok && v.OwnConfig() {
		return adopt(v).policy()
	}
	g, ok := Of(v).(Governed)
	if !ok {
		return Policy{}, false
	}
	all := g.Policies()
	i := slices.IndexFunc(all, func(p Policy) bool { return p.Name == v.Proxy.Policy })
	if i < 0 {
		return Policy{}, false
	}
	return all[i], true
}

// ProxyProtocol says whether a variant's backend is spoken to by the PROXY protocol.
// https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
func ProxyProtocol(v scenarios.Variant) bool {
	p, ok := PolicyOf(v)
	return ok && p.ProxyProtocol
}

// PoliciesOf are the words for a kind's policies.
func PoliciesOf(k Kind) (names []string) {
	if g, ok := k.(Governed); ok {
		for _, p := range g.Policies() {
			names = append(names, p.Name)
		}
	}
	return names
}

// Failing is a kind that answers a request for which it finds no port with another status
// than 502.
type Failing interface{ FailureStatus() []int }

// failureStatus are the statuses of such a reply.
func failureStatus(k Kind) []int {
	if f, ok := k.(Failing); ok {
		return f.FailureStatus()
	}
	return []int{http.StatusBadGateway}
}

// Silent says whether nothing in a reply tells a failed connect() from another failure, so
// that the proxy's error log alone does.
func Silent(v scenarios.Variant) bool {
	return v.OwnConfig() && !tellsByItself(Of(v)) || Passes(v)
}

// Passes says whether a variant's proxy makes a connection to the backend for each that it
// accepts.
func Passes(v scenarios.Variant) bool {
	p, ok := PolicyOf(v)
	return ok && p.Laws.Passes
}

// Syslogging is a kind that sends its error log to Site.Syslog, as it can write no file.
type Syslogging interface {
	Logging
	SendsSyslog()
}

// Syslogs says whether a kind does.
func Syslogs(k Kind) bool { _, ok := k.(Syslogging); return ok }

// Recounting is a kind that keeps its error log in memory, where it is read after the load.
type Recounting interface {
	// Recount returns the lines that ErrorLog would read. run runs a program beside
	// the one that serves.
	Recount(at Site, run func(argv ...string) (string, error)) ([]byte, error)
	ErrorLog() probe.Log
}

// Data is what the template of a kind with policies can name.
type Data struct {
	Site
	Asked
	Policy  string
	MaxConn int // connections of clients that the limit of open files allows
}

// MaxConn is how many connections of clients the limit of open files allows: each has two.
func (at Site) MaxConn() int {
	files := at.NoFile
	if files == 0 {
		files = 1024
	}
	return (files - 100) / 2
}

// Sourcing is a kind with policies whose template takes several source addresses.
type Sourcing interface{ Sourcing() }

// Rendered is the configuration that a template makes of a variant.
func Rendered(v scenarios.Variant, at Site) ([]byte, error) {
	if v.OwnConfig() {
		return nil, &scenarios.Error{File: v.ProxyFile.Label,
			Msg:  fmt.Sprintf("a configuration of one's own is not supported for %s", v.Proxy.Kind),
			Hint: "a template is, in a file whose name ends in .tmpl"}
	}
	if v.Backend.Secure() || at.Socket != "" {
		return nil, fmt.Errorf("%s is set up for a backend over HTTP at an address", v.Proxy.Kind)
	}
	if _, several := Of(v).(Sourcing); v.Proxy.Addresses > 1 && !several {
		return nil, fmt.Errorf("%s is set up for one source address, and there are %d", v.Proxy.Kind, v.Proxy.Addresses)
	}
	if ProxyProtocol(v) && v.Backend.Kind == scenarios.BackendAgent {
		return nil, fmt.Errorf("policy %s speaks the PROXY protocol, which the lab's own backend does not: "+
			"it needs backend.kind: httpd",
			v.Proxy.Policy)
	}
	return v.ProxyFile.Render(Data{
		Site: at, Asked: AskedOf(v), Policy: v.Proxy.Policy, MaxConn: at.MaxConn(),
	}, map[string]any{"hasPrefix": strings.HasPrefix, "mul": product})
}

func product(of ...int) int {
	n := 1
	for _, x := range of {
		n *= x
	}
	return n
}
