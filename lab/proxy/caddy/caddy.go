// Package caddy is Caddy under test, and with it every proxy that uses Go's http.Transport,
// as Traefik does: its configuration for each policy, what that does to connections, what
// it says of a connect() that failed, and its image.
//
// Go's net package calls connect() twice more when it returns EADDRNOTAVAIL, with a new
// socket each time, and reports one failure (doDialTCPProto, net/tcpsock_posix.go). With a
// pool a request takes whichever comes first, its own connection or one that another gave
// back (getConn, net/http/transport.go), so a dial may fail that nobody waits for any more.
package caddy

import (
	_ "embed"
	"errors"
	"net/http"
	"path"
	"regexp"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is Caddy as a proxy.
type Kind struct{}

func init() { proxy.Register(Kind{}, ownTemplate, "caddy:2") }

//go:embed Caddyfile.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("Caddyfile.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "Caddyfile"

// Name is the word for it in scenario files.
func (Kind) Name() string { return "caddy" }

// Title is what people call it.
func (Kind) Title() string { return "Caddy" }

// idle2 is the policy of a pool as small as Go's own default,
// http.DefaultMaxIdleConnsPerHost.
const idle2 = "idle-2"

// Caddy passes keepalive_idle_conns_per_host on to Go's transport: it is the kind with a cap.
const (
	idlePool    = 1024 // of the template, for the policy pool
	idleDefault = 32   // https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#the-http-transport
	tries       = 3    // connect() calls of one dial
)

// closes is what it does without a pool.
func closes() law.Conduct {
	return law.Conduct{CloseShare: 1, LeastShare: .25, MostShare: .43, Tries: tries, Lines: 1}
}

// Policies are the ways it treats upstream connections. Without a pool both ends close
// after the response; from a full one Go closes, and is the only one to.
func (Kind) Policies() []proxy.Policy {
	pooled := func(idle int) law.Conduct {
		return law.Conduct{CloseShare: 1, Idle: idle, Tries: tries, DialsAside: true, Lines: 1}
	}
	return []proxy.Policy{
		{Name: proxy.PolicyDefault, Words: "reverse_proxy, which keeps 32 idle connections", Laws: pooled(idleDefault)},
		{Name: proxy.PolicyPerRequest, Words: "keepalive off", Laws: closes()},
		{Name: proxy.PolicyPool, Words: "keepalive_idle_conns_per_host 1024", Laws: pooled(idlePool)},
		{Name: idle2, Words: "keepalive_idle_conns_per_host 2, Go's own default", Laws: pooled(2)},
	}
}

// FailureStatus is what a client gets when no connect() succeeded.
func (Kind) FailureStatus() []int { return []int{http.StatusBadGateway} }

// Configure renders the lab's template or the scenario's.
func (k Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if v.OwnConfig() {
		return proxy.ConfigureOwn(k, v, at)
	}
	if v.Proxy.Workers > 1 {
		return proxy.Config{}, errors.New("caddy is one process, with as many threads as there are " +
			"processors: proxy.workers is 1")
	}
	text, err := proxy.Rendered(v, at)
	return proxy.Config{
		File: confFile, Text: text, Command: []string{at.Program},
		Serve: []string{"run", "--config", path.Join(at.Dir, confFile), "--adapter", "caddyfile"},
	}, err
}

var versionRE = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("version")
	return proxy.Built(build, versionRE), err
}
