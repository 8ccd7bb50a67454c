package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
)

// read fills n from a member's view, or from what /proc shows to others. It leaves the
// thread in the namespace.
func (f *found) read(n *Namespace, lean bool) error {
	f.refused = forLackOf(fs.ErrPermission, unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN)
	if f.path != "" {
		f.refused = f.readInside(n, lean)
		if f.refused == nil || len(f.pids) == 0 {
			return f.refused
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

// triedAtMost is how many processes are tried as the door to a namespace: they may end.
const triedAtMost = 8

// enter moves the calling thread into the namespace.
func (f *found) enter() error {
	if here, err := netInode("/proc/thread-self/ns/net"); err == nil && here == f.inode {
		return nil
	}
	err := f.enterBy(f.path)
	for _, pid := range f.pids[:min(len(f.pids), triedAtMost)] {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		err = f.enterBy(fmt.Sprintf("/proc/%d/ns/net", pid))
	}
	return err
}

// enterBy enters by a path. A process may have ended since it was found, and its number be
// another's: what is entered must be the namespace that was found.
func (f *found) enterBy(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return forLackOf(fmt.Errorf("open %s: %w", path, err), unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Ino != f.inode {
		return cmp.Or(err, fs.ErrNotExist)
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return forLackOf(fmt.Errorf("enter %s: %w", path, err), unix.CAP_SYS_ADMIN)
	}
	return nil
}

func (f *found) readInside(n *Namespace, lean bool) error {
	if err := f.enter(); err != nil {
		return err
	}
	if !lean { // of most namespaces a lean look needs no more than the range
		n.Sysctls = probe.Sysctls(asked...)
	}
	ports, unreadable := probe.PortRangeOf(n.Sysctls)
	if unreadable != nil { // it was not read yet, or cannot be, which has a reason
		ports, unreadable = probe.ReadPortRange()
	}
	if unreadable == nil {
		n.Ports = new(ports.Beside(nil))
	} else {
		f.partly = append(f.partly, fmt.Sprintf("its port range: %v", unreadable))
	}
	n.SeenS = float64(clock.Mono()) / 1e9
	if begun, err := probe.ActiveOpens(); err == nil {
		n.Begun = &begun
	}
	sockets, err := probe.TCPSockets()
	if n.Quiet = lean && err == nil && n.Ports != nil && float64(sockets) < quiet*float64(n.Ports.Usable); n.Quiet {
		return nil
	}
	if sockets > 0 || err != nil {
		s := sorter{low: uint16(ports.Low), high: uint16(ports.High)}
		s.reset()
		if err := probe.Connections(s.reset, s.add, s.listener); err != nil {
			s.reset()
			if again := s.tables("/proc/thread-self/net", 0); again != nil {
				n.Ports = nil // who has bound which is not known
				return errors.Join(err, again)
			}
			f.partly = append(f.partly,
				fmt.Sprintf("ports that are bound without a listener, which only sock_diag shows: %v", err))
		}
		s.into(n)
		if unreadable == nil {
			*n.Ports = ports.Beside(s.boundPorts())
		}
	}
	if lean {
		n.Sysctls = probe.Sysctls(asked...)
	}
	if n.Addresses, err = probe.LocalAddresses("/proc/thread-self/net"); err != nil {
		f.partly = append(f.partly, fmt.Sprintf("its addresses: %v", err))
	}
	if lean {
		return nil
	}
	if n.Counters, err = probe.ReadCounters(); err != nil {
		f.partly = append(f.partly, fmt.Sprintf("its counters: %v", err))
	}
	return nil
}

// quiet is the share of its ports that a namespace must have in sockets to be worth the
// kernel's walk through the table of all namespaces, look after look. Most of a host's
// namespaces have fewer. One of them that gets busy is seen by the next look.
const quiet = 0.01

// readOutside reads the sockets through the first process that lets it.
func (f *found) readOutside(n *Namespace) error {
	err := fs.ErrNotExist
	for _, pid := range f.pids {
		var s sorter
		s.reset()
		n.SeenS = float64(clock.Mono()) / 1e9
		dir := fmt.Sprintf("/proc/%d/net", pid)
		if err = s.tables(dir, f.table); err == nil {
			s.into(n)
			n.Outside = true
			n.Addresses, _ = probe.LocalAddresses(dir)
			return nil
		}
	}
	return err
}

// tables reads tcp6 and tcp of a directory of /proc, in this order: listeners of tcp6 may
// accept IPv4 connections. Where it is given, inode is that of tcp: another process may
// have come to the number of the one that was found.
func (s *sorter) tables(dir string, inode uint64) error {
	for _, name := range []string{"tcp6", "tcp"} {
		file, err := os.Open(dir + "/" + name)
		if errors.Is(err, fs.ErrNotExist) && name == "tcp6" {
			continue // IPv6 is off
		}
		if err != nil {
			return err
		}
		defer file.Close()
		if name == "tcp" && inode != 0 {
			var st unix.Stat_t
			if err := unix.Fstat(int(file.Fd()), &st); err != nil || st.Ino != inode {
				return cmp.Or(err, fs.ErrNotExist)
			}
		}
		if err := probe.ReadConnections(file, s.add, func(end netip.AddrPort) { s.listener(end) }); err != nil {
			return err
		}
	}
	return nil
}

const (
	tracedGroups  = 10 // of a namespace, the fullest
	namedAtMost   = 5  // processes of a namespace
	lookedAtFiles = 1 << 16
)

// owners finds the processes that hold the live connections of the fullest groups; where
// none is seen to, the namespace's processes, unless it is everybody's. The error says
// that some may not be looked at.
func (f *found) owners(n *Namespace) (holders []Process, err error) {
	wanted := map[string]int{} // how many hold each
	for _, g := range n.Outgoing[:min(len(n.Outgoing), tracedGroups)] {
		for _, inode := range g.inodes {
			wanted[fmt.Sprintf("socket:[%d]", inode)] = 0
		}
	}
	files, refused := 0, error(nil)
	for _, pid := range f.pids {
		if len(wanted) == 0 || files > lookedAtFiles {
			break
		}
		names, held, err := sockets(pid, wanted)
		if errors.Is(err, fs.ErrPermission) {
			refused = err
		}
		files += names
		if held > 0 {
			holders = append(holders, Process{PID: pid, Name: f.comms[pid], Sockets: held})
		}
	}
	slices.SortStableFunc(holders, func(a, b Process) int { return cmp.Compare(b.Sockets, a.Sockets) })
	if len(holders) == 0 && !f.host {
		taken := map[string]bool{}
		for _, pid := range f.pids {
			if name := f.comms[pid]; name != "" && !taken[name] {
				taken[name] = true
				holders = append(holders, Process{PID: pid, Name: name})
			}
		}
	}
	if !slices.Contains(slices.Collect(maps.Values(wanted)), 0) {
		refused = nil // it was about others
	}
	return holders[:min(len(holders), namedAtMost)], forLackOf(refused, unix.CAP_SYS_PTRACE, unix.CAP_DAC_READ_SEARCH)
}

// sockets counts those of a process that are wanted, and the files that it has open.
func sockets(pid int, wanted map[string]int) (files, held int, err error) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	d, err := os.Open(dir)
	if err != nil {
		return 0, 0, err
	}
	names, _ := d.Readdirnames(lookedAtFiles)
	d.Close()
	for _, name := range names {
		to, readErr := os.Readlink(dir + "/" + name)
		if errors.Is(readErr, fs.ErrPermission) {
			err = readErr
		}
		if _, ok := wanted[to]; ok {
			wanted[to]++
			held++
		}
	}
	return len(names), held, err
}
