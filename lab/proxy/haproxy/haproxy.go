// Package haproxy is HAProxy under test: its configuration for each policy, what that
// does to connections, what it says of a connect() that failed, and its image.
//
// In HTTP mode it ends every upstream connection by a reset, whoever is to be first
// (SO_LINGER, "option nolinger" of its own accord), so it never runs out. In TCP mode it is
// the first to close whenever a client is.
package haproxy

import (
	_ "embed"
	"fmt"
	"net/http"
	"regexp"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is HAProxy as a proxy.
type Kind struct{}

func init() { proxy.Register(Kind{}, ownTemplate, "haproxy:3.2") }

//go:embed haproxy.cfg.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("haproxy.cfg.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "haproxy.cfg"

// Name is the word for it in scenario files.
func (Kind) Name() string { return "haproxy" }

// Title is how people call it.
func (Kind) Title() string { return "HAProxy" }

// The kind's own policies.
const (
	tcp         = "tcp"
	tcpOneTry   = "tcp-one-try"
	tcpNoLinger = "tcp-nolinger"
	tcpOwnPorts = "tcp-own-ports"
)

// ownPorts is how many ports the policy tcp-own-ports lists, below the kernel's own range.
const ownPorts = 10

// tries are those of a request: the first and `retries`, which is 3. Each has a line.
// https://docs.haproxy.org/3.2/configuration.html#retries
const tries = 1 + 3

// Policies are the ways it treats upstream connections.
func (Kind) Policies() []proxy.Policy {
	http := law.Conduct{Resets: true, Tries: tries, Lines: tries}
	pooled := http
	pooled.Idle = law.NoCap // pool-max-conn -1: https://docs.haproxy.org/3.2/configuration.html#5.2-pool-max-conn
	passes := law.Conduct{CloseShare: 1, Tries: tries, Lines: tries, Passes: true}
	once, resets, own := passes, passes, passes
	once.Tries, once.Lines = 1, 1
	resets.Resets = true
	own.OwnPorts = ownPorts
	return []proxy.Policy{
		{Name: proxy.PolicyDefault, Words: "mode http, which reuses connections", Laws: pooled},
		{Name: proxy.PolicyPerRequest, Words: "mode http, http-reuse never and option http-server-close", Laws: http},
		{Name: proxy.PolicyPool, Words: "mode http, http-reuse always", Laws: pooled},
		{Name: tcp, Words: "mode tcp: a connection for each of a client's", Laws: passes},
		{Name: tcpOneTry, Words: "mode tcp, retries 0", Laws: once},
		{Name: tcpNoLinger, Words: "mode tcp, option nolinger", Laws: resets},
		{Name: tcpOwnPorts, Words: "mode tcp, source with a list of ports of its own", Laws: own},
	}
}

// FailureStatus is what a client gets in HTTP mode when no connect() succeeded.
func (Kind) FailureStatus() []int { return []int{http.StatusServiceUnavailable} }

// Sourcing: a server of the template for each source address.
func (Kind) Sourcing() {}

// Configure renders the lab's template or the scenario's, or puts the lab's addresses into
// a configuration of the user's own.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	var c proxy.Config
	var err error
	if n := v.Proxy.Addresses; n > 1 && v.Proxy.Policy == tcpOwnPorts && !v.OwnConfig() {
		return c, fmt.Errorf("proxy.policy %s is for one source address, and there are %d", tcpOwnPorts, n)
	}
	if v.OwnConfig() {
		c, err = rewriteFor(v, at)
	} else {
		c.Text, err = proxy.Rendered(v, at)
	}
	c.File, c.Command, c.Serve = confFile, []string{at.Program, "-f", at.Dir + "/" + confFile}, []string{"-db"}
	return c, err
}

var versionRE = regexp.MustCompile(`HAProxy version (\S+?)(?:-\S+)? `)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-vv")
	return proxy.Built(build, versionRE), err
}
