// Package varnish is Varnish Cache under test, as a proxy that caches nothing: its
// configuration for each policy, what that does to connections, its log, and its image.
//
// By itself it reuses connections and never runs out. With .proxy_header each request has
// its own, which Varnish closes. After a connect() that finds no port it does not try that
// backend again for 10 s (backend_local_error_holddown), and every request gets a 503.
package varnish

import (
	_ "embed"
	"net/http"
	"path"
	"regexp"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is Varnish as a proxy.
type Kind struct{}

func init() { proxy.Register(Kind{}, ownTemplate, "varnish:7.6") }

//go:embed default.vcl.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("default.vcl.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "default.vcl"

// Name is the word for it in scenario files.
func (Kind) Name() string { return "varnish" }

// Title is how people call it.
func (Kind) Title() string { return "Varnish" }

// Processes are the manager, and the child that serves.
func (Kind) Processes() []string { return []string{"varnishd", "cache-main"} }

// The kind's own policies.
const (
	proxyHeader = "proxy-header"
	noHolddown  = "no-holddown"
)

// holddown is how long it does not try a backend again: backend_local_error_holddown.
// https://varnish-cache.org/docs/7.6/reference/varnishd.html
const holddown = 10 * time.Second

// idle is how many connections it keeps to a backend: all that come back, until they have
// been idle for backend_idle_timeout (VCP_Recycle, bin/varnishd/cache/cache_conn_pool.c).
// .max_connections of a backend is about those in use.
const idle = law.NoCap

// Policies are the ways it treats upstream connections.
func (Kind) Policies() []proxy.Policy {
	once := law.Conduct{CloseShare: 1, Tries: 1, Lines: 1, Blackout: holddown}
	pooled, raced, tries := once, once, once
	pooled.Idle = idle
	raced.LeastShare, raced.MostShare = law.LeastRaceShare, law.MostRaceShare // both ends close
	tries.Blackout = 0
	return []proxy.Policy{
		{Name: proxy.PolicyDefault, Words: "reuses connections, idle ones for 60 s", Laws: pooled},
		{Name: proxy.PolicyPerRequest, Words: "Connection: close in each request to the backend", Laws: raced},
		{Name: proxy.PolicyPool, Words: "reuses connections, idle ones for 50 s", Laws: pooled},
		{Name: proxyHeader, Words: ".proxy_header = 1: the PROXY protocol", Laws: once, ProxyProtocol: true},
		{
			Name:          noHolddown,
			Words:         ".proxy_header = 1, backend_local_error_holddown=0",
			Laws:          tries,
			ProxyProtocol: true,
		},
	}
}

// FailureStatus is that of "Backend fetch failed".
func (Kind) FailureStatus() []int { return []int{http.StatusServiceUnavailable} }

// workDir is where it keeps its shared memory, and the program that it makes of its
// configuration.
const workDir = "/var/lib/varnish/lab99"

// modules is where the lean image and Varnish's own packages have what a program imports, such
// as the director that takes backends in turn; modulePath has the places of Debian's packages
// too.
const (
	modules    = "/usr/lib/varnish/vmods"
	modulePath = modules + ":/usr/lib/x86_64-linux-gnu/varnish/vmods:/usr/lib/aarch64-linux-gnu/varnish/vmods"
)

// compiler makes that program: of the packages' GCC, or of the lean image's TCC, both are
// cc. The options are those of Varnish's own without those that only one of them knows.
const compiler = "exec cc -w -fPIC -shared -nostdlib -o %o %s"

// lessLog leaves out of the log in memory, a ring of 80 MB, what is not read.
const lessLog = "-ReqHeader,-ReqUnset,-RespHeader,-RespUnset,-BereqHeader,-BereqUnset,-BerespHeader,-BerespUnset," +
	"-Timestamp,-VCL_call,-VCL_return,-VCL_use,-BackendOpen,-BackendClose"

// Configure renders the lab's template or the scenario's. What cannot be said there is on
// the command line.
func (k Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if v.OwnConfig() {
		return proxy.ConfigureOwn(k, v, at)
	}
	text, err := proxy.Rendered(v, at)
	c := proxy.Config{
		File: confFile, Text: text, Command: []string{at.Program},
		Serve: serve(at),
	}
	if len(at.Backends) > 1 {
		c.Serve = append(c.Serve, "-p", "vmod_path="+modulePath)
	}
	switch v.Proxy.Policy {
	case proxy.PolicyPool:
		c.Serve = append(c.Serve, "-p", "backend_idle_timeout=50") // below the backend's 60 s or more
	case noHolddown:
		c.Serve = append(c.Serve, "-p", "backend_local_error_holddown=0")
	}
	return c, err
}

// Privileges: it runs the program that it has made.
func (Kind) Privileges() proxy.Privileges {
	return proxy.Privileges{Executable: []string{path.Dir(workDir)}, Settings: []string{"etc/alternatives"}}
}

var versionRE = regexp.MustCompile(`varnish-(\d+\.\d+\.\d+)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-V")
	return proxy.Built(build, versionRE), err
}
