package trial

import (
	"errors"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/ability"
)

// step finds some abilities out. Those that it leaves open are unknown for the
// reason that it returns.
type step struct {
	ids []string
	try func(*bench) error
}

// steps, in an order in which none disturbs those after it. Each has a
// destination port to itself.
var steps = []step{
	{[]string{"epoll_pwait2"}, epollPwait2},
	{[]string{"mount_setattr"}, mountSetattr},
	{[]string{"openat2"}, openat2},
	{[]string{"user_namespaces"}, userNamespaces},
	{[]string{"tw_reuse_delay"}, reuseDelay},
	{[]string{"port_step_width"}, stepWidth},
	{[]string{"time_wait_counted_at_creation"}, timeWaitCount},
	{[]string{"inet_diag"}, inetDiag},
	{[]string{"hz"}, hz},
	{[]string{"sock_destroy"}, sockDestroy},
	{[]string{"local_port_range", "local_port_range_removes_step"}, portRange},
	{[]string{"scan_established_ns", "scan_time_wait_ns", "scan_ports"}, scan},
	{[]string{"reuse_counts_whole_seconds"}, reuseClock},
}

// Run tries everything, in the network namespace of the process.
func Run() (ability.Found, error) {
	if os.Getpid() != 1 {
		return ability.Found{}, errors.New("this is for a process that has namespaces of its own")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b := &bench{unable: map[string]string{}}
	b.prepare()
	for _, s := range steps {
		err := s.try(b)
		for _, id := range s.ids {
			if a, ok := ability.Of(id); ok && !a.Known(b.found) {
				b.unable[id] = reason(err)
			}
		}
	}
	if len(b.unable) > 0 {
		b.found.Unknown = b.unable
	}
	return b.found, nil
}

func reason(err error) string {
	if err == nil {
		return "it was not tried"
	}
	return err.Error()
}

// absent are the errors by which a kernel says that it does not have something,
// and not that somebody may not use it.
var absent = []error{
	unix.ENOSYS, unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.ENOENT,
}

// decide says whether err means that the kernel has something. The error is err
// where it tells neither.
func decide(err error) (*bool, error) {
	switch {
	case err == nil:
		return new(true), nil
	case slices.ContainsFunc(absent, func(e error) bool { return errors.Is(err, e) }):
		return new(false), nil
	}
	return nil, err
}
