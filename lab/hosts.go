package lab

import (
	"maps"
	"net/netip"
	"path"
	"slices"

	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/certificate"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Where the lab's files are inside the hosts.
const (
	certFile     = driver.ConfigDir + "/server.pem"
	keyFile      = driver.ConfigDir + "/server.key"
	documentRoot = driver.ConfigDir + "/htdocs"
	errorLog     = driver.RunDir + "/error.log"
	socket       = driver.RunDir + "/backend.sock"
)

// syslog is where the proxy's agent takes what the proxy logs over UDP, which takes none of
// the ports that the lab is about.
var syslog = netip.MustParseAddrPort("127.0.0.1:5140")

// configs are what a variant's servers run by. backend is empty for the lab's
// own.
type configs struct{ proxy, backend proxy.Config }

// images are those of a run, by role and reference.
type images map[string]image.Image

func (m images) of(role image.Role, ref string) image.Image { return m[string(role)+" "+ref] }

// An ImageRef is an image that a variant asks for.
type ImageRef struct {
	Part string // results.HostProxy or HostBackend
	Role image.Role
	Ref  string
}

// ImagesOf are the images that a variant needs, the proxy's first. A server that
// is part of the lab's own program needs none.
func ImagesOf(v scenarios.Variant) []ImageRef {
	var all []ImageRef
	add := func(part string, k proxy.Kind, ref string) {
		if r, ok := proxy.Image(k); ok {
			all = append(all, ImageRef{part, image.Role(r.Name), ref})
		}
	}
	add(results.HostProxy, proxy.Of(v), v.Proxy.Image)
	if k := proxy.BackendOf(v); k != nil {
		add(results.HostBackend, k, v.Backend.Image)
	}
	return all
}

// image is that of a kind of server; zero for one that is part of the lab's own
// program.
func (x *variantRun) image(k proxy.Kind, ref string) image.Image {
	r, ok := proxy.Image(k)
	if !ok {
		return image.Image{}
	}
	return x.images.of(image.Role(r.Name), ref)
}

func (x *variantRun) serverNames(host string) []string {
	behind := proxy.BackendOf(x.v)
	switch {
	case host == results.HostProxy:
		return proxy.Processes(proxy.Of(x.v))
	case behind == nil:
		return []string{backend.ProcessName}
	}
	return proxy.Processes(behind)
}

// configure makes the servers once the addresses are known.
func (x *variantRun) configure(topo driver.Topology) (conf configs, front, back driver.Server, err error) {
	site := Site(x.v, topo)
	front, conf.proxy, err = x.server(proxy.Of(x.v), x.v.Proxy.Image, site)
	if err != nil {
		return conf, front, back, err
	}
	front.Name, front.Sysctls = proxy.Of(x.v).Name(), x.plan.Sysctls
	for key, want := range front.Sysctls {
		if _, same := likeDefault(x.v, key, want); same {
			front.Default = append(front.Default, key)
		}
	}
	behind := proxy.BackendOf(x.v)
	if behind == nil {
		return conf, front, driver.Server{Name: "the backend", Agent: true, Command: AgentBackend(x.v, site)}, nil
	}
	if back, conf.backend, err = x.server(behind, x.v.Backend.Image, site); err != nil {
		return conf, front, back, err
	}
	back.Name = "the backend"
	if x.v.Backend.Secure() {
		pair, err := certificate.New(topo.BackendAddrs()...)
		if err != nil {
			return conf, front, back, err
		}
		certificate := driver.File{Path: certFile, Data: pair.Certificate}
		front.Files = append(front.Files, certificate)
		back.Files = append(back.Files, certificate, driver.File{Path: keyFile, Data: pair.Key})
	}
	return conf, front, back, nil
}

// server makes one of the two servers.
func (x *variantRun) server(k proxy.Kind, ref string, at proxy.Site) (s driver.Server, c proxy.Config, err error) {
	img := x.image(k, ref)
	at.Program, at.Version, at.ServerRoot = img.Program, img.Version, img.ServerRoot
	if c, err = k.Configure(x.v, at); err != nil {
		return s, c, err
	}
	needs := proxy.PrivilegesOf(k)
	s = driver.Server{
		Image:        img.Used,
		Agent:        img.Used == "",
		Command:      c.Serving(),
		Capabilities: needs.Capabilities,
		Writable:     needs.Writable,
		Executable:   needs.Executable,
		Settings:     needs.Settings,
	}
	if c.File != "" {
		s.Files = append(s.Files, driver.File{Path: path.Join(at.Dir, c.File), Data: c.Text})
	}
	for _, name := range slices.Sorted(maps.Keys(c.More)) {
		s.Files = append(s.Files, driver.File{Path: name, Data: c.More[name]})
	}
	return s, c, nil
}

// Site is where a variant's servers are rendered for, for plan and run alike.
func Site(v scenarios.Variant, topo driver.Topology) proxy.Site {
	at := proxy.Site{
		Listen:   topo.Proxy,
		Backends: topo.Backends,
		Dir:      driver.ConfigDir, RunDir: driver.RunDir, ErrorLog: errorLog,
		DocumentRoot: documentRoot, Syslog: syslog,
		NoFile: driver.WantFiles,
	}
	if len(topo.Sources) > 1 {
		at.Sources = topo.Sources
	}
	if v.Backend.Place == scenarios.PlaceUnix {
		at.Socket = socket
	}
	// The backend gets its further addresses after it has started, and cannot
	// listen on an address that is not there.
	for _, b := range topo.Backends {
		if any := anyAddr(b.Port()); !slices.Contains(at.BackendListen, any) {
			at.BackendListen = append(at.BackendListen, any)
		}
	}
	return at
}
