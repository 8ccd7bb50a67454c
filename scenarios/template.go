package scenarios

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// officialRoot is httpd's ServerRoot in the official image.
const officialRoot = "/usr/local/apache2"

// templateData is what a template can name.
type templateData struct {
	Facts
	Proxy             Proxy // as the scenario has it, like Backend and Load
	Backend           Backend
	Load              LoadSpec
	Keepalive         int // of nginx's pool; 0: none
	Workers           int
	WorkerConnections int
	OpenFiles         int // worker_rlimit_nofile; 0: as inherited
	Connections       int // of the load
	KeepAlive         bool
	KeepAliveRequests int
	KeepAliveTimeout  string // as Apache writes it: 100, or 1500ms
	Threads           int    // of one of httpd's two processes
	AllThreads        int
	MaxWorkers        int // as asked for; 0: AllThreads is ample
	MPM               string
	Servers           []string // upstream peers, as nginx writes them
	Scheme            string   // http or https
	TLS               bool     // the backend's certificate and key are in Dir, server.pem and server.key
	Unclean           bool     // Apache leaves out its close_notify
	HTTP10            bool
	Untold            bool // leave protocol and pool to nginx's version
	Group             bool // an upstream block
	MaxFails          int
	FailTimeout       string
	NextUpstream      string
	PoolTimeout       string // keepalive_timeout of nginx's pool
	SourceShare       string // percent of the requests that each but the last of Sources gets
	Reuseport         bool
}

// NginxConf renders the proxy's configuration for a lab host: the template, or
// the user's own file with the lab's addresses in it (see Rewrites).
func (v Variant) NginxConf(f Facts) ([]byte, error) {
	if v.OwnConfig() {
		text, _, err := v.rewrite(f)
		return text, err
	}
	return v.proxyConfig().render(v.data(f))
}

// HttpdConf renders the backend's configuration. A file that is not a template
// is passed on as it is: it has to listen where the lab dials.
func (v Variant) HttpdConf(f Facts) ([]byte, error) {
	if v.Backend.Kind == BackendAgent {
		return nil, fmt.Errorf("variant %s: the backend is the lab's agent, which has no configuration file", v.Name)
	}
	file := v.backendFile
	if file == nil {
		file = ownTemplate("httpd.conf.tmpl")
	}
	if !file.isTemplate() {
		return file.text, nil
	}
	return file.render(v.data(f))
}

// OwnConfig says that the proxy's configuration is the user's and not a
// template of the lab's: it has no /lab99/ready and no X-Lab99 headers.
func (v Variant) OwnConfig() bool { return !v.proxyConfig().isTemplate() }

// proxyConfig is the file of a resolved variant; one made by hand has the lab's
// own template.
func (v Variant) proxyConfig() *configFile {
	if v.proxyFile == nil {
		return ownTemplate("nginx.conf.tmpl")
	}
	return v.proxyFile
}

