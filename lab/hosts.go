package lab

import (
	"bytes"
	"path"
	"slices"

	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/certificate"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Where the lab's files are inside the hosts.
const (
	nginxConf    = driver.ConfigDir + "/nginx.conf"
	httpdConf    = driver.ConfigDir + "/httpd.conf"
	certFile     = driver.ConfigDir + "/server.pem"
	keyFile      = driver.ConfigDir + "/server.key"
	documentRoot = driver.ConfigDir + "/htdocs"
	errorLog     = driver.RunDir + "/error.log"
	socket       = driver.RunDir + "/backend.sock"
)

// page is what the backend serves: 1 KB, so that a response is one segment.
var page = append(bytes.Repeat([]byte("lab99 "), 170), "\nok\n"...)

// configs are a variant's rendered files. httpd is nil without Apache.
type configs struct{ nginx, httpd []byte }

// images are those of a run, by role and reference.
type images map[string]image.Image

func (m images) of(role image.Role, ref string) image.Image { return m[string(role)+" "+ref] }

func (x *variantRun) serverNames(host string) []string {
	switch {
	case host == results.HostProxy:
		return []string{"nginx"}
	case x.v.Backend.Kind == scenarios.BackendAgent:
		return []string{backend.ProcessName}
	}
	return []string{"httpd", "apache2"}
}

func (x *variantRun) image(role image.Role) image.Image {
	ref := x.v.Proxy.Image
	if role == image.Httpd {
		ref = x.v.Backend.Image
	}
	return x.images.of(role, ref)
}

func (x *variantRun) nginx(more ...string) []string {
	return append([]string{x.image(image.Nginx).Program, "-c", nginxConf}, more...)
}

func (x *variantRun) httpd(more ...string) []string {
	return append([]string{x.image(image.Httpd).Program, "-f", httpdConf}, more...)
}

// configure makes the servers once the addresses are known.
func (x *variantRun) configure(topo driver.Topology) (conf configs, proxy, backend driver.Server, err error) {
	f := x.facts(topo)
	if conf.nginx, err = x.v.NginxConf(f); err != nil {
		return conf, proxy, backend, err
	}
	proxy = driver.Server{
		Image: x.image(image.Nginx).Used, Command: x.nginx(), Sysctls: x.plan.Sysctls,
		Files: []driver.File{{Path: nginxConf, Data: conf.nginx}},
	}
	if x.v.Backend.Kind == scenarios.BackendAgent {
		return conf, proxy, driver.Server{Agent: true, Command: AgentBackend(x.v.Backend, f)}, nil
	}
	if conf.httpd, err = x.v.HttpdConf(f); err != nil {
		return conf, proxy, backend, err
	}
	backend = driver.Server{
		Image: x.image(image.Httpd).Used, Command: x.httpd("-D", "FOREGROUND"),
		Files: []driver.File{{Path: httpdConf, Data: conf.httpd}, {Path: path.Join(documentRoot, "index.html"), Data: page}},
	}
	if x.v.Backend.Secure() {
		pair, err := certificate.New(topo.BackendAddrs()...)
		if err != nil {
			return conf, proxy, backend, err
		}
		certificate := driver.File{Path: certFile, Data: pair.Certificate}
		proxy.Files = append(proxy.Files, certificate)
		backend.Files = append(backend.Files, certificate, driver.File{Path: keyFile, Data: pair.Key})
	}
	return conf, proxy, backend, nil
}

func (x *variantRun) facts(topo driver.Topology) scenarios.Facts {
	f := Facts(x.v, topo, x.image(image.Nginx).Version)
	f.ServerRoot = x.image(image.Httpd).ServerRoot
	return f
}

// Facts is what templates are rendered with, for plan and run alike.
func Facts(v scenarios.Variant, topo driver.Topology, nginxVersion string) scenarios.Facts {
	f := scenarios.Facts{
		NginxVersion: nginxVersion,
		Listen:       topo.Proxy,
		Backends:     topo.Backends,
		Dir:          driver.ConfigDir, RunDir: driver.RunDir, ErrorLog: errorLog,
		DocumentRoot: documentRoot,
		NoFile:       driver.WantFiles,
	}
	if len(topo.Sources) > 1 {
		f.Sources = topo.Sources
	}
	if v.Backend.Place == scenarios.PlaceUnix {
		f.Socket = socket
	}
	// The backend gets its further addresses after it has started, and cannot
	// listen on an address that is not there.
	for _, b := range topo.Backends {
		if any := anyAddr(b.Port()); !slices.Contains(f.BackendListen, any) {
			f.BackendListen = append(f.BackendListen, any)
		}
	}
	return f
}
