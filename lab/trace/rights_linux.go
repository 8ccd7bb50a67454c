package trace

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/format"
)

// rights are what the kernel looks at before it lets a process trace.
type rights struct {
	capabilities uint64 // effective
	split        bool   // CAP_BPF and CAP_PERFMON are there, which were part of CAP_SYS_ADMIN before Linux 5.8
	userSpace    bool   // in a user namespace, whose capabilities do not count
	mayRead      bool   // tracefs: its directories are root's
	notMounted   bool   // there is no tracefs
	paranoid     int    // kernel.perf_event_paranoid; above 2, which Debian and Ubuntu add, CAP_PERFMON may not do
	confidential bool   // lockdown(7) keeps the kernel's memory from everybody
	filtered     bool   // by seccomp(2)
	memlock      uint64 // RLIMIT_MEMLOCK, which counted maps before Linux 5.11
}

// explain adds to an error what is missing, where the caller is not allowed.
func explain(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		no := new(notMountedError)
		return fmt.Errorf("%s: %s", step, ownRights(errors.As(err, &no)).missing())
	}
	return fmt.Errorf("%s: %w", step, err)
}

func ownRights(notMounted bool) rights {
	r := rights{notMounted: notMounted, memlock: unix.RLIM_INFINITY}
	var data [2]unix.CapUserData // a half each
	if unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0]) == nil {
		r.capabilities = uint64(data[1].Effective)<<32 | uint64(data[0].Effective)
	}
	last, _ := strconv.Atoi(strings.TrimSpace(read("/proc/sys/kernel/cap_last_cap")))
	r.split = last >= unix.CAP_BPF
	space, err := os.Readlink("/proc/self/ns/user")
	r.userSpace = err == nil && space != "user:[4026531837]" // PROC_USER_INIT_INO, include/linux/proc_ns.h
	r.mayRead = os.Geteuid() == 0 || r.has(unix.CAP_DAC_READ_SEARCH) || r.has(unix.CAP_DAC_OVERRIDE)
	r.paranoid, _ = strconv.Atoi(strings.TrimSpace(read("/proc/sys/kernel/perf_event_paranoid")))
	r.confidential = strings.Contains(read("/sys/kernel/security/lockdown"), "[confidentiality]")
	r.filtered = strings.Contains(read("/proc/thread-self/status"), "\nSeccomp:\t2")
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil {
		r.memlock = limit.Cur
	}
	return r
}

const orMounted = "CAP_SYS_ADMIN or a mounted tracefs (mount -t tracefs tracefs /sys/kernel/tracing)"

func read(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

func (r rights) has(capability int) bool { return r.capabilities>>capability&1 != 0 }

// missing says what it would take.
func (r rights) missing() string {
	var lack []string
	admin := r.has(unix.CAP_SYS_ADMIN)
	switch {
	case r.userSpace:
		return "it takes the rights of the machine's root: those of a user namespace (a rootless container) " +
			"do not count"
	case !admin && !r.split:
		lack = append(lack, "CAP_SYS_ADMIN")
	case !admin:
		if !r.has(unix.CAP_BPF) {
			lack = append(lack, "CAP_BPF")
		}
		if !r.has(unix.CAP_PERFMON) {
			lack = append(lack, "CAP_PERFMON")
		}
	}
	if !r.mayRead {
		lack = append(lack, "CAP_DAC_READ_SEARCH (for tracefs)")
	}
	if r.notMounted && !admin && r.split {
		lack = append(lack, orMounted)
	}
	switch {
	case lack != nil:
		return "missing: " + format.List(lack)
	case r.paranoid > 2 && !admin:
		return fmt.Sprintf("missing: CAP_SYS_ADMIN, or a kernel.perf_event_paranoid of 2 (it is %d)", r.paranoid)
	case r.confidential:
		return "the kernel is locked down (confidentiality), which forbids it to everybody until the next boot"
	case r.filtered:
		return "a seccomp filter refuses it (Docker's lets it pass with --cap-add SYS_ADMIN)"
	case r.memlock != unix.RLIM_INFINITY:
		return fmt.Sprintf("the kernel refuses it; before Linux 5.11 because of the limit of locked memory, %d KiB: "+
			"`ulimit -l unlimited`, or CAP_SYS_RESOURCE", r.memlock>>10)
	}
	return "the kernel, or a security module, refuses it to this process"
}
