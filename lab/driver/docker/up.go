package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"
	"golang.org/x/sync/errgroup"
)

// The roles of a lab's containers, as labelled.
const (
	roleTether  = "tether"
	roleProxy   = "proxy"
	roleBackend = "backend"
	roleProbe   = "probe"
)

// upTimeout bounds what takes a second on an engine that is well.
const upTimeout = time.Minute

var errSlow = &driver.UnfitError{
	What: fmt.Sprintf("the engine did not bring the lab up in %v", upTimeout),
	Hint: "Is it well? Its `ps` should answer at once.",
}

// downTimeout bounds the clean-up after a failed Up, which runs even when the
// caller's context is already cancelled.
const downTimeout = 20 * time.Second

// Up brings a lab up: the network, the tether, then proxy and backend at once,
// then their probes at once.
func (d *Driver) Up(ctx context.Context, spec driver.Spec) (_ driver.Lab, err error) {
	l := &lab{d: d, exited: make(chan *driver.ServerError, 5), agents: map[string]*agent.Client{}}
	defer func() {
		if err != nil {
			dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
			defer cancel()
			_, left := d.removeLab(dctx, spec)
			err = errors.Join(err, left, l.Down(dctx))
		}
	}()
	if d.kind.leavesTether {
		if l.janitor, err = d.hire(spec); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, upTimeout, errSlow)
	defer cancel()
	b := &builder{lab: l, spec: spec}
	if b.agentImage, err = d.agentImage(ctx); err != nil {
		return nil, err
	}
	nw, subnet, err := d.newNetwork(ctx, b.labels("network"), spec.Subnets)
	if err != nil {
		return nil, err
	}
	l.network, b.network = nw.ID, nw.Name
	l.topo = driver.Arrange(subnet, spec.Layout)
	proxy, backend, err := spec.Configure(l.topo)
	if err != nil {
		return nil, err
	}
	if b.tether, err = b.agent(ctx, results.HostLoad, roleTether, nil); err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	proxyID := make(chan string, 1)
	g.Go(func() error {
		defer close(proxyID)
		id, err := b.server(gctx, roleProxy, proxy, b.at(l.topo.Proxy.Addr()))
		if err != nil {
			return err
		}
		proxyID <- id
		if err := b.probe(gctx, roleProxy, proxy, id); err != nil {
			return err
		}
		return b.addAddresses(gctx, results.HostProxy, l.topo.Sources[1:])
	})
	g.Go(func() error {
		net, more := b.at(l.topo.Backends[0].Addr()), l.topo.BackendAddrs()[1:]
		if spec.Layout.Shared {
			id, ok := <-proxyID
			if !ok {
				return nil // the proxy says why
			}
			net, more = joined(id), nil
		}
		id, err := b.server(gctx, roleBackend, backend, net)
		if err != nil {
			return err
		}
		if err := b.probe(gctx, roleBackend, backend, id); err != nil {
			return err
		}
		return b.addAddresses(gctx, results.HostBackend, more)
	})
	if err = g.Wait(); err == nil {
		err = l.reach(ctx, spec.Layout)
	}
	if err != nil {
		// A server that refused its configuration explains itself better than
		// the probe that could not join it.
		select {
		case dead := <-l.exited:
			return nil, dead
		case <-time.After(100 * time.Millisecond):
			return nil, err
		}
	}
	return l, nil
}

// builder makes the containers of one lab.
type builder struct {
	lab        *lab
	spec       driver.Spec
	agentImage string
	network    string // name
	tether     string // container ID
}

func (b *builder) labels(role string) map[string]string {
	return map[string]string{
		labelRun:     b.spec.Run,
		labelVariant: b.spec.Variant,
		labelRole:    role,
		labelOwner:   driver.Owner(),
	}
}

// place puts a container somewhere: at an address of the lab's network, or into
// the network namespace of another container.
type place func(*tc.ContainerRequest, *container.HostConfig)

func (b *builder) at(addr netip.Addr) place {
	return func(r *tc.ContainerRequest, _ *container.HostConfig) {
		if r != nil {
			r.Networks = []string{b.network}
			r.EndpointSettingsModifier = static(b.network, addr)
		}
	}
}

