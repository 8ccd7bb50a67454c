package lab

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/certificate"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/law"
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

// configs are a variant's rendered files, and what nginx wrote about them.
type configs struct {
	nginx, httpd []byte
	excerpt      []string
	byMessage    map[string]int64
}

func (t *trial) serverNames(host string) []string {
	switch {
	case host == results.HostProxy:
		return []string{"nginx"}
	case t.v.Backend.Kind == scenarios.BackendAgent:
		return []string{backend.ProcessName}
	}
	return []string{"httpd", "apache2"}
}

func (t *trial) image(role image.Role) image.Image {
	ref := t.v.Proxy.Image
	if role == image.Httpd {
		ref = t.v.Backend.Image
	}
	return t.run.images[string(role)+" "+ref]
}

func (t *trial) nginx(more ...string) []string {
	return append([]string{t.image(image.Nginx).Program, "-c", nginxConf}, more...)
}

func (t *trial) httpd(more ...string) []string {
	return append([]string{t.image(image.Httpd).Program, "-f", httpdConf}, more...)
}

// configure makes the servers once the addresses are known.
func (t *trial) configure(topo driver.Topology) (proxy, backend driver.Server, err error) {
	f := t.facts(topo)
	if t.conf.nginx, err = t.v.NginxConf(f); err != nil {
		return proxy, backend, err
	}
	proxy = driver.Server{
		Image: t.image(image.Nginx).Used, Command: t.nginx(), Sysctls: t.plan.Sysctls,
		Files: []driver.File{{Path: nginxConf, Data: t.conf.nginx}},
	}
	if t.v.Backend.Kind == scenarios.BackendAgent {
		return proxy, t.agentBackend(f), nil
	}
	if t.conf.httpd, err = t.v.HttpdConf(f); err != nil {
		return proxy, backend, err
	}
	backend = driver.Server{
		Image: t.image(image.Httpd).Used, Command: t.httpd("-D", "FOREGROUND"),
		Files: []driver.File{{Path: httpdConf, Data: t.conf.httpd}, {Path: path.Join(documentRoot, "index.html"), Data: page}},
	}
	if t.v.Backend.Secure() {
		pair, err := certificate.New(topo.BackendAddrs()...)
		if err != nil {
			return proxy, backend, err
		}
		certificate := driver.File{Path: certFile, Data: pair.Certificate}
		proxy.Files = append(proxy.Files, certificate)
		backend.Files = append(backend.Files, certificate, driver.File{Path: keyFile, Data: pair.Key})
	}
	return proxy, backend, nil
}

