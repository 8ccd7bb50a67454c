package netns

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/probe"
)

// hostThread is a host: one thread of the child that left for a network and
// a mount namespace of its own. What is forked from it is in them too. It is
// never given back to the Go scheduler, which starts no other from it either.
type hostThread struct {
	host    host
	init    *initd
	streams []*os.File // the agent's three, and the server's output
	work    chan func()
	netns   *os.File      // its network namespace, once named is closed
	named   chan struct{} // closed also when there will be none
	root    string        // of the server, seen from the thread
}

// start makes the host and returns when its processes run.
func (t *hostThread) start(br *bridge) error {
	made := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := t.make(br)
		made <- err
		if err != nil {
			return // the thread ends with the goroutine that locked it
		}
		for f := range t.work {
			f()
		}
	}()
	return <-made
}

func (t *hostThread) make(br *bridge) error {
	if err := t.leave(br); err != nil {
		return err
	}
	if t.host.Server != nil {
		for key, value := range t.host.Server.Sysctls {
			if err := probe.SetSysctl(key, value); err != nil {
				return err
			}
		}
	}
	if err := t.startAgent(); err != nil {
		return err
	}
	if t.host.Server == nil {
		return nil
	}
	if t.init.rootless {
		// Servers are not root there, and a configuration may ask for port 80.
		if err := probe.SetSysctl("net.ipv4.ip_unprivileged_port_start", "0"); err != nil {
			return err
		}
	}
	if t.host.Server.Root != "" {
		root, err := makeRoot(*t.host.Server)
		if err != nil {
			return err
		}
		t.root = root
	}
	if err := confine(t.init.rootless, t.host.Server.Capabilities); err != nil {
		return err
	}
	return t.startServer()
}

// leave takes the thread into the host's namespaces.
func (t *hostThread) leave(br *bridge) error {
	defer close(t.named)
	flags := unix.CLONE_NEWNS
	if t.host.JoinName == "" {
		flags |= unix.CLONE_NEWNET
	}
	if err := unix.Unshare(flags); err != nil {
		return fmt.Errorf("leave for namespaces of its own: %w", err)
	}
	if t.host.JoinName != "" {
		return t.init.join(t.host.JoinName)
	}
	return t.network(br)
}

// network joins the host to the bridge.
func (t *hostThread) network(br *bridge) error {
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return fmt.Errorf("find its network namespace: %w", err)
	}
	t.netns = own // open for as long as the lab lives: others may join
	plugged := make(chan error)
	go func() { plugged <- br.plug(t.host.Name, int(own.Fd())) }() // on a thread that stayed in the child's namespace
	if err := <-plugged; err != nil {
		return err
	}
	for _, name := range []string{"lo", linkName} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("find link %s: %w", name, err)
		}
		if name == linkName {
			for _, p := range t.host.Addresses {
				a, err := netlink.ParseAddr(p.String())
				if err == nil {
					err = netlink.AddrAdd(l, a)
				}
				if err != nil {
					return fmt.Errorf("add address %v: %w", p, err)
				}
			}
		}
		if err := netlink.LinkSetUp(l); err != nil {
			return fmt.Errorf("set link %s up: %w", name, err)
		}
	}
	return nil
}

func (t *hostThread) startAgent() error {
	s := t.streams
	argv := []string{"lab99", "agent"}
	if len(t.host.Addresses) > 0 {
		argv = append(argv, "--network", t.host.Addresses[0].Masked().String()) // load goes nowhere else
	}
	ended, err := t.init.children.start("/proc/self/exe", argv, &syscall.ProcAttr{
		Dir: "/", Env: os.Environ(), Files: []uintptr{s[0].Fd(), s[1].Fd(), s[2].Fd()},
	})
	if err != nil {
		return fmt.Errorf("start the agent: %w", err)
	}
	for _, f := range s[:3] {
		f.Close() // the agent's end of its input must be the only one
	}
	go func() { <-ended; t.init.tell(event{Exited: t.host.Name, Agent: true}) }()
	return nil
}

func (t *hostThread) startServer() error {
	out := t.streams[3]
	// A PID namespace of its own, as in a container: when its first process
	// dies, its workers do not go on serving.
	ended, err := t.spawn(t.host.Server.Command, out, unix.CLONE_NEWPID)
	if err != nil {
		return err
	}
	out.Close()
	go func() { <-ended; t.init.tell(event{Exited: t.host.Name}) }()
	return nil
}

// nobody is the user, and the group, of servers in a user namespace.
const nobody = 65534

// spawn starts a program of the server's. It must be called on the host's
// thread.
func (t *hostThread) spawn(argv []string, out *os.File, namespaces uintptr) (<-chan syscall.WaitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	attr := &syscall.ProcAttr{
		Dir: "/", Env: os.Environ(), Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys: &syscall.SysProcAttr{Chroot: t.root, Cloneflags: namespaces},
	}
	if t.init.rootless {
		attr.Sys.Cloneflags |= unix.CLONE_NEWUSER
		attr.Sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 0, Size: 1}}
		attr.Sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 0, Size: 1}}
	}
	program := argv[0]
	if t.host.Server.Root == "" {
		program = "/proc/self/exe"
	}
	ended, err := t.init.children.start(program, argv, attr)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	return ended, nil
}

// run runs a program to its end and returns what it printed.
func (t *hostThread) run(argv []string) (string, syscall.WaitStatus, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	var ended <-chan syscall.WaitStatus
	done := make(chan struct{})
	t.work <- func() { ended, err = t.spawn(argv, w, 0); close(done) }
	<-done
	w.Close()
	if err != nil {
		return "", 0, err
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, r); err != nil {
		return out.String(), 0, err
	}
	return out.String(), <-ended, nil
}
