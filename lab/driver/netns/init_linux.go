package netns

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/lab99/lab99/lab/probe"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Init is the child: PID 1 of a lab, and its tether. It returns when its
// control stream ends or the lab cannot come up, and all there is ends with it.
func Init() error {
	if os.Getpid() != 1 {
		return errors.New("this command is the init of a lab, which lab99 starts by itself")
	}
	control := inherit(controlFD)
	in := json.NewDecoder(bufio.NewReader(control))
	var b blueprint
	if err := in.Decode(&b); err != nil {
		return nil // the command went before it said anything
	}
	i := &initd{
		rootless: b.Rootless,
		children: newReaper(),
		out:      json.NewEncoder(control),
		hosts:    map[string]*hostThread{},
	}
	// The stream is watched from now on: its end ends the bringing up as well.
	go func() {
		if b.Try {
			i.tell(tried())
			return
		}
		if err := i.bringUp(b.Hosts); err != nil {
			i.tell(event{Error: err.Error()})
			return
		}
		// The process itself stays in a network namespace that nobody configured.
		i.tell(event{Up: true, Lacking: probe.LackingSysctls(b.Look...)})
	}()
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			return nil
		}
		go i.obey(o)
	}
}

// inherit takes a descriptor over from the command, and keeps it from those
// that are started here: a stream that others hold open never ends.
func inherit(fd int) *os.File {
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "inherited")
}

// initd is the state of the child.
type initd struct {
	rootless bool
	children *reaper

	mu    sync.Mutex
	out   *json.Encoder
	hosts map[string]*hostThread
}

func (i *initd) tell(e event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.out.Encode(e) // nobody to tell is the end, which Init sees
}

// bringUp makes the hosts, all at once.
func (i *initd) bringUp(hosts []host) error {
	fd := firstHostFD
	streams := make([][]*os.File, len(hosts))
	for n, h := range hosts {
		for range h.streams() {
			streams[n] = append(streams[n], inherit(fd))
			fd++
		}
	}
	if err := raiseNoFile(); err != nil {
		return err
	}
	if err := ownMounts(); err != nil {
		return err
	}
	br, err := newBridge()
	if err != nil {
		return err
	}
	var g errgroup.Group
	for n, h := range hosts {
		t := &hostThread{host: h, init: i, streams: streams[n], work: make(chan func()), named: make(chan struct{})}
		i.mu.Lock()
		i.hosts[h.Name] = t
		i.mu.Unlock()
	}
	for _, h := range hosts {
		t := i.hosts[h.Name]
		g.Go(func() error {
			if err := t.start(br); err != nil {
				return fmt.Errorf("host %s: %w", h.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// join takes the calling thread into another host's network namespace, once
// there is one.
func (i *initd) join(name string) error {
	i.mu.Lock()
	t := i.hosts[name]
	i.mu.Unlock()
	if t == nil {
		return fmt.Errorf("no host %s to share a network with", name)
	}
	<-t.named
	if t.netns == nil {
		return fmt.Errorf("host %s has no network to share", name)
	}
	if err := unix.Setns(int(t.netns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join the network of host %s: %w", name, err)
	}
	return nil
}

// obey runs a program on a host and tells what it printed.
func (i *initd) obey(o order) {
	e := event{Re: o.ID}
	i.mu.Lock()
	t := i.hosts[o.Host]
	i.mu.Unlock()
	if t == nil || t.host.Server == nil {
		e.Status = "no server"
		i.tell(e)
		return
	}
	out, status, err := t.run(o.Argv)
	switch {
	case err != nil:
		e.Status = err.Error()
	case status.Signaled():
		e.Status = "killed by signal " + unix.SignalName(status.Signal())
	case status.ExitStatus() != 0:
		e.Status = fmt.Sprintf("exit status %d", status.ExitStatus())
	}
	e.Output = out
	i.tell(e)
}
