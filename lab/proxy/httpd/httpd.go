// Package httpd is Apache httpd, behind a proxy and as one: its configurations, what it
// says of itself, of its limits and of a connect() that failed, and its image.
package httpd

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is Apache as a backend.
type Kind struct{}

func init() { proxy.RegisterBackend(Kind{}, ownTemplate, "httpd:2.4") }

//go:embed httpd.conf.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("httpd.conf.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "httpd.conf"

// page is what it serves: 1 KB, so that a response is one segment.
var page = append(bytes.Repeat([]byte("lab99 "), 170), "\nok\n"...)

// Name is the word for it in scenario files.
func (Kind) Name() string { return "httpd" }

// Title is how people call it.
func (Kind) Title() string { return "Apache" }

// Processes are called after the program, which Debian names otherwise.
func (Kind) Processes() []string { return []string{"httpd", "apache2"} }

// Configure renders the template.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	c := proxy.Config{
		File:    confFile,
		Command: []string{at.Program, "-f", path.Join(at.Dir, confFile)},
		Serve:   []string{"-D", "FOREGROUND"},
		More:    map[string][]byte{path.Join(at.DocumentRoot, "index.html"): page},
	}
	var err error
	c.Text, err = proxy.RenderBackend(ownTemplate, v, dataOf(v, at))
	return c, err
}

// Privileges of Apache: its children become another user. A child of another
// user cannot be signalled for want of KILL, but nobody reloads or stops
// gently here.
func (Kind) Privileges() proxy.Privileges {
	return proxy.Privileges{Capabilities: []string{"SETGID", "SETUID"}, Writable: []string{officialRoot + "/logs"}}
}

var (
	versionRE = regexp.MustCompile(`Server version: Apache/(\S+)`)
	mpmRE     = regexp.MustCompile(`Server MPM:\s+(\S+)`)
)

// ReadBack asks for its version and its multi-processing module.
func (Kind) ReadBack(v scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-V")
	if err != nil {
		return proxy.Self{}, err
	}
	self := proxy.Built(build, versionRE)
	if m := mpmRE.FindStringSubmatch(build); m != nil {
		self.MPM = strings.ToLower(m[1])
	}
	if v.Backend.MPM != "" && self.MPM != v.Backend.MPM {
		self.Faults = []string{fmt.Sprintf("Apache was to run the %s MPM and runs %q", v.Backend.MPM, self.MPM)}
	}
	return self, nil
}

// Apache's words that every worker was busy, and that no descriptor was free.
// AH10159, that few workers were idle, is a matter of MinSpareThreads and limits
// nothing.
const (
	noWorkers     = "AH00484:"
	noDescriptors = "(24)"
)

// ReachedLimit is the first line that says so. A scenario that sets
// backend.max_workers is about that limit.
func (Kind) ReachedLimit(v scenarios.Variant, printed string) string {
	for line := range strings.Lines(printed) {
		for _, limit := range []string{noWorkers, noDescriptors} {
			if i := strings.Index(line, limit); i >= 0 && !(limit == noWorkers && v.Backend.MaxWorkers > 0) {
				return strings.TrimSpace(line[i:])
			}
		}
	}
	return ""
}

// data is what a template can name.
type data struct {
	proxy.Site
	proxy.Asked
	KeepAlive         bool
	KeepAliveRequests int
	KeepAliveTimeout  string // as Apache writes it: 100, or 1500ms
	Threads           int    // of one of the two processes
	AllThreads        int
	MaxWorkers        int // as asked for; 0: AllThreads is ample
	MPM               string
	TLS               bool // certificate and key are in Dir, server.pem and server.key
	Unclean           bool // leave out the close_notify
	ProxyProtocol     bool // the proxy speaks it
}

func dataOf(v scenarios.Variant, at proxy.Site) data {
	at = proxy.BackendAt(at)
	if at.ServerRoot == "" {
		at.ServerRoot = officialRoot
	}
	b := v.Backend
	d := data{
		Site: at, Asked: proxy.AskedOf(v),
		KeepAlive: b.KeepAlive, KeepAliveRequests: b.KeepAliveRequests, KeepAliveTimeout: duration(b.KeepAliveTimeout),
		MaxWorkers: b.MaxWorkers, MPM: b.MPM, TLS: b.Secure(), Unclean: b.TLS == scenarios.TLSUnclean,
		ProxyProtocol: proxy.ProxyProtocol(v),
	}
	// The proxy's connections that Apache sees at once; twice that, because those
	// the proxy has closed and Apache has not count too. One process alone can take
	// them all: with 150 threads in processes of 25, up to two of 64 idle
	// connections were still closed under load, and many while they started.
	// The same for every pool of ordinary size, so that variants differ in the pool
	// alone.
	upstream := v.Load.Connections + max(min(v.Load.Connections, 512), v.Proxy.Keepalive*v.Proxy.Workers)
	d.Threads = roundUp(2*upstream+64, 64)
	d.AllThreads = 2 * d.Threads
	switch n := b.MaxWorkers; {
	case n > 0 && b.MPM == scenarios.MPMPrefork:
		d.AllThreads = n
	case n > 0:
		d.Threads = max(1, n/2)
		d.AllThreads = 2 * d.Threads
	case b.MPM == scenarios.MPMPrefork: // a process is dearer than a thread
		d.AllThreads = min(2*upstream, 400)
	}
	return d
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

func duration(t time.Duration) string {
	if t%time.Second == 0 {
		return strconv.Itoa(int(t / time.Second))
	}
	return fmt.Sprintf("%dms", t.Milliseconds())
}
