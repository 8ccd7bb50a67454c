package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/format"
)

// namedNamespaces is where ip-netns(8) keeps namespaces by name.
const namedNamespaces = "/run/netns"

// found is a namespace before it is read.
type found struct {
	inode uint64 // 0: the caller may not know it
	table uint64 // inode of its net/tcp; 0: not asked for
	own   bool
	host  bool
	named string // of ip-netns
	path  string // that opens it; "": none does
	pids  []int
	comms map[int]string // what they called themselves, by PID

	refused error    // why it was not entered
	partly  []string // what was not seen of it besides
}

// findNamespaces lists the caller's own namespace first, then that of the machine, then
// the others by inode. One that no process is in and that has no name, such as one that
// only an open file keeps, is not found: Linux lists namespaces nowhere.
func findNamespaces(s *Snapshot, r rights) ([]*found, error) {
	own, err := netInode("/proc/self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("find the own network namespace: %w", err)
	}
	all := census{inodes: map[uint64]*found{}, tables: map[uint64]*found{}}
	all.add(own, "/proc/self").own = true
	initial := initialPIDs()
	pids, hidden := processes(), 0
	for _, pid := range pids {
		dir := "/proc/" + strconv.Itoa(pid)
		f, err := all.of(dir)
		switch {
		case errors.Is(err, fs.ErrPermission):
			hidden++
		case f != nil:
			f.pids = append(f.pids, pid)
			f.host = f.host || pid == 1 && initial
			if f.comms == nil {
				f.comms = map[int]string{}
			}
			f.comms[pid] = comm(pid)
			if strings.HasPrefix(f.comms[pid], "runsc") {
				s.miss("gVisor's sandbox %d has a network stack of its own, whose sockets the kernel does not show",
					pid)
			}
		}
	}
	switch {
	case !slices.Contains(pids, 1): // each process namespace has one
		s.miss("processes of others, and the namespaces that they are in: /proc hides them (hidepid): %s",
			r.takes(unix.CAP_SYS_PTRACE))
	case hidden > 0:
		s.miss("%s of others, and the namespaces that they are in: /proc hides them (hidepid): %s",
			format.Plural(hidden, "process"), r.takes(unix.CAP_SYS_PTRACE))
	}
	if !initial {
		s.miss("what runs outside of this container: " +
			"that takes the machine's process IDs (docker run --pid host, hostPID in Kubernetes)")
	}
	dirs := []string{namedNamespaces}
	if there, err := os.Readlink("/proc/1/ns/mnt"); err == nil && initial {
		if here, err := os.Readlink("/proc/self/ns/mnt"); err == nil && here != there {
			dirs = append(dirs, "/proc/1/root"+namedNamespaces) // in a container that sees the machine's processes
		}
	}
	for _, dir := range dirs {
		if err := all.named(dir); err != nil {
			s.miss("network namespaces by name: %s", r.reason(err))
		}
	}
	slices.SortFunc(all.list, func(a, b *found) int {
		return cmp.Or(
			rank(a.own, b.own), rank(a.host, b.host),
			cmp.Compare(a.inode, b.inode), slices.Compare(a.pids, b.pids),
		)
	})
	return all.list, nil
}

// census has each namespace once, however it was found.
type census struct {
	list   []*found
	inodes map[uint64]*found
	tables map[uint64]*found // by the inode of net/tcp, which each namespace has its own of
}

// of is the namespace of a process, by its directory of /proc. Both are nil where the
// process has ended; the error is fs.ErrPermission where /proc hides it.
func (c *census) of(dir string) (*found, error) {
	inode, err := netInode(dir + "/ns/net")
	if f := c.inodes[inode]; f != nil && err == nil {
		return f, nil
	}
	if err == nil {
		return c.add(inode, dir), nil
	}
	if !errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	table, err := tableInode(dir + "/net/tcp")
	if err != nil {
		return nil, err
	}
	f := c.tables[table]
	if f == nil {
		f = &found{table: table}
		c.tables[table] = f
		c.list = append(c.list, f)
	}
	return f, nil
}

// add makes a namespace known by its inode. Another process in it may have been met that
// only let its table be seen.
func (c *census) add(inode uint64, dir string) *found {
	table, _ := tableInode(dir + "/net/tcp")
	f := c.tables[table]
	if f == nil || f.inode != 0 {
		f = &found{table: table}
		c.list = append(c.list, f)
	}
	f.inode, f.path = inode, dir+"/ns/net"
	c.inodes[inode] = f
	if table != 0 {
		c.tables[table] = f
	}
	return f
}

// named adds those of a directory as ip-netns(8) keeps it.
func (c *census) named(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		inode, err := namespaceAt(path)
		if err != nil {
			continue // nothing is mounted there, or not where this process can see it
		}
		f := c.inodes[inode]
		if f == nil {
			f = &found{inode: inode, path: path}
			c.inodes[inode] = f
			c.list = append(c.list, f)
		}
		f.named = e.Name()
	}
	return forLackOf(err, unix.CAP_DAC_READ_SEARCH)
}

func rank(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// netInode reads the number of a namespace out of its link, net:[4026531840].
func netInode(link string) (uint64, error) {
	text, err := os.Readlink(link)
	if err != nil {
		return 0, err
	}
	number, ok := strings.CutPrefix(text, "net:[")
	if !ok {
		return 0, fmt.Errorf("%s leads to %q, which is no network namespace", link, text)
	}
	return strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
}

// namespaceAt is the number of the namespace that is mounted at a path or that it leads
// to. Nothing is opened: a pipe would make whoever opens it wait.
func namespaceAt(path string) (uint64, error) {
	var of unix.Statfs_t
	if err := unix.Statfs(path, &of); err != nil {
		return 0, err
	}
	if of.Type != unix.NSFS_MAGIC {
		return 0, errors.New("it is no namespace")
	}
	return fileInode(path)
}

func fileInode(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, err
	}
	return st.Ino, nil
}

// tableInode tells namespaces apart without the right to look at their links: procfs
// numbers the files of each (proc_register, fs/proc/generic.c).
func tableInode(path string) (uint64, error) { return fileInode(path) }

// initialPIDs says whether process 1 is the machine's, and not a container's.
func initialPIDs() bool {
	text, err := os.Readlink("/proc/thread-self/ns/pid")
	return err == nil && text == "pid:[4026531836]" // PROC_PID_INIT_INO, include/linux/proc_ns.h
}

func processes() (pids []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// choose leaves the namespace that was asked for.
func (o Target) choose(all []*found) ([]*found, error) {
	switch {
	case o.PID != 0:
		for _, f := range all {
			if slices.Contains(f.pids, o.PID) {
				return []*found{f}, nil
			}
		}
		return nil, &NotFoundError{fmt.Sprintf("no process %d is seen from here\n  `ps -e` lists those that are; "+
			"one of a container has another number inside of it", o.PID)}
	case o.Netns != "":
		path := o.Netns
		if !strings.Contains(path, "/") {
			path = filepath.Join(namedNamespaces, path)
		}
		inode, err := namespaceAt(path)
		if err != nil {
			return nil, &NotFoundError{fmt.Sprintf("no network namespace %s: %v\n  "+
				"`ip netns list` lists those that have a name; --pid takes any process.", path, err)}
		}
		for _, f := range all {
			if f.inode == inode {
				return []*found{f}, nil
			}
		}
		return []*found{{inode: inode, path: path, named: filepath.Base(path)}}, nil
	}
	return all, nil
}
