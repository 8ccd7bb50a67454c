// Package proxy is what the lab asks of the servers that it puts under test,
// or behind the one under test, and the list of those it knows.
//
// A kind is one directory below this one, and one line in package kinds. Two
// methods are required of it. Everything else is an optional interface of one
// or two methods, with a default for kinds that do not have it; the functions
// of this package ask the kind, or else give the default.
//
// Neighbours: package scenarios says what is asked of a server; package lab
// runs it, on any driver, by what the kind says here. A kind knows no driver.
package proxy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lab99/lab99/lab/image/recipe"
	"github.com/lab99/lab99/scenarios"
)

// A Kind is a server that the lab can run.
type Kind interface {
	// Name is the word for it in proxy.kind or backend.kind.
	Name() string
	// Configure renders what it runs by, for a variant at a site.
	Configure(v scenarios.Variant, at Site) (Config, error)
}

// A Site is what only the lab and its driver know: where things lie, and which
// release was found.
type Site struct {
	Program       string // path in the host; "" for the lab's own program
	Version       string // such as 1.22.1; "" is unknown
	Listen        netip.AddrPort
	Backends      []netip.AddrPort // where the proxy finds the backend: one per address and port
	Sources       []netip.Addr     // the proxy connects from; no more than one: the kernel chooses
	Socket        string           // Unix-domain socket of the backend, instead of Backends
	BackendListen []netip.AddrPort // where the backend listens; empty: Backends
	Dir           string           // where the configuration lies in the host
	RunDir        string           // writable, in memory: process IDs, temporary files, mutexes, sockets
	ErrorLog      string           // the proxy's: a path, or stderr, also when empty
	ServerRoot    string           // Apache's, the directory above modules/; empty: as in the official image
	DocumentRoot  string           // of the backend; holds index.html
	Syslog        netip.AddrPort   // takes the error log of a kind that is Syslogging, over UDP
	NoFile        int              // the real limit of open files; 0: unknown, 1024 is assumed
}

// A Config is what a kind makes of a variant.
type Config struct {
	File    string            // name of the configuration in Site.Dir and among the results
	Text    []byte            // of that file
	More    map[string][]byte // other files, by their path in the host
	Command []string          // program and its configuration; of the lab's own program the arguments alone
	Serve   []string          // more arguments, to serve in the foreground
	// Rewrites says, a line each, what was changed in a configuration of the
	// user's own.
	Rewrites []string
}

// Serving is the whole command line.
func (c Config) Serving() []string { return append(slices.Clip(c.Command), c.Serve...) }

var proxies, backends = map[string]Kind{}, map[string]Kind{}

// Register makes a kind of proxy known, to scenario files as well. template is
// its own configuration, nil where it needs none; image is the default of
// proxy.image.
func Register(k Kind, template *scenarios.ConfigFile, image string) {
	proxies[k.Name()] = k
	scenarios.RegisterProxy(server(k, template, image))
}

// RegisterBackend makes a kind of backend known.
func RegisterBackend(k Kind, template *scenarios.ConfigFile, image string) {
	backends[k.Name()] = k
	scenarios.RegisterBackend(server(k, template, image))
}

func server(k Kind, template *scenarios.ConfigFile, image string) scenarios.Server {
	if p, ok := k.(Packaged); ok {
		recipe.Register(p.Image())
	}
	_, sources := k.(Sourcing)
	s := scenarios.Server{
		Name: k.Name(), Image: image, Template: template, Policies: PoliciesOf(k), Speaks: Speaks(k), Sources: sources,
		Check: func(v scenarios.Variant) error { return check(k, v) },
	}
	if r, ok := k.(Recognising); ok {
		s.Recognises = r.Recognises
	}
	return s
}

// Of is the kind of a variant's proxy.
func Of(v scenarios.Variant) Kind { return Named(v.Proxy.Kind) }

// Named is the proxy of that name; of an unknown name, which no scenario that
// loads has, one that cannot be configured.
func Named(name string) Kind {
	if k, ok := proxies[name]; ok {
		return k
	}
	return unknown(name)
}

// BackendOf is the kind of a variant's backend; nil for the lab's own.
func BackendOf(v scenarios.Variant) Kind { return backends[v.Backend.Kind] }

// BackendTitle is how people call a variant's backend.
func BackendTitle(v scenarios.Variant) string {
	if k := BackendOf(v); k != nil {
		return Title(k)
	}
	return "the backend"
}

// Asked is what a template can name of its variant, as the scenario has it.
type Asked struct {
	Proxy    scenarios.Proxy
	Upstream scenarios.Upstream
	Backend  scenarios.Backend
	Load     scenarios.LoadSpec
}

// AskedOf takes that from a variant.
func AskedOf(v scenarios.Variant) Asked { return Asked{v.Proxy, v.Upstream, v.Backend, v.Load} }

// RenderBackend is the configuration that a template makes of a variant's backend: the
// scenario's, or else the kind's own. A file that is none is passed on as it is: it has to
// listen where the lab dials.
func RenderBackend(own *scenarios.ConfigFile, v scenarios.Variant, data any) ([]byte, error) {
	file := cmp.Or(v.BackendFile, own)
	if !file.IsTemplate() {
		return file.Text, nil
	}
	return file.Render(data, nil)
}

// BackendAt is a site with addresses for the backend to listen on.
func BackendAt(at Site) Site {
	if at.BackendListen == nil {
		at.BackendListen = at.Backends
	}
	return at
}

type unknown string

func (k unknown) Name() string { return string(k) }

func (k unknown) Configure(scenarios.Variant, Site) (Config, error) {
	return Config{}, fmt.Errorf("no kind of proxy is called %q", string(k))
}

// check renders a variant at an example site, for each release that changes
// how it is rendered.
func check(k Kind, v scenarios.Variant) error {
	releases := []string{""}
	if r, ok := k.(interface{ CheckReleases() []string }); ok {
		releases = r.CheckReleases()
	}
	at := Example(v)
	for _, at.Version = range releases {
		if _, err := k.Configure(v, at); err != nil {
			return err
		}
	}
	return nil
}

// Example is a site with addresses from the range reserved for examples.
func Example(v scenarios.Variant) Site {
	at := Site{
		Listen: netip.MustParseAddrPort("192.0.2.1:8080"),
		Dir:    "/etc/lab", RunDir: "/run/lab", ErrorLog: "stderr", DocumentRoot: "/srv",
		Syslog: netip.MustParseAddrPort("127.0.0.1:5140"),
	}
	for i := range v.Backend.Addresses {
		for p := range v.Backend.Ports {
			a := netip.AddrFrom4([4]byte{192, 0, 2, byte(128 + i)})
			at.Backends = append(at.Backends, netip.AddrPortFrom(a, uint16(8080+p)))
		}
	}
	if v.Backend.Place == scenarios.PlaceUnix {
		at.Socket = at.RunDir + "/backend.sock"
	}
	for i := range v.Proxy.Addresses {
		at.Sources = append(at.Sources, netip.AddrFrom4([4]byte{192, 0, 2, byte(2 + i)}))
	}
	return at
}

// Names are the kinds of proxy there are.
func Names() []string {
	var all []string
	for name := range proxies {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
