// Package trace counts what connect() comes to on a host, by eBPF: failures by errno,
// network namespace, process and destination, and how long each call took, in powers of
// two. Two programs are assembled here, in Go: no compiler is needed, neither to build
// nor to run.
//
// The programs hang on the tracepoints syscalls/sys_enter_connect and sys_exit_connect.
// Their fields are the arguments and the result of the system call, and have the same
// place on x86-64 and arm64, from Linux 4.7 on. Ways not taken: fentry and fexit of
// tcp_v4_connect, which some kernels refuse even to root (EPERM), and whose arguments are
// the kernel's own structures; kprobes, which not every kernel has; raw tracepoints, whose
// program would run at every system call of the host. The number of a tracepoint is in
// tracefs. Where that is not mounted, it is mounted for as long as it takes to read two
// numbers, and at no place (fsmount(2)), so that nobody else sees it.
//
// Programs and maps belong to file descriptors of this process, and end with it,
// however it ends. Nothing is pinned.
//
// # What is counted
//
// Calls for IPv4 and IPv6, TCP or not: an errno is one that the program saw. An event-driven
// program, such as nginx, gets EINPROGRESS at once, which is success here; what the
// network answers later (110, 111) is no result of connect(). EINTR, EALREADY
// and EISCONN belong to a call that is counted otherwise.
//
// Not counted: system calls of 32-bit processes on a 64-bit kernel, which the kernel's own
// tracepoints leave out (ARCH_TRACE_IGNORE_COMPAT_SYSCALLS); connections that io_uring or
// sendto(MSG_FASTOPEN) make; calls that had begun before the trace or last beyond it.
//
// Counts are exact, and what is missing is counted, too, as Lost: the maps are bounded and
// never throw out an entry for another. The kernel runs no such program on a processor
// while somebody there is in the midst of bpf(2) on a map; it tells how often that was
// from Linux 6.7 on (recursion_misses).
//
// The network namespace is that of the socket. The way there from a task_struct is read from
// the kernel's type information (BTF). Without BTF it is that of the process, looked up in
// /proc when the counts are read, and unknown for one that has ended.
//
// # Licence
//
// The destination is in the memory of the process, and the kernel lets a program read that
// only if it says that it is under the GPL: bpf_probe_read_user, bpf_probe_read_kernel and
// bpf_get_current_task are gpl_only, the other helpers used here are not. "Apache-2.0"
// would be the plain answer, and is refused. So the two files whose code is loaded into
// the kernel, program_linux.go and assemble_linux.go, are offered under either licence,
// Apache-2.0 or GPL-2.0, as their heads say, and the string "GPL" is true. The rest of
// lab99 stays under Apache-2.0 alone: it is another program, which loads this one
// (https://docs.kernel.org/bpf/bpf_licensing.html).
//
//	counts.go             what is counted
//	trace_linux.go        Start, Counts, Close
//	program_linux.go      the two programs and their maps
//	assemble_linux.go     pieces of them
//	tracepoint_linux.go   from a tracepoint's name to a program that runs there
//	offsets_linux.go      where the kernel keeps a task's namespace
//	rights_linux.go       why it was refused
package trace