// data completes the facts with what the variant asks for.
func (v Variant) data(f Facts) templateData {
	if f.BackendListen == nil {
		f.BackendListen = f.Backends
	}
	if f.ServerRoot == "" {
		f.ServerRoot = officialRoot
	}
	if f.ErrorLog == "" {
		f.ErrorLog = "stderr"
	}
	if f.NoFile == 0 {
		f.NoFile = 1024 // the soft limit of an ordinary session
	}
	d := templateData{
		Facts:             f,
		Proxy:             v.Proxy,
		Backend:           v.Backend,
		Load:              v.Load,
		Keepalive:         v.Proxy.Keepalive,
		Workers:           v.Proxy.Workers,
		Connections:       v.Load.Connections,
		KeepAlive:         v.Backend.KeepAlive,
		KeepAliveRequests: v.Backend.KeepAliveRequests,
		KeepAliveTimeout:  apacheTime(v.Backend.KeepAliveTimeout),
		MaxWorkers:        v.Backend.MaxWorkers,
		MPM:               v.Backend.MPM,
		Servers:           v.servers(f),
		Scheme:            "http",
		HTTP10:            v.Proxy.HTTP == HTTP10,
		Untold:            v.Proxy.HTTP == HTTPDefault,
		MaxFails:          v.Proxy.MaxFails,
		FailTimeout:       nginxTime(v.Proxy.FailTimeout),
		NextUpstream:      v.Proxy.NextUpstream,
		PoolTimeout:       nginxTime(v.Proxy.KeepaliveTimeout),
		SourceShare:       fmt.Sprintf("%.2f", 100/float64(max(len(f.Sources), 1))),
		Reuseport:         v.Proxy.Reuseport,
	}
	d.Group = v.UpstreamBlock() || len(d.Servers) > 1
	if v.Backend.Secure() {
		d.Scheme, d.TLS, d.Unclean = "https", true, v.Backend.TLS == TLSUnclean
	}
	// A request holds a client and an upstream connection, and all of them may
	// gather on one worker. 8192 costs a worker 4 MB; a limit of a million open
	// files must not cost it 500.
	need := 2*d.Connections + d.Keepalive + 512
	d.WorkerConnections = min(max(need, 8192), f.NoFile)
	if n := v.Proxy.WorkerConnections; n > 0 {
		d.WorkerConnections = n
	}
	d.OpenFiles = v.Proxy.OpenFiles
	// Upstream connections that Apache sees at once; twice that, because those
	// nginx has closed and Apache has not count too. One process alone can take
	// them all: with 150 threads in processes of 25, up to two of 64 idle
	// connections were still closed under load, and many while they started.
	// The same for every pool of ordinary size, so that variants differ in the pool
	// alone.
	upstream := d.Connections + max(min(d.Connections, 512), d.Keepalive*d.Workers)
	d.Threads = roundUp(2*upstream+64, 64)
	d.AllThreads = 2 * d.Threads
	switch n := d.MaxWorkers; {
	case n > 0 && d.MPM == MPMPrefork:
		d.AllThreads = n
	case n > 0:
		d.Threads = max(1, n/2)
		d.AllThreads = 2 * d.Threads
	case d.MPM == MPMPrefork: // a process is dearer than a thread
		d.AllThreads = min(2*upstream, 400)
	}
	return d
}

// Settled puts in place of what is left to nginx's version what that version
// does: HTTP/1.0 before 1.29.7, and from then on 1.1, with a pool of 32 where
// there is an upstream block. An unknown version, "", settles nothing.
// https://nginx.org/en/CHANGES
func (v Variant) Settled(nginxVersion string) Variant {
	if v.Proxy.HTTP != HTTPDefault || nginxVersion == "" {
		return v
	}
	v.Proxy.HTTP = HTTP10
	if pools, err := atLeast(nginxVersion, "1.29.7"); err == nil && pools {
		v.Proxy.HTTP = HTTP11
		if v.UpstreamBlock() {
			v.Proxy.Keepalive = defaultPool
		}
	}
	return v
}

// UpstreamBlock says whether nginx's configuration has one: where it needs one,
// for a pool or for several peers, or where the scenario wants it.
func (v Variant) UpstreamBlock() bool {
	return v.Proxy.Group || v.Proxy.Keepalive > 0 || v.Backend.Peers() > 1
}

// defaultPool is how many idle connections a worker keeps by default, from
// nginx 1.29.7 on.
const defaultPool = 32

// servers are the peers of nginx's upstream.
func (v Variant) servers(f Facts) []string {
	if f.Socket != "" {
		return []string{"unix:" + f.Socket}
	}
	var s []string
	for range max(1, v.Backend.Repeat) {
		for _, b := range f.Backends {
			s = append(s, b.String())
		}
	}
	return s
}

