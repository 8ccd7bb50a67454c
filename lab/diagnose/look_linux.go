package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
)

// namedNamespaces is where ip-netns(8) keeps namespaces by name.
const namedNamespaces = "/run/netns"

// asked are sysctls that matter here besides those that a run records.
var asked = []string{"net.ipv4.tcp_tw_timeout"} // vendors' kernels only

// Look takes a snapshot of all network namespaces that the caller may see, or of the one
// that o names.
//
// A namespace is entered by setns(2) on a thread of its own, which is locked for good, so
// that Go ends it and no other code ever runs there. Without CAP_SYS_ADMIN the own
// namespace is read in full, and of the others /proc/PID/net has the sockets, but no
// sysctl: how many ports there are is then unknown, and said to be.
func Look(ctx context.Context, o Target) (*Snapshot, error) {
	s := &Snapshot{Kernel: kernel(), Namespaces: []Namespace{}}
	s.Abilities = abilities(s.Kernel)
	seen, err := findNamespaces(s)
	if err != nil {
		return nil, err
	}
	if seen, err = o.choose(seen); err != nil {
		return nil, err
	}
	for _, one := range seen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := Namespace{Inode: one.inode, Name: one.name(), Host: one.host}
		if o.Name != "" {
			n.Name = o.Name
		}
		if err := one.read(&n); err != nil {
			s.Unseen = append(s.Unseen, fmt.Sprintf("%s: %s", n.Name, reason(err)))
			continue
		}
		if n.Outside {
			s.Unseen = append(s.Unseen, fmt.Sprintf("%s: its port range, sysctls and counters, as it may not be entered: "+
				"that takes CAP_SYS_ADMIN, or a look from inside", n.Name))
		}
		n.Processes = one.owners(&n)
		one.configurations(&n, s)
		s.Namespaces = append(s.Namespaces, n)
	}
	return s, nil
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// abilities are what a trial has found since the last boot, and otherwise what reading
// tells.
func abilities(kernel string) ability.Found {
	if k, ok := ability.KeyOf(kernel, os.Geteuid() == 0); ok {
		if f, ok := ability.Recall(k); ok {
			return f
		}
	}
	f := ability.Nothing("not tried: `lab99 abilities` tries it")
	for id, to := range map[string]struct {
		is     **bool
		sysctl string
	}{
		"tw_reuse_delay":  {&f.TwReuseDelay, "net.ipv4.tcp_tw_reuse_delay"},
		"port_step_width": {&f.PortStepWidth, "net.ipv4.ip_local_port_step_width"},
	} {
		_, err := os.Stat("/proc/sys/" + strings.ReplaceAll(to.sysctl, ".", "/"))
		is := err == nil
		*to.is = &is
		delete(f.Unknown, id)
	}
	return f
}

// reason is an error in the words of who reads it.
func reason(err error) string {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EPERM) {
		return "it may not be looked at: that takes root, or CAP_SYS_ADMIN and CAP_SYS_PTRACE"
	}
	return err.Error()
}

// found is a namespace before it is read.
type found struct {
	inode uint64 // 0: the caller may not know it
	own   bool
	host  bool
	named string // of ip-netns
	path  string // that opens it; "": none does
	pids  []int
}

// findNamespaces lists the caller's own namespace first, then that of the machine, then
// the others by inode.
func findNamespaces(s *Snapshot) ([]*found, error) {
	own, err := netInode("/proc/self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("find the own network namespace: %w", err)
	}
	all := map[uint64]*found{own: {inode: own, own: true, path: "/proc/self/ns/net"}}
	tables := map[uint64]*found{} // by the inode of net/tcp, which each namespace has its own of
	if table, err := tableInode("/proc/self/net/tcp"); err == nil {
		tables[table] = all[own]
	}
	initial := initialPIDs()
	for _, pid := range processes() {
		dir := "/proc/" + strconv.Itoa(pid)
		var f *found
		if inode, err := netInode(dir + "/ns/net"); err == nil {
			if f = all[inode]; f == nil {
				f = &found{inode: inode, path: dir + "/ns/net"}
				all[inode] = f
				if table, err := tableInode(dir + "/net/tcp"); err == nil {
					tables[table] = f
				}
			}
		} else if errors.Is(err, fs.ErrPermission) {
			table, err := tableInode(dir + "/net/tcp")
			if err != nil {
				continue // it ended, or hides
			}
			if f = tables[table]; f == nil {
				f = &found{}
				tables[table] = f
			}
		} else {
			continue
		}
		f.pids = append(f.pids, pid)
		f.host = f.host || pid == 1 && initial
		if strings.HasPrefix(comm(pid), "runsc") {
			s.Unseen = append(s.Unseen, fmt.Sprintf(
				"gVisor's sandbox %d has a network stack of its own, whose sockets the kernel does not show", pid))
		}
	}
	entries, err := os.ReadDir(namedNamespaces)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Unseen = append(s.Unseen, namedNamespaces+": "+reason(err))
	}
	for _, e := range entries {
		path := filepath.Join(namedNamespaces, e.Name())
		inode, err := fileInode(path)
		if err != nil {
			continue
		}
		if all[inode] == nil {
			all[inode] = &found{inode: inode, path: path}
		}
		all[inode].named = e.Name()
	}
	list := slices.Collect(maps.Values(all))
	for _, f := range tables {
		if f.inode == 0 {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *found) int {
		return cmp.Or(rank(a.own, b.own), rank(a.host, b.host), cmp.Compare(a.inode, b.inode), slices.Compare(a.pids, b.pids))
	})
	return list, nil
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

func comm(pid int) string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return format.OneLine(format.Clean(string(b)))
}

// name is what people call a namespace by.
func (f *found) name() string {
	if f.named != "" {
		return "netns " + format.Clean(f.named)
	}
	if f.host {
		return "host"
	}
	for _, pid := range f.pids {
		if name := groupName(pid); name != "" {
			return name
		}
	}
	if f.own {
		return "this namespace"
	}
	for _, pid := range f.pids {
		if slices.Contains(proxies, comm(pid)) {
			return fmt.Sprintf("%s %d", comm(pid), pid)
		}
	}
	if len(f.pids) > 0 {
		return fmt.Sprintf("%s %d", cmp.Or(comm(f.pids[0]), "process"), f.pids[0])
	}
	return fmt.Sprintf("net:[%d]", f.inode)
}

// proxies are processes that a namespace is best known by.
var proxies = []string{"nginx", "haproxy", "envoy", "apache2", "httpd", "varnishd", "squid", "caddy", "traefik", "hitch"}

// groupName reads a container or a unit out of a process's control group.
func groupName(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return ""
	}
	return nameOfGroup(string(b))
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
		return nil, &NotFoundError{fmt.Sprintf("no process %d is seen from here", o.PID)}
	case o.Netns != "":
		path := o.Netns
		if !strings.Contains(path, "/") {
			path = filepath.Join(namedNamespaces, path)
		}
		inode, err := fileInode(path)
		if err != nil {
			return nil, &NotFoundError{fmt.Sprintf("no namespace %s: %v", path, err)}
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
