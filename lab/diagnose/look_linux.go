package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/ability"
)

// asked are sysctls that matter here besides those that a run records.
var asked = []string{
	"net.ipv4.tcp_tw_timeout", // vendors' kernels only
	nonlocalBind, nonlocalBind6, noIPv6, noIPv6OnLoopback,
}

// Look takes a snapshot of all network namespaces that the caller may see, or of the one
// that o names.
//
// Namespaces are entered by setns(2), one after the other, on a thread of the look's own,
// which is locked for good, so that Go ends it and no other code ever runs there. Without
// CAP_SYS_ADMIN the own namespace is read in full, and of the others /proc/PID/net has the
// sockets, but no sysctl: how many ports there are is then unknown, and said to be.
func Look(ctx context.Context, o Target) (*Snapshot, error) {
	s := &Snapshot{Kernel: kernel(), Cores: runtime.NumCPU(), Namespaces: []Namespace{}}
	s.Abilities = abilities(s.Kernel)
	r := ownRights()
	seen, err := findNamespaces(s, r)
	if err != nil {
		return nil, err
	}
	if seen, err = o.choose(seen); err != nil {
		return nil, err
	}
	left := configurationsFor
	onThreadOfItsOwn(func() {
		for _, one := range seen {
			if err = ctx.Err(); err != nil {
				return
			}
			one.look(o, s, r, &left)
		}
	})
	return s, err
}

// look adds a namespace to a snapshot, from the thread that may enter it.
func (f *found) look(o Target, s *Snapshot, r rights, left *time.Duration) {
	n := Namespace{Inode: f.inode, Name: cmp.Or(o.Name, f.name()), Host: f.host}
	switch err := f.read(&n, o.Lean); {
	case gone(err) && o.everywhere():
		return
	case err != nil:
		s.miss("%s: %s", n.Name, r.reason(err))
		return
	}
	if n.Outside {
		s.miss("%s: its port range, sysctls and counters: %s", n.Name, r.reason(f.refused))
	}
	for _, part := range f.partly {
		s.miss("%s: %s", n.Name, part)
	}
	if !o.Lean {
		var err error
		if n.Processes, err = f.owners(&n); err != nil {
			s.miss("%s: which processes hold the connections: %s", n.Name, r.reason(err))
		}
		f.configurations(&n, o.Before.of(&n), s, r, left)
	}
	s.Namespaces = append(s.Namespaces, n)
}

// gone says that a process, and with it maybe its namespace, has ended meanwhile.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// everywhere says whether no namespace was asked for.
func (o Target) everywhere() bool { return o.PID == 0 && o.Netns == "" }

// miss notes what could not be looked at.
func (s *Snapshot) miss(format string, args ...any) {
	s.Unseen = append(s.Unseen, fmt.Sprintf(format, args...))
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
		*to.is = new(err == nil)
		delete(f.Unknown, id)
	}
	return f
}