func joined(id string) place {
	return func(_ *tc.ContainerRequest, hc *container.HostConfig) {
		if hc != nil {
			hc.NetworkMode = container.NetworkMode("container:" + id)
		}
	}
}

// probe starts an agent in the network namespace of a server.
func (b *builder) probe(ctx context.Context, role string, server driver.Server, id string) error {
	_, err := b.agent(ctx, hostOf(role), roleProbe, func(hc *container.HostConfig) {
		confine(hc, probeCapabilities(server, b.moreAddresses(role)))
		hc.NetworkMode = container.NetworkMode("container:" + id)
		hc.PidMode = container.PidMode("container:" + b.tether)
	})
	return err
}

// moreAddresses says whether a host gets more than the engine gives it.
func (b *builder) moreAddresses(role string) bool {
	if role == roleProxy {
		return len(b.lab.topo.Sources) > 1
	}
	return !b.spec.Layout.Shared && len(b.lab.topo.BackendAddrs()) > 1
}

func (b *builder) server(ctx context.Context, role string, s driver.Server, where place) (string, error) {
	m := &member{role: role, host: hostOf(role), name: s.Name}
	if s.Agent {
		s.Image, s.Command = b.agentImage, append([]string{image.AgentProgram}, s.Command...)
	}
	req := tc.ContainerRequest{
		Image: s.Image,
		Tmpfs: writable(s),
		ConfigModifier: func(c *container.Config) {
			c.Entrypoint = s.Command[:1] // the official entrypoint edits configurations
			c.Cmd = s.Command[1:]
			c.StopSignal = "SIGKILL"
		},
		HostConfigModifier: func(hc *container.HostConfig) {
			hc.AutoRemove = true
			hc.PidMode = container.PidMode("container:" + b.tether)
			hc.Sysctls = s.Sysctls
			hc.LogConfig = container.LogConfig{Type: "none"}
			where(nil, hc)
			hc.Mounts = []mount.Mount{configVolume(b.labels(role))}
			confine(hc, s.Capabilities)
		},
	}
	where(&req, nil)
	err := b.start(ctx, m, req, s.Files)
	return m.id, lackingSysctl(err, s.Sysctls)
}

// lackingSysctl finds the sysctl that the engine could not set for want of its
// file, and puts it into the error, if that is what the error is about. runc
// says "open /proc/sys/net/…: no such file or directory", crun much the same.
func lackingSysctl(err error, asked map[string]string) error {
	unfit := new(driver.UnfitError)
	if !errors.As(err, &unfit) || unfit.Err == nil {
		return err
	}
	text := strings.ToLower(unfit.Err.Error())
	if !strings.Contains(text, "no such file or directory") {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(asked)) {
		file := regexp.QuoteMeta(strings.ToLower(strings.ReplaceAll(key, ".", "/")))
		if regexp.MustCompile(`/` + file + `\b[^/]`).MatchString(text + " ") {
			more := *unfit
			more.Err = &driver.LackingError{Sysctl: key, Err: unfit.Err}
			return &more
		}
	}
	return err
}

// agent starts an agent; join nil means the tether, on the lab's network.
func (b *builder) agent(ctx context.Context, host, role string, join func(*container.HostConfig)) (string, error) {
	m := &member{role: role, host: host}
	req := tc.ContainerRequest{
		Image: b.agentImage,
		ConfigModifier: func(c *container.Config) {
			c.Cmd = []string{"agent", "--network", b.lab.topo.Subnet.String()}
			c.OpenStdin, c.StdinOnce = true, true
			c.AttachStdin, c.AttachStdout, c.AttachStderr = true, true, true
		},
		HostConfigModifier: func(hc *container.HostConfig) {
			hc.AutoRemove = true
			// The stream is attached; nothing may fill the engine's disk.
			hc.LogConfig = container.LogConfig{Type: "none"}
			confine(hc, nil) // sending requests takes no privilege
			if join != nil {
				join(hc)
			}
		},
	}
	if join == nil {
		req.Networks = []string{b.network}
		req.EndpointSettingsModifier = static(b.network, b.lab.topo.Load)
	}
	if err := b.start(ctx, m, req, nil); err != nil {
		return "", err
	}
	c := agent.NewClient(host, m.stream.stdout, m.stream, func(r agent.Record) { b.spec.OnRecord(host, r) })
	b.lab.mu.Lock()
	b.lab.agents[host] = c
	b.lab.mu.Unlock()
	return m.id, nil
}