func nginxTime(t time.Duration) string {
	if t%time.Second == 0 {
		return strconv.Itoa(int(t/time.Second)) + "s"
	}
	return fmt.Sprintf("%dms", t.Milliseconds())
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

func apacheTime(t time.Duration) string {
	if t%time.Second == 0 {
		return strconv.Itoa(int(t / time.Second))
	}
	return fmt.Sprintf("%dms", t.Milliseconds())
}

// render executes the file as a template.
func (c *configFile) render(data templateData) ([]byte, error) {
	t, err := template.New("t").Funcs(template.FuncMap{"atLeast": atLeast, "last": last}).Parse(string(c.text))
	if err != nil {
		return nil, c.templateError(err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, c.templateError(err)
	}
	return b.Bytes(), nil
}

var (
	templateErrorRE   = regexp.MustCompile(`(?s)^template: t:(\d+)(?::(\d+))?: (?:executing "t" at (<.*?>): )?(.*)$`)
	unknownFieldRE    = regexp.MustCompile(`can't evaluate field (\w+) in type scenarios\.templateData`)
	unknownFunctionRE = regexp.MustCompile(`function "(\w+)" not defined`)
)

// templateError finds the place in text/template's message; a parse error has
// no column, so the name it complains of is looked up in the line.
func (c *configFile) templateError(err error) *Error {
	m := templateErrorRE.FindStringSubmatch(err.Error())
	if m == nil {
		return position{newSource(c.label, c.text), 1, 1}.error(err.Error(), "")
	}
	line, _ := strconv.Atoi(m[1])
	column, _ := strconv.Atoi(m[2])
	pos := position{newSource(c.label, c.text), line, column + 1} // text/template counts columns from 0
	msg, hint := "in the template: "+m[4], ""
	if u := unknownFieldRE.FindStringSubmatch(m[4]); u != nil {
		pos.seek("." + u[1])
		msg, hint = fmt.Sprintf("unknown variable .%s in the template", u[1]), didYouMean(u[1], variables())
	}
	if u := unknownFunctionRE.FindStringSubmatch(m[4]); u != nil {
		pos.seek(u[1])
		msg, hint = fmt.Sprintf("unknown function %s in the template", u[1]), `beside text/template's own there is atLeast, as in {{if atLeast .NginxVersion "1.29.7"}}; a variable begins with a dot`
	}
	if strings.Contains(m[4], "unexpected EOF") {
		hint = "an {{if}} or {{range}} has no {{end}}"
	}
	return pos.error(msg, hint)
}

// seek moves to the first mention of a word in the line.
func (p *position) seek(word string) {
	if p.line <= len(p.src.lines) {
		if before, _, ok := strings.Cut(p.src.lines[p.line-1], word); ok {
			p.column = len([]rune(before)) + 1
		}
	}
}

// variables lists the names a template can use.
func variables() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[templateData]()) {
		if !f.Anonymous {
			names = append(names, f.Name)
		}
	}
	return names
}

// last says whether i is the last index of a list.
func last(i int, list []netip.Addr) bool { return i == len(list)-1 }

// atLeast compares versions number by number. An unknown version is taken for
// a current one.
func atLeast(version, floor string) (bool, error) {
	if version == "" {
		return true, nil
	}
	v, err := parseVersion(version)
	if err != nil {
		return false, err
	}
	f, err := parseVersion(floor)
	if err != nil {
		return false, err
	}
	for i := range v {
		if v[i] != f[i] {
			return v[i] > f[i], nil
		}
	}
	return true, nil
}

var versionRE = regexp.MustCompile(`^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?`)

func parseVersion(s string) (v [3]int, err error) {
	m := versionRE.FindStringSubmatch(s)
	if m == nil {
		return v, fmt.Errorf("%q is not a version such as 1.29.7", s)
	}
	for i := range v {
		v[i], _ = strconv.Atoi(m[i+1]) // digits, or nothing for a missing third
	}
	return v, nil
}

// check renders the configurations for an old nginx and a new one, with
// addresses from the range reserved for examples.
func (v Variant) check(r *report) {
	f := Facts{
		Listen: netip.MustParseAddrPort("192.0.2.1:8080"),
		Dir:    "/etc/lab", RunDir: "/run/lab", ErrorLog: "stderr", DocumentRoot: "/srv",
	}
	for i := range v.Backend.Addresses {
		for p := range v.Backend.Ports {
			f.Backends = append(f.Backends, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(128 + i)}), uint16(8080+p)))
		}
	}
	if v.Backend.Place == PlaceUnix {
		f.Socket = "/run/lab/backend.sock"
	}
	for i := range v.Proxy.Addresses {
		f.Sources = append(f.Sources, netip.AddrFrom4([4]byte{192, 0, 2, byte(2 + i)}))
	}
	for _, f.NginxVersion = range []string{"1.22.1", "1.30.0"} {
		if _, err := v.NginxConf(f); err != nil {
			r.addErr(v.Proxy.Config, err)
		}
	}
	if v.Backend.Kind != BackendAgent {
		if _, err := v.HttpdConf(f); err != nil {
			r.addErr(v.Backend.Config, err)
		}
	}
}
