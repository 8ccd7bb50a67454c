package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
)

// read fills n from a member's view, or from what /proc shows to others.
func (f *found) read(n *Namespace) error {
	if f.path != "" {
		var err error
		onThreadOfItsOwn(func() { err = f.readInside(n) })
		if err == nil || len(f.pids) == 0 {
			return err
		}
	}
	return f.readOutside(n)
}

// onThreadOfItsOwn runs f on a thread that ends with it, and with whatever f did to it.
// The main thread cannot end: Go would park it where f left it, and /proc/PID/ns would
// show that as the process's. So it is kept busy while another thread runs f.
func onThreadOfItsOwn(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			onThreadOfItsOwn(f)
			runtime.UnlockOSThread()
			return
		}
		f()
	}()
	<-done
}

func (f *found) readInside(n *Namespace) error {
	if here, err := netInode("/proc/thread-self/ns/net"); err != nil || here != f.inode {
		fd, err := unix.Open(f.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open %s: %w", f.path, err)
		}
		defer unix.Close(fd)
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter %s: %w", f.path, err)
		}
	}
	var s sorter
	if p, err := probe.UsableBeside(nil); err == nil {
		s.low, s.high = uint16(p.Low), uint16(p.High)
	}
	n.SeenS = float64(clock.Mono()) / 1e9
	s.reset()
	if any, err := probe.HasTCP(); any || err != nil {
		if err := probe.Connections(s.reset, s.add, s.listener); err != nil {
			return err
		}
	}
	s.into(n)
	if p, err := probe.UsableBeside(s.boundPorts()); err == nil {
		n.Ports = &p
	}
	n.Sysctls = probe.Sysctls(asked...)
	n.Addresses, _ = probe.LocalAddresses("/proc/thread-self/net")
	if c, err := probe.ReadCounters(); err == nil {
		n.Counters = c
	}
	return nil
}

// readOutside reads the sockets through the first process that lets it. tcp6 comes first,
// as its listeners may accept IPv4 connections.
func (f *found) readOutside(n *Namespace) error {
	err := fs.ErrNotExist
	for _, pid := range f.pids {
		var s sorter
		s.reset()
		n.SeenS = float64(clock.Mono()) / 1e9
		if err = errors.Join(s.table(pid, "tcp6"), s.table(pid, "tcp")); err == nil {
			s.into(n)
			n.Outside = true
			n.Addresses, _ = probe.LocalAddresses(fmt.Sprintf("/proc/%d/net", pid))
			return nil
		}
	}
	return err
}

func (s *sorter) table(pid int, name string) error {
	file, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, name))
	if errors.Is(err, fs.ErrNotExist) && name == "tcp6" {
		return nil // IPv6 is off
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return probe.ReadConnections(file, s.add, func(end netip.AddrPort) { s.listener(end) })
}

const (
	tracedGroups  = 10 // of a namespace, the fullest
	namedAtMost   = 5  // processes of a namespace
	lookedAtFiles = 1 << 16
)

// owners finds the processes that hold the live connections of the fullest groups; where
// nobody does at the moment, the namespace's processes, unless it is everybody's.
func (f *found) owners(n *Namespace) []Process {
	wanted := map[string]bool{}
	for _, g := range n.Outgoing[:min(len(n.Outgoing), tracedGroups)] {
		for _, inode := range g.inodes {
			wanted[fmt.Sprintf("socket:[%d]", inode)] = true
		}
	}
	var holders []Process
	files := 0
	for _, pid := range f.pids {
		if len(wanted) == 0 || files > lookedAtFiles {
			break
		}
		dir := "/proc/" + strconv.Itoa(pid) + "/fd"
		d, err := os.Open(dir)
		if err != nil {
			continue
		}
		names, _ := d.Readdirnames(lookedAtFiles)
		d.Close()
		held := 0
		for _, name := range names {
			if to, err := os.Readlink(dir + "/" + name); err == nil && wanted[to] {
				held++
			}
		}
		files += len(names)
		if held > 0 {
			holders = append(holders, Process{PID: pid, Name: comm(pid), Sockets: held})
		}
	}
	slices.SortStableFunc(holders, func(a, b Process) int { return cmp.Compare(b.Sockets, a.Sockets) })
	if len(holders) == 0 && !f.host {
		taken := map[string]bool{}
		for _, pid := range f.pids {
			if name := comm(pid); name != "" && !taken[name] {
				taken[name] = true
				holders = append(holders, Process{PID: pid, Name: name})
			}
		}
	}
	return holders[:min(len(holders), namedAtMost)]
}

// configurations reads those of every nginx in the namespace.
func (f *found) configurations(n *Namespace, s *Snapshot) {
	for _, pid := range f.pids {
		if len(n.Outgoing) == 0 {
			return
		}
		dir := "/proc/" + strconv.Itoa(pid)
		if comm(pid) != "nginx" {
			continue
		}
		line, err := os.ReadFile(dir + "/cmdline")
		if title := strings.TrimRight(string(line), "\x00 "); err == nil && strings.HasPrefix(title, titleOfMaster) {
			m := master{pid: pid, title: strings.ReplaceAll(title, "\x00", " ")}
			if binary, err := os.Open(dir + "/exe"); err == nil {
				m.built = describe(binary)
				binary.Close()
			}
			report, err := m.read(dir + "/root")
			if err != nil {
				s.Unseen = append(s.Unseen, fmt.Sprintf("the configuration of nginx %d in %s: %s", pid, n.Name, reason(err)))
				continue
			}
			n.Nginx = append(n.Nginx, Configured{pid, report})
		}
	}
}
