package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// least are the capabilities with which root sees everything.
var least = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_DAC_READ_SEARCH}

// canFilter says why no filter can be installed.
func canFilter() error {
	if audited == 0 {
		return errors.New("no seccomp filter is written for " + runtime.GOARCH)
	}
	if _, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("the kernel has no seccomp: %w", err)
	}
	return nil
}

// TestDiagnoseOnlyReads: a look at everything works where the kernel ends a program that
// could change something. It has no capability to do so either: of those left, the one
// that changes anything, CAP_SYS_ADMIN, needs a system call that is refused.
func TestDiagnoseOnlyReads(t *testing.T) {
	needs.Root(t)
	needs.Had(t, "netns", canFilter())
	s := stage(t)
	path := binaryOf(t)
	for name, who := range map[string]struct {
		caller
		sees sight
	}{
		"root":   {caller{Limited: true, Grant: least, ReadOnly: true}, sight{true, true, true, true, true}},
		"nobody": {caller{User: nobody, ReadOnly: true}, sight{Own: true, Connections: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if saw, r, _ := s.look(t, who.command(t, path, "diagnose", "--json", "--top", "0")); saw != who.sees {
				t.Errorf("it sees %+v, want %+v; not seen: %q", saw, who.sees, r.Unseen)
			}
			out, err := elsewhere(who.command(t, path, "diagnose")) // as text
			if !strings.Contains(string(out), "network namespace") {
				t.Errorf("exit code %s: %.3000s", exitStatus(err), out)
			}
		})
	}
}