// start creates a container, copies its files in, attaches and starts it.
func (b *builder) start(ctx context.Context, m *member, req tc.ContainerRequest, files []driver.File) error {
	what := fmt.Sprintf("container of the %s on host %s", m.role, m.host)
	req.Labels = b.labels(m.role)
	req.Name = strings.Join([]string{"lab99", b.spec.Run, b.spec.Variant, m.host, m.role}, "-")
	made, release := driver.UntilMade(ctx)
	defer release()
	c, err := tc.GenericContainer(made, tc.GenericContainerRequest{ContainerRequest: req, Started: false})
	if c != nil && c.GetContainerID() != "" { // it may exist even when the call failed
		m.id = c.GetContainerID()
		b.lab.mu.Lock()
		b.lab.members = append(b.lab.members, m)
		b.lab.mu.Unlock()
	}
	if err != nil {
		return unfit(ctx, "create the "+what, err)
	}
	cli := b.lab.d.cli
	if len(files) > 0 {
		// One archive: the engine takes some 50 ms over each copy.
		_, err := cli.CopyToContainer(ctx, m.id, client.CopyToContainerOptions{DestinationPath: driver.ConfigDir,
			Content: archive(files)})
		if err != nil {
			return unfit(ctx, "copy files into the "+what, err)
		}
	}
	isAgent := m.role == roleTether || m.role == roleProbe
	if m.stream, err = attach(ctx, cli, m.id, isAgent); err != nil {
		return unfit(ctx, "attach to the "+what, err)
	}
	if err := c.Start(ctx); err != nil {
		return unfit(ctx, "start the "+what, err)
	}
	crash.Go(func() { b.lab.watch(m) })
	return nil
}

// unfit blames the engine, which refused what a lab needs, unless somebody
// called the whole thing off.
func unfit(ctx context.Context, what string, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == errSlow:
		return errSlow
	case cause != nil:
		return fmt.Errorf("%s: %w", what, cause)
	}
	return &driver.UnfitError{What: "the engine could not " + what, Hint: refusalHint(err), Err: err}
}

// refusalHint is what helps where an engine cannot start any container.
func refusalHint(err error) string {
	if strings.Contains(err.Error(), "rlimit") {
		return "It gives containers limits that it may not set. " +
			"Podman takes others from default_ulimits in containers.conf;\n" +
			"  docs/drivers.md has an example."
	}
	return ""
}

// addAddresses gives a host its further addresses. The engine could do it with
// one more network for each, but then the proxy would have to join them all, and
// its connections would leave from other source addresses.
func (b *builder) addAddresses(ctx context.Context, host string, more []netip.Addr) error {
	if len(more) == 0 {
		return nil
	}
	cmd := new(agent.Addr)
	for _, a := range more {
		cmd.Prefixes = append(cmd.Prefixes, netip.PrefixFrom(a, b.lab.topo.Subnet.Bits()))
	}
	if _, err := b.lab.Agent(host).Call(ctx, agent.Command{Addr: cmd}); err != nil {
		return fmt.Errorf("give the %s %d more addresses: %w", host, len(more), err)
	}
	return nil
}

func static(name string, addr netip.Addr) func(map[string]*network.EndpointSettings) {
	return func(m map[string]*network.EndpointSettings) {
		m[name].IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: addr}
	}
}

// archive packs files below driver.ConfigDir, and the directories they need,
// for the engine.
func archive(files []driver.File) *bytes.Buffer {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	made := map[string]bool{}
	for _, f := range files {
		name := strings.TrimPrefix(path.Clean(f.Path), driver.ConfigDir+"/")
		for i, c := range name {
			if dir := name[:i]; c == '/' && !made[dir] {
				made[dir] = true
				w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755})
			}
		}
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(f.Data))})
		w.Write(f.Data)
	}
	w.Close() // none of these can fail on a bytes.Buffer with matching sizes
	return &buf
}