func (t *trial) facts(topo driver.Topology) scenarios.Facts {
	f := Facts(t.v, topo, t.image(image.Nginx).Version)
	f.ServerRoot = t.image(image.Httpd).ServerRoot
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

// readBackTimeout bounds what takes some tens of milliseconds.
const readBackTimeout = 30 * time.Second

// readBack reads from inside what was asked for, and notes as a fault what
// did not take: a run under other settings than its plan's shows nothing.
func (t *trial) readBack(ctx context.Context) error {
	t.phase("read back")
	ctx, cancel := context.WithTimeout(ctx, readBackTimeout)
	defer cancel()
	env := results.VariantEnv{Name: t.v.Name, Hosts: map[string]results.HostEnv{}}
	var mu sync.Mutex
	var nginxT, nginxV, httpdV string
	err := parallel(
		func() (err error) { nginxT, err = t.lab.Exec(ctx, results.HostProxy, t.nginx("-T")...); return err },
		func() (err error) { nginxV, err = t.lab.Exec(ctx, results.HostProxy, t.nginx("-V")...); return err },
		func() (err error) {
			if t.v.Backend.Kind == scenarios.BackendHttpd {
				httpdV, err = t.lab.Exec(ctx, results.HostBackend, t.httpd("-V")...)
			}
			return err
		},
		func() error { return t.inspect(ctx, results.HostLoad, &mu, env.Hosts) },
		func() error { return t.inspect(ctx, results.HostProxy, &mu, env.Hosts) },
		func() error { return t.inspect(ctx, results.HostBackend, &mu, env.Hosts) },
	)
	if err != nil {
		return fmt.Errorf("read back the lab of %s: %w", t.v.Name, err)
	}
	proxy, backend := env.Hosts[results.HostProxy], env.Hosts[results.HostBackend]
	proxy.Build = nginxV
	proxy.Version = found(nginxV, `nginx version: nginx/(\S+)`)
	backend.Build = httpdV
	backend.Version = found(httpdV, `Server version: Apache/(\S+)`)
	backend.MPM = strings.ToLower(found(httpdV, `Server MPM:\s+(\S+)`))
	env.Hosts[results.HostProxy], env.Hosts[results.HostBackend] = proxy, backend
	t.run.env.Variants = append(t.run.env.Variants, env)

	t.compare(proxy, backend, nginxT)
	usable := int64(proxy.UsablePorts)
	t.m.Usable = &usable
	t.m.ConntrackMax, _ = strconv.ParseInt(proxy.Sysctls["net.netfilter.nf_conntrack_max"], 10, 64)
	v := t.v.Settled(proxy.Version)
	t.plan.Race, t.plan.Keepalive = race(v), v.Proxy.Keepalive
	t.plan.Predicted = law.Predict(t.setup(proxy))
	t.m.Plan = t.plan
	for _, s := range t.run.why.add(t.v.Name, t.reasons(proxy)) {
		t.run.o.Progress.Say("Note: " + t.v.Name + ": " + s)
	}
	return nil
}

// compare notes as faults what is not as asked.
func (t *trial) compare(proxy, backend results.HostEnv, nginxT string) {
	for key, want := range t.plan.Sysctls {
		got, ok := proxy.Sysctls[key]
		switch {
		case !ok:
			t.fault(fmt.Sprintf("%s was to be %q in the proxy's namespace and cannot be read there", key, want))
		case got != strings.Join(strings.Fields(want), " "):
			t.fault(fmt.Sprintf("%s was to be %q in the proxy's namespace and is %q", key, want, got))
		}
	}
	if !strings.Contains(nginxT, strings.TrimSpace(string(t.conf.nginx))) {
		t.fault("nginx runs another configuration than it was given: compare nginx -T with nginx.conf")
	}
	if want := t.v.Backend.MPM; t.v.Backend.Kind == scenarios.BackendHttpd && backend.MPM != want {
		t.fault(fmt.Sprintf("Apache was to run the %s MPM and runs %q", want, backend.MPM))
	}
	if need := uint64(2*t.plan.Connections + 64); proxy.NoFile < need {
		t.fault(fmt.Sprintf("nginx may open %d files and needs %d for %d connections: raise the nofile limit of the engine, or without one the user's (ulimit -Hn)", proxy.NoFile, need, t.plan.Connections))
	}
	t.tableLimits(proxy)
}

// tableLimits looks for kernel tables that are full before the ports are, and
// would change the subject: TIME_WAIT beyond tcp_max_tw_buckets is dropped,
// which hides the exhaustion, and a full conntrack table drops packets.
func (t *trial) tableLimits(proxy results.HostEnv) {
	s := t.setup(proxy)
	s.MaxTwBuckets = 0 // what would come if there were no limit
	for _, table := range []struct {
		key     string
		coming  float64
		instead string
	}{
		{"net.ipv4.tcp_max_tw_buckets", s.PeakTimeWait(), "the kernel would drop TIME_WAIT instead of running out of ports"},
		{"net.netfilter.nf_conntrack_max", s.Tracked(), "packets would be dropped instead"},
	} {
		if _, asked := t.plan.Sysctls[table.key]; asked {
			continue // the scenario is about it
		}
		limit, err := strconv.ParseFloat(proxy.Sysctls[table.key], 64)
		if err == nil && limit > 0 && limit < table.coming {
			t.fault(fmt.Sprintf("%s is %.0f, and %.0f connections are to come: %s; raise it or take a smaller size", table.key, limit, table.coming, table.instead))
		}
	}
}

// setup is what the laws are told of the variant once its proxy is read back.
func (t *trial) setup(proxy results.HostEnv) law.Setup {
	return setup(t.v.Settled(proxy.Version), proxy.UsablePorts, t.cpus, proxy.Sysctls, t.baseline)
}

func (t *trial) inspect(ctx context.Context, host string, mu *sync.Mutex, into map[string]results.HostEnv) error {
	cmd := new(agent.Inspect)
	if host != results.HostLoad {
		cmd.Server = t.serverNames(host)
	}
	if host == results.HostProxy {
		cmd.Sysctls = slices.Sorted(maps.Keys(t.plan.Sysctls))
	}
	r, err := t.lab.Agent(host).Call(ctx, agent.Command{Inspect: cmd})
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	into[host] = *r.Env
	if host == results.HostProxy {
		t.proxyNS = r.NetNS
	}
	return nil
}

func found(text, pattern string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// parallel runs all and returns the first error in their order.
func parallel(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	if i := slices.IndexFunc(errs, func(e error) bool { return e != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
