package nginx

import (
	_ "embed"
	"fmt"
	"net/netip"
	"strconv"
	"text/template"
	"time"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/scenarios"
)

//go:embed nginx.conf.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("nginx.conf.tmpl", templateText)

// data is what a template can name.
type data struct {
	proxy.Site
	NginxVersion string // "1.22.1"; empty is taken for a current one
	proxy.Asked
	Keepalive         int // of nginx's pool; 0: none
	Workers           int
	WorkerConnections int
	OpenFiles         int      // worker_rlimit_nofile; 0: as inherited
	Connections       int      // of the load
	Servers           []string // upstream peers, as nginx writes them
	Scheme            string   // http or https
	TLS               bool     // the backend's certificate is in Dir, server.pem
	Module            string   // what directives of the upstream's protocol begin with: proxy, fastcgi, …
	Protocol          []string // lines of a protocol besides HTTP; none: HTTP
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

func render(v scenarios.Variant, at proxy.Site) ([]byte, error) {
	file := v.ProxyFile
	if file == nil {
		file = ownTemplate
	}
	if v.Upstream.Protocol == scenarios.ProtocolStream && file == ownTemplate {
		file = streamTemplate
	}
	return file.Render(dataOf(v, at), template.FuncMap{"atLeast": atLeast, "last": last})
}

// dataOf completes a site with what the variant asks for.
func dataOf(v scenarios.Variant, at proxy.Site) data {
	if at.ErrorLog == "" {
		at.ErrorLog = "stderr"
	}
	if at.NoFile == 0 {
		at.NoFile = 1024 // the soft limit of an ordinary session
	}
	d := data{
		Site:         at,
		NginxVersion: at.Version,
		Asked:        proxy.AskedOf(v),
		Keepalive:    v.Proxy.Keepalive,
		Workers:      v.Proxy.Workers,
		OpenFiles:    v.Proxy.OpenFiles,
		Connections:  v.AtOnce(),
		Servers:      servers(v, at),
		Scheme:       "http",
		Module:       "proxy",
		TLS:          v.Backend.Secure(),
		HTTP10:       v.Proxy.HTTP == scenarios.HTTP10,
		Untold:       v.Proxy.HTTP == scenarios.HTTPDefault,
		MaxFails:     v.Proxy.MaxFails,
		FailTimeout:  duration(v.Proxy.FailTimeout),
		NextUpstream: v.Proxy.NextUpstream,
		PoolTimeout:  duration(v.Proxy.KeepaliveTimeout),
		SourceShare:  fmt.Sprintf("%.2f", 100/float64(max(len(at.Sources), 1))),
		Reuseport:    v.Proxy.Reuseport,
	}
	d.Group = upstreamBlock(v) || len(d.Servers) > 1
	if d.TLS {
		d.Scheme = "https"
	}
	if p, ok := upstream.Of(v); ok {
		d.Module, d.Protocol = p.Name, p.Lines(v, at.DocumentRoot)
	}
	// A request holds a client and an upstream connection, and all of them may
	// gather on one worker. 8192 costs a worker 4 MB; a limit of a million open
	// files must not cost it 500.
	need := 2*d.Connections + d.Keepalive + 512
	d.WorkerConnections = min(max(need, 8192), at.NoFile)
	if n := v.Proxy.WorkerConnections; n > 0 {
		d.WorkerConnections = n
	}
	return d
}

// upstreamBlock says whether nginx's configuration has one: where it needs
// one, for a pool or for several peers, or where the scenario wants it.
func upstreamBlock(v scenarios.Variant) bool {
	return v.Proxy.Group || v.Proxy.Keepalive > 0 || v.Backend.Peers() > 1
}

// servers are the peers of nginx's upstream.
func servers(v scenarios.Variant, at proxy.Site) []string {
	if at.Socket != "" {
		return []string{"unix:" + at.Socket}
	}
	var s []string
	for range max(1, v.Backend.Repeat) {
		for _, b := range at.Backends {
			s = append(s, b.String())
		}
	}
	return s
}

func duration(t time.Duration) string {
	if t%time.Second == 0 {
		return strconv.Itoa(int(t/time.Second)) + "s"
	}
	return fmt.Sprintf("%dms", t.Milliseconds())
}

// last says whether i is the last index of a list.
func last(i int, list []netip.Addr) bool { return i == len(list)-1 }
