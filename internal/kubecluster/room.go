//go:build linux

package kubecluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// room is a network namespace with a thread in it. What is started from there dies with
// the thread, and so with the test, however that ends (PR_SET_PDEATHSIG).
type room struct {
	name, path string
	work       chan func()
	gone       chan struct{}
}

// newRoom makes a namespace by ip-netns(8), so that it has a name for people who look.
func newRoom(name string) (*room, error) {
	if err := ip("netns", "add", name); err != nil {
		return nil, err
	}
	r := &room{name: name, path: "/run/netns/" + name, work: make(chan func()), gone: make(chan struct{})}
	entered := make(chan error)
	go func() {
		defer close(r.gone)
		runtime.LockOSThread() // for good: Go ends the thread with the goroutine
		err := r.enter()
		entered <- err
		if err != nil {
			return
		}
		for do := range r.work {
			do()
		}
	}()
	if err := <-entered; err != nil {
		return nil, fmt.Errorf("enter namespace %s: %w", name, err)
	}
	return r, ip("-n", name, "link", "set", "lo", "up")
}

func (r *room) enter() error {
	fd, err := unix.Open(r.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// do runs f in the namespace and waits for its end.
func (r *room) do(f func()) {
	done := make(chan struct{})
	r.work <- func() { defer close(done); f() }
	<-done
}

func (r *room) remove() error {
	if r == nil {
		return nil
	}
	close(r.work)
	<-r.gone
	return ip("netns", "del", r.name)
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// part is a process of the cluster.
type part struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// startPart starts a process in the namespace, with its output in a file.
func (r *room) startPart(log string, attr *syscall.SysProcAttr, argv ...string) (*part, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = attr
	if attr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	r.do(func() { err = cmd.Start() })
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	p := &part{cmd, make(chan struct{})}
	go func() { defer close(p.ended); cmd.Wait() }()
	return p, nil
}

func (p *part) pid() int { return p.cmd.Process.Pid }

// kill ends a part. None has anything to save.
func (p *part) kill() error {
	p.cmd.Process.Kill() // an error where it has ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("process %d does not end", p.pid())
	}
}
