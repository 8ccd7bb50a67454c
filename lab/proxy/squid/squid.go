// Package squid is Squid under test, as an accelerator that caches nothing: its
// configuration for each policy, what that does to connections, how its replies tell a
// connect() that failed, and its image.
//
// It reuses connections for requests that can be sent again. A POST cannot: each has a
// connection of its own, which Squid closes. After ten connect() that failed it takes the
// backend for dead, and probes it once a second.
package squid

import (
	"bytes"
	_ "embed"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is Squid as a proxy.
type Kind struct{}

func init() { proxy.Register(Kind{}, ownTemplate, "ubuntu/squid:5.2-22.04_beta") }

//go:embed squid.conf.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("squid.conf.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "squid.conf"

// Name is the word for it in scenario files.
func (Kind) Name() string { return "squid" }

// Title is how people call it.
func (Kind) Title() string { return "Squid" }

// neverDead is a policy of the kind's own.
const neverDead = "never-dead"

// The tuples that it has when the load begins: those of its probes, one of each backend,
// which it closed itself, and the connection of the request that woke it, which waits for
// the next.
const (
	probed = 1
	waking = 1
)

// Policies are the ways it treats upstream connections.
// https://www.squid-cache.org/Doc/config/server_pconn_for_nonretriable/
func (Kind) Policies() []proxy.Policy {
	pooled, once := reuses(), perRequest()
	all, never := pooled, pooled
	all.RepeatableOnly = false
	never.Fails = 0
	return []proxy.Policy{
		{Name: proxy.PolicyDefault, Words: "reuses connections, but not for POST", Laws: pooled},
		{Name: proxy.PolicyPerRequest, Words: "server_persistent_connections off", Laws: once},
		{Name: proxy.PolicyPool, Words: "server_pconn_for_nonretriable allow all", Laws: all},
		{Name: neverDead, Words: "the default with connect-fail-limit out of reach", Laws: never},
	}
}

// reuses is what it does by itself. It keeps each connection that comes back, for
// pconn_timeout and while it has file descriptors to spare (PconnPool::push, src/pconn.cc).
func reuses() law.Conduct {
	return law.Conduct{
		CloseShare: 1, Idle: law.NoCap, RepeatableOnly: true, Tries: 1, TriesEach: true,
		Fails: 10, Probe: time.Second, Spent: waking, SpentEach: probed, // connect-fail-limit of cache_peer
	}
}

// perRequest is what it does without persistent connections: both ends close.
func perRequest() law.Conduct {
	c := reuses()
	c.Idle, c.LeastShare, c.MostShare = 0, law.LeastRaceShare, law.MostRaceShare
	return c
}

// FailureStatus is that of a connect() that failed. Of a backend taken for dead it says 502.
func (Kind) FailureStatus() []int { return []int{http.StatusServiceUnavailable} }

// ReplyHeader has the name of the error page, and errno.
func (Kind) ReplyHeader() string { return "X-Squid-Error" }

// Cause reads it.
func (Kind) Cause(status int, header []byte) string {
	switch {
	case status == http.StatusServiceUnavailable && bytes.Equal(header, []byte("ERR_CONNECT_FAIL 99")):
		return proxy.CauseConnect
	case status == http.StatusBadGateway && bytes.Equal(header, []byte("ERR_READ_ERROR 0")),
		bytes.HasPrefix(header, []byte("ERR_CANNOT_FORWARD ")): // it had no backend to read from
		return proxy.CauseNoLiveUpstreams
	}
	return ""
}

// TellsByItself: every error page has the header.
func (Kind) TellsByItself() {}

// Wakes: it probes when it starts, and where nobody answers yet not before a request.
func (Kind) Wakes() {}

// Configure renders the lab's template or the scenario's.
func (k Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	if v.OwnConfig() {
		return proxy.ConfigureOwn(k, v, at)
	}
	text, err := proxy.Rendered(v, at)
	return proxy.Config{
		File: confFile, Text: text, Command: []string{at.Program, "-f", path.Join(at.Dir, confFile)},
		Serve: []string{"-N", "-d", "1"},
	}, err
}

// Privileges: as root it becomes nobody.
func (Kind) Privileges() proxy.Privileges {
	return proxy.Privileges{Capabilities: []string{"SETGID", "SETUID"}}
}

var versionRE = regexp.MustCompile(`Squid Cache: Version (\d+\.\d+(?:\.\d+)?)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-v")
	return proxy.Built(build, versionRE), err
}

// outOfFiles is its word that no descriptor was free, in a line on its standard error, where
// its log is: it opens a file as nobody, which an observer could not reach in a container.
const outOfFiles = "WARNING! Your cache is running out of filedescriptors"

// ReachedLimit is the line that says so.
func (Kind) ReachedLimit(_ scenarios.Variant, printed string) string {
	for line := range strings.Lines(printed) {
		if strings.Contains(line, outOfFiles) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