// TestOnlyReadingRefuses: what the filter is for is refused. None of these calls would do
// anything if it were not.
func TestOnlyReadingRefuses(t *testing.T) {
	needs.Had(t, "netns", canFilter())
	const verdict = unix.EDOTDOT // which no call answers
	runtime.LockOSThread()       // for good: Go ends the thread, and the filter with it
	if err := install(onlyReading(unix.SECCOMP_RET_ERRNO | uint32(verdict))); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("/proc/self/comm"); err != nil {
		t.Errorf("a file may not be read: %v", err)
	}
	name := [...]byte{'/', 0} // a directory: no call below can make, remove or change it
	here := uintptr(unsafe.Pointer(&name))
	bad := ^uintptr(0) // no descriptor, no address
	at := ^uintptr(99) // AT_FDCWD
	for what, c := range map[string][5]uintptr{
		"open to write":           {unix.SYS_OPENAT, at, here, unix.O_WRONLY},
		"open to read and write":  {unix.SYS_OPENAT, at, here, unix.O_RDWR},
		"create":                  {unix.SYS_OPENAT, at, here, unix.O_CREAT | unix.O_EXCL},
		"truncate on opening":     {unix.SYS_OPENAT, at, here, unix.O_TRUNC},
		"a file without a name":   {unix.SYS_OPENAT, at, bad, unix.O_TMPFILE | unix.O_WRONLY},
		"openat2":                 {unix.SYS_OPENAT2, at, bad},
		"unlink":                  {unix.SYS_UNLINKAT, at, bad},
		"rename":                  {unix.SYS_RENAMEAT2, at, bad, at, bad},
		"mkdir":                   {unix.SYS_MKDIRAT, at, bad},
		"mknod":                   {unix.SYS_MKNODAT, at, bad},
		"link":                    {unix.SYS_LINKAT, at, bad, at, bad},
		"symlink":                 {unix.SYS_SYMLINKAT, bad, at, bad},
		"truncate":                {unix.SYS_TRUNCATE, bad},
		"ftruncate":               {unix.SYS_FTRUNCATE, bad},
		"fallocate":               {unix.SYS_FALLOCATE, bad},
		"pwrite":                  {unix.SYS_PWRITE64, bad},
		"writev":                  {unix.SYS_WRITEV, bad},
		"sendfile":                {unix.SYS_SENDFILE, bad, bad},
		"splice":                  {unix.SYS_SPLICE, bad, 0, bad},
		"copy_file_range":         {unix.SYS_COPY_FILE_RANGE, bad, 0, bad},
		"chmod":                   {unix.SYS_FCHMODAT, at, bad},
		"fchmod":                  {unix.SYS_FCHMOD, bad},
		"chown":                   {unix.SYS_FCHOWNAT, at, bad},
		"setxattr":                {unix.SYS_SETXATTR, bad},
		"utimens":                 {unix.SYS_UTIMENSAT, bad, bad, bad},
		"flock":                   {unix.SYS_FLOCK, bad},
		"fcntl F_SETLEASE":        {unix.SYS_FCNTL, bad, unix.F_SETLEASE},
		"ioctl FS_IOC_SETFLAGS":   {unix.SYS_IOCTL, bad, unix.FS_IOC_SETFLAGS},
		"mount":                   {unix.SYS_MOUNT, bad, bad, bad},
		"umount":                  {unix.SYS_UMOUNT2, bad},
		"open_tree":               {unix.SYS_OPEN_TREE, bad, bad},
		"quotactl":                {unix.SYS_QUOTACTL, bad},
		"swapon":                  {unix.SYS_SWAPON, bad},
		"chroot":                  {unix.SYS_CHROOT, bad},
		"a socket of IPv4":        {unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM},
		"a socket of IPv6":        {unix.SYS_SOCKET, unix.AF_INET6, unix.SOCK_DGRAM},
		"a socket of Unix":        {unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM},
		"a raw socket":            {unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW},
		"rtnetlink":               {unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
		"connect":                 {unix.SYS_CONNECT, bad},
		"bind":                    {unix.SYS_BIND, bad},
		"sendto":                  {unix.SYS_SENDTO, bad},
		"sendmsg":                 {unix.SYS_SENDMSG, bad},
		"setsockopt SO_MARK":      {unix.SYS_SETSOCKOPT, bad, unix.SOL_SOCKET, unix.SO_MARK},
		"kill":                    {unix.SYS_KILL, uintptr(os.Getpid()), uintptr(unix.SIGURG)}, // which Go sends itself
		"tgkill of another":       {unix.SYS_TGKILL, 0, 0, uintptr(unix.SIGURG)},
		"pidfd_send_signal":       {unix.SYS_PIDFD_SEND_SIGNAL, bad},
		"ptrace":                  {unix.SYS_PTRACE, bad, bad},
		"process_vm_writev":       {unix.SYS_PROCESS_VM_WRITEV, bad},
		"prlimit of another":      {unix.SYS_PRLIMIT64, uintptr(os.Getppid()), bad},
		"setpriority":             {unix.SYS_SETPRIORITY, bad},
		"sched_setaffinity":       {unix.SYS_SCHED_SETAFFINITY, bad},
		"unshare":                 {unix.SYS_UNSHARE, 0},
		"setns of mounts":         {unix.SYS_SETNS, bad, unix.CLONE_NEWNS},
		"setns of whatever it is": {unix.SYS_SETNS, bad, 0},
		"a process":               {unix.SYS_CLONE, unix.CLONE_THREAD}, // invalid without CLONE_VM
		"a namespace":             {unix.SYS_CLONE, unix.CLONE_NEWUSER | unix.CLONE_THREAD},
		"clone3":                  {unix.SYS_CLONE3, bad},
		"capset":                  {unix.SYS_CAPSET, bad},
		"prctl PR_SET_NAME":       {unix.SYS_PRCTL, unix.PR_SET_NAME, bad},
		"bpf":                     {unix.SYS_BPF, bad},
		"perf_event_open":         {unix.SYS_PERF_EVENT_OPEN, bad},
		"io_uring_setup":          {unix.SYS_IO_URING_SETUP, bad},
		"add_key":                 {unix.SYS_ADD_KEY, bad},
		"keyctl":                  {unix.SYS_KEYCTL, bad},
		"init_module":             {unix.SYS_INIT_MODULE, bad},
		"finit_module":            {unix.SYS_FINIT_MODULE, bad},
		"kexec_load":              {unix.SYS_KEXEC_LOAD, bad, bad},
		"reboot":                  {unix.SYS_REBOOT, bad},
		"sethostname":             {unix.SYS_SETHOSTNAME, bad, bad},
		"clock_settime":           {unix.SYS_CLOCK_SETTIME, bad},
		"syslog":                  {unix.SYS_SYSLOG, bad},
		"acct":                    {unix.SYS_ACCT, bad},
		"a call of tomorrow":      {5000},
	} {
		if _, _, errno := unix.RawSyscall6(c[0], c[1], c[2], c[3], c[4], 0, 0); errno != verdict {
			t.Errorf("%s: %v, want the filter's verdict", what, errno)
		}
	}
	runtime.KeepAlive(&name)
}
