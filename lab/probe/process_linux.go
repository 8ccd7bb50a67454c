package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/clock"
)

// Processes observes the processes of one server. Not for concurrent use.
type Processes struct {
	proc  procfs.FS
	names []string
	netns string
	cpu   cpuTotal
	now   []procStat
	set   processSet
	wait  map[identity]int64 // nanoseconds
}

// NewProcesses watches the processes called one of names ("nginx"; "httpd",
// "apache2") in the calling thread's network namespace.
//
// Several hosts of the lab share a PID namespace, so the name alone does not
// tell which host a process belongs to. The namespace of another user's process
// cannot be read without SYS_PTRACE: such a process counts as its parent does,
// or else by its name alone.
func NewProcesses(names ...string) (*Processes, error) {
	ns, err := ownNetNS()
	if err != nil {
		return nil, fmt.Errorf("read the own network namespace: %w", err)
	}
	fs, err := procfs.NewFS(proc)
	if err != nil {
		return nil, err
	}
	return &Processes{proc: fs, names: names, netns: ns, wait: map[identity]int64{}}, nil
}

// Poll looks at the processes there are now. None at all is no error: Alive is
// false.
func (p *Processes) Poll() (Usage, error) {
	found, err := p.find()
	if err != nil {
		return Usage{}, err
	}
	p.now = found
	u := Usage{CPUSeconds: float64(p.cpu.add(found)) / ticksPerSecond}
	for _, s := range found {
		if s.runs() {
			u.Alive = true
			u.PIDs = append(u.PIDs, s.pid)
		}
		// A kernel without scheduler statistics leaves it at 0.
		if waited, err := s.proc.Schedstat(); err == nil {
			p.wait[identity{s.pid, s.start}] = int64(waited.WaitingNanoseconds)
		}
	}
	for _, ns := range p.wait { // of those that are gone, the last figure
		u.WaitSeconds += float64(ns) / 1e9
	}
	return u, nil
}

// Changes says which processes started, ended or were stopped since the first
// Poll, each once. None of it should happen to a server under observation.
func (p *Processes) Changes() []ProcessChange {
	all := p.set.changes(p.now, p.title)
	for i := range all {
		if start := all[i].start; start > 0 {
			all[i].StartedBy = startedBy(start)
		}
	}
	return all
}

// startedBy puts the start of a process on the clock of the run; 0: it cannot be told. The
// kernel counts it in whole ticks since the machine's start, with the time that it slept.
func startedBy(start uint64) int64 {
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return 0
	}
	age := boot.Nano() - int64(start+1)*(1e9/ticksPerSecond)
	return clock.Mono() - max(age, 0)
}

// title is what a process calls itself, "nginx: worker process".
func (p *Processes) title(pid int) string {
	one, err := p.proc.Proc(pid)
	if err != nil {
		return ""
	}
	line, _ := one.CmdLine()
	return strings.Join(line, " ")
}

// find lists the server's processes by ascending ID.
func (p *Processes) find() ([]procStat, error) {
	all, err := p.proc.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var named []procStat
	for _, one := range all {
		// An error means that it ended meanwhile.
		if name, err := one.Comm(); err != nil || !slices.Contains(p.names, name) {
			continue
		}
		s, err := one.Stat()
		if err != nil {
			continue
		}
		named = append(named, procStat{
			proc: one, pid: s.PID, ppid: s.PPID, comm: s.Comm, state: s.State[0],
			own: int64(s.UTime + s.STime), children: int64(s.CUTime + s.CSTime),
			start: s.Starttime,
		})
	}
	slices.SortFunc(named, func(a, b procStat) int { return a.pid - b.pid })
	byPID := make(map[int]procStat, len(named))
	for _, s := range named {
		byPID[s.pid] = s
	}
	return slices.DeleteFunc(named, func(s procStat) bool { return !p.ours(s, byPID) }), nil
}

// ours follows the parents until one may be looked at. A process that is ending has left its
// namespaces (ENOENT): without a parent that tells, it may be anybody's on this machine.
func (p *Processes) ours(s procStat, byPID map[int]procStat) bool {
	for range len(byPID) {
		ns, err := os.Readlink("/proc/" + strconv.Itoa(s.pid) + "/ns/net")
		if err == nil {
			return ns == p.netns
		}
		parent, ok := byPID[s.ppid]
		if !ok {
			return !errors.Is(err, fs.ErrNotExist)
		}
		s = parent
	}
	return true
}

// NoFile is the soft limit of open files that binds the server: the lowest of
// its workers', or of its only process, as seen by the last Poll.
func (p *Processes) NoFile() (uint64, error) {
	workers := p.workers()
	if len(workers) == 0 {
		return 0, fmt.Errorf("limit of open files: no %v process runs", p.names)
	}
	lowest := uint64(math.MaxUint64)
	for _, s := range workers {
		limits, err := s.proc.Limits()
		switch {
		// It ended meanwhile, as one that was asked for its version.
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
		case err != nil:
			return 0, fmt.Errorf("limit of open files: %w", err)
		default:
			lowest = min(lowest, limits.OpenFiles)
		}
	}
	if lowest == math.MaxUint64 {
		return 0, fmt.Errorf("limit of open files: each %v process has ended", p.names)
	}
	return lowest, nil
}

// workers are the running processes whose parent is one of the server's, or
// all where there are none such. nginx's master keeps the limit it was started
// with, while worker_rlimit_nofile changes the workers'.
func (p *Processes) workers() []procStat {
	var all, workers []procStat
	for _, s := range p.now {
		if !s.runs() {
			continue
		}
		all = append(all, s)
		if slices.ContainsFunc(p.now, func(parent procStat) bool { return parent.pid == s.ppid }) {
			workers = append(workers, s)
		}
	}
	if len(workers) > 0 {
		return workers
	}
	return all
}

// Path is where a file of the server's is found from here, through the root of
// its first process, as seen by the last Poll. Symbolic links inside that root
// with an absolute target lead to the caller's root, so they are refused.
func (p *Processes) Path(name string) (string, error) {
	for _, s := range p.now {
		if !s.runs() {
			continue
		}
		root := "/proc/" + strconv.Itoa(s.pid) + "/root"
		r, err := os.OpenRoot(root)
		if err != nil {
			return "", fmt.Errorf("reach %s in the root of process %d: %w", name, s.pid, err)
		}
		defer r.Close()
		rel, err := filepath.Rel("/", filepath.Clean("/"+name))
		if err != nil {
			return "", err
		}
		if _, err := r.Stat(rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("reach %s in the root of process %d: %w", name, s.pid, err)
		}
		return filepath.Join(root, rel), nil
	}
	return "", fmt.Errorf("reach %s: no %v process runs", name, p.names)
}
