package main

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A call is a system call that a filter lets through, if its arguments are as they should.
type call struct {
	number uintptr
	args   []arg
}

// arg is the lower half of an argument, which under the mask must be one of the values.
type arg struct {
	index, mask uint32
	is          []uint32
}

func exactly(index uint32, is ...uint32) arg { return arg{index, ^uint32(0), is} }

// lacks wants none of the bits.
func lacks(index uint32, bits uint32) arg { return arg{index, bits, []uint32{0}} }

// reading is all that a look needs. What is written goes to what was open before, to a pipe
// or an eventfd of its own, or to sock_diag: no file can be opened to be written, and there
// is no other socket. sock_diag can also destroy sockets, which takes CAP_NET_ADMIN.
//
// The filter sees no memory, so that neither openat2 nor clone3 is among them.
func reading() []call {
	own := uint32(os.Getpid()) // stays through execve
	const toWrite = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY
	const thread = unix.CLONE_THREAD | unix.CLONE_VM
	const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	all := []call{
		{unix.SYS_OPENAT, []arg{lacks(2, toWrite)}},
		{unix.SYS_FCNTL, []arg{exactly(1, unix.F_GETFL, unix.F_SETFL, unix.F_GETFD, unix.F_SETFD, unix.F_DUPFD_CLOEXEC)}},
		{unix.SYS_IOCTL, []arg{exactly(1, unix.TCGETS, unix.TIOCGWINSZ)}},
		{unix.SYS_SOCKET, []arg{exactly(0, unix.AF_NETLINK), exactly(2, unix.NETLINK_SOCK_DIAG)}},
		{unix.SYS_SETSOCKOPT, []arg{exactly(1, unix.SOL_SOCKET), exactly(2, unix.SO_RCVTIMEO)}},
		{unix.SYS_SETNS, []arg{exactly(1, unix.CLONE_NEWNET)}},
		{unix.SYS_CLONE, []arg{{0, newNamespaces | thread, []uint32{thread}}}},
		{unix.SYS_TGKILL, []arg{exactly(0, own)}},
		{unix.SYS_PRLIMIT64, []arg{exactly(0, 0)}}, // its own
		{unix.SYS_PRCTL, []arg{exactly(0, unix.PR_SET_VMA)}},
		// Before main, testcontainers-go asks of each process whether it lives: signal 0 is none.
		{unix.SYS_KILL, []arg{exactly(1, 0)}}, {unix.SYS_GETPRIORITY, nil},
	}
	for _, number := range []uintptr{
		unix.SYS_READ, unix.SYS_PREAD64, unix.SYS_LSEEK, unix.SYS_CLOSE, unix.SYS_GETDENTS64, unix.SYS_READLINKAT,
		unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_STATFS, unix.SYS_FSTATFS, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2,
		unix.SYS_GETCWD, unix.SYS_WRITE, unix.SYS_PIPE2, unix.SYS_EVENTFD2,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
		unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_RESTART_SYSCALL,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
		unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_CAPGET,
		unix.SYS_GETPID, unix.SYS_GETPPID, unix.SYS_GETTID,
		unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
		unix.SYS_EXECVE, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, // the filter stays with what is executed
	} {
		all = append(all, call{number, nil})
	}
	if runtime.GOARCH == "amd64" {
		const archPrctl = 158 // where a thread's own data is
		all = append(all, call{archPrctl, nil})
	}
	return all
}

// Offsets in struct seccomp_data, seccomp(2).
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

func load32(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func give(verdict uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
}

// unlessEqual jumps over so many instructions unless the value is k.
func unlessEqual(k uint32, over int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: uint8(over)}
}

// ifEqual jumps over so many instructions if the value is k.
func ifEqual(k uint32, over int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jt: uint8(over)}
}

// audited is the architecture as seccomp names it: system calls of another one, such as the
// 32-bit ones, have other numbers.
var audited = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]

// onlyReading is a filter that lets through what a look needs, and otherwise gives the
// verdict.
func onlyReading(otherwise uint32) []unix.SockFilter {
	const noSuchCall = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	program := []unix.SockFilter{
		load32(offsetArch), ifEqual(audited, 1), give(otherwise),
		// Where there are pidfds, Go tries by a clone whether it gets one.
		load32(offsetNumber), unlessEqual(unix.SYS_PIDFD_OPEN, 1), give(noSuchCall),
	}
	for _, c := range reading() {
		var body []unix.SockFilter
		for _, a := range c.args {
			body = append(body, load32(offsetArgs+8*a.index),
				unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: a.mask})
			for i, value := range a.is {
				body = append(body, ifEqual(value, len(a.is)-i)) // over the others and the verdict
			}
			body = append(body, give(otherwise))
		}
		body = append(body, give(unix.SECCOMP_RET_ALLOW))
		program = append(program, load32(offsetNumber), unlessEqual(uint32(c.number), len(body)))
		program = append(program, body...)
	}
	return append(program, give(otherwise))
}

// without is a filter that answers one system call with an error.
func without(number uintptr, errno uint32) []unix.SockFilter {
	return []unix.SockFilter{
		load32(offsetNumber), unlessEqual(uint32(number), 1), give(unix.SECCOMP_RET_ERRNO | errno),
		give(unix.SECCOMP_RET_ALLOW),
	}
}
