package netns

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"golang.org/x/sys/unix"
)

// Up brings a lab up. The first candidate for the subnet is always free: the
// lab's network is the only one in its namespaces.
func (d *Driver) Up(ctx context.Context, spec driver.Spec) (driver.Lab, error) {
	subnets := spec.Subnets
	if len(subnets) == 0 {
		subnets = driver.Subnets()
	}
	topo := driver.Arrange(subnets[0], spec.Layout)
	proxySpec, backendSpec, err := spec.Configure(topo)
	if err != nil {
		return nil, err
	}
	proxy, err := d.server(proxySpec)
	if err != nil {
		return nil, err
	}
	backend, err := d.server(backendSpec)
	if err != nil {
		return nil, err
	}
	in := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, topo.Subnet.Bits()) }
	hosts := []host{
		{Name: results.HostLoad, Addresses: []netip.Prefix{in(topo.Load)}},
		{Name: results.HostProxy, Server: proxy},
		{Name: results.HostBackend, Server: backend},
	}
	for _, a := range topo.Sources {
		hosts[1].Addresses = append(hosts[1].Addresses, in(a))
	}
	if spec.Layout.Shared {
		hosts[2].JoinName = results.HostProxy
	} else {
		for _, a := range topo.BackendAddrs() {
			hosts[2].Addresses = append(hosts[2].Addresses, in(a))
		}
	}
	ctx, cancel := bounded(ctx, upTimeout)
	defer cancel()
	l, err := d.start(ctx, blueprint{Rootless: d.rootless, Hosts: hosts}, spec.OnRecord)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &driver.UnfitError{What: "the lab cannot be brought up in namespaces", Err: err}
	}
	l.topo = topo
	return l, nil
}

func (d *Driver) server(s driver.Server) (*server, error) {
	if s.Agent {
		s.Command = append([]string{"lab99"}, s.Command...)
		return &server{Server: s}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	root, ok := d.roots[s.Image]
	if !ok {
		return nil, fmt.Errorf("no root file system was prepared for image %q", s.Image)
	}
	scratch, err := scratchDir()
	if err != nil {
		return nil, err
	}
	return &server{Server: s, Root: root, Scratch: scratch}, nil
}

// scratchDir is an empty directory in the user's cache. All labs share it: what
// one mounts there only its own servers see.
func scratchDir() (string, error) {
	cache, err := os.UserCacheDir()
	dir := filepath.Join(cache, "lab99", "mnt")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", &driver.UnfitError{
			What: "there is no place for root file systems", Err: err,
			Hint: "Set XDG_CACHE_HOME, or HOME, to a directory that you can write in.",
		}
	}
	return dir, nil
}

// start starts the child and waits until it says that the lab is up.
func (d *Driver) start(ctx context.Context, b blueprint, onRecord func(string, agent.Record)) (_ *lab, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make the control stream: %w", err)
	}
	l := newLab(os.NewFile(uintptr(pair[0]), "control"))
	theirs := []*os.File{os.NewFile(uintptr(pair[1]), "control")}
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
			defer cancel()
			err = errors.Join(err, l.Down(dctx))
		}
	}()
	for _, h := range b.Hosts {
		fs, err := l.attach(h, onRecord)
		theirs = append(theirs, fs...)
		if err != nil {
			return nil, fmt.Errorf("make the streams of host %s: %w", h.Name, err)
		}
	}
	l.cmd = initCommand(b.Rootless)
	l.cmd.ExtraFiles = theirs
	l.cmd.Stderr = &l.stderr
	if err := l.cmd.Start(); err != nil {
		l.cmd = nil
		return nil, fmt.Errorf("make the namespaces: %w", err)
	}
	up := make(chan error, 2)
	crash.Go(func() { l.listen(up) })
	if err := json.NewEncoder(l.control).Encode(b); err != nil {
		return nil, fmt.Errorf("tell the child what to bring up: %w", errors.Join(err, l.lastWords()))
	}
	select {
	case err := <-up:
		return l, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Subcommand is the hidden one that calls Init.
const Subcommand = "netns-init"

// initCommand is this program again, as the init of a lab. A session of its
// own keeps the terminal's Ctrl-C, which is the command's to handle, away from
// the lab. There is no parent-death signal: it would come when the thread that
// forked ends, and threads come and go.
func initCommand(rootless bool) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", Subcommand)
	cmd.Args[0] = "lab99"
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET,
	}
	if rootless {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// listen takes the child's events until its stream ends.
func (l *lab) listen(up chan<- error) {
	in := json.NewDecoder(bufio.NewReader(l.control))
	for {
		var e event
		if err := in.Decode(&e); err != nil {
			up <- errors.Join(errors.New("the init of the lab ended by itself"), l.lastWords())
			l.gone()
			return
		}
		switch {
		case e.Up:
			l.lacking = e.Lacking
			l.found = e.Abilities
			up <- nil
		case e.Error != "":
			up <- errors.New(e.Error)
		case e.Exited != "":
			l.report(e.Exited, e.Agent)
		case e.Re != 0:
			l.answer(e)
		}
	}
}
