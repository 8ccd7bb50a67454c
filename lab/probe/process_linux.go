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
)

// Processes observes the processes of one server. Not for concurrent use.
type Processes struct {
	names []string
	netns string
	cpu   cpuTotal
	now   []procStat
	crew  roster
	wait  map[identity]int64 // nanoseconds
}

// NewProcesses watches the processes called one of names ("nginx"; "httpd",
// "apache2") in the calling thread's network namespace.
//
// Several hosts of the lab share a PID namespace, so the name alone does not
// tell whose process it is. Where a process may not be looked at (another user's
// needs SYS_PTRACE), it goes where its parent goes, and by its name alone if
// that is no help either.
func NewProcesses(names ...string) (*Processes, error) {
	ns, err := ownNetNS()
	if err != nil {
		return nil, fmt.Errorf("read the own network namespace: %w", err)
	}
	return &Processes{names: names, netns: ns, wait: map[identity]int64{}}, nil
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
			u.RSSBytes += s.rssPages * int64(os.Getpagesize())
		}
		// A kernel without scheduler statistics leaves it at 0.
		if b, err := os.ReadFile("/proc/" + strconv.Itoa(s.pid) + "/schedstat"); err == nil {
			if ns, err := parseSchedstat(string(b)); err == nil {
				p.wait[identity{s.pid, s.start}] = ns
			}
		}
	}
	for _, ns := range p.wait { // of those that are gone, the last figure
		u.WaitSeconds += float64(ns) / 1e9
	}
	return u, nil
}

// Changes says which processes came, went or were stopped since the first
// Poll, each once. A server under observation has no reason for any of it.
func (p *Processes) Changes() []string { return p.crew.changes(p.now, title) }

// title is what a process calls itself, "nginx: worker process".
func title(pid int) string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return string(b)
}

// find lists the server's processes by ascending ID.
func (p *Processes) find() ([]procStat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	entries, err := dir.Readdirnames(-1)
	dir.Close()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var named []procStat
	for _, name := range entries {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it ended meanwhile
		}
		if s, err := parseStat(string(b)); err == nil && slices.Contains(p.names, s.comm) {
			named = append(named, s)
		}
	}
	slices.SortFunc(named, func(a, b procStat) int { return a.pid - b.pid })
	byPID := make(map[int]procStat, len(named))
	for _, s := range named {
		byPID[s.pid] = s
	}
	return slices.DeleteFunc(named, func(s procStat) bool { return !p.ours(s, byPID) }), nil
}

// ours follows the parents until one may be looked at.
func (p *Processes) ours(s procStat, byPID map[int]procStat) bool {
	for range len(byPID) {
		ns, err := os.Readlink("/proc/" + strconv.Itoa(s.pid) + "/ns/net")
		if err == nil {
			return ns == p.netns
		}
		parent, ok := byPID[s.ppid]
		if !ok {
			break
		}
		s = parent
	}
	return true
}

// NoFile is the soft limit of open files that binds the server: the lowest of
// its workers', or of its only process, as seen by the last Poll.
func (p *Processes) NoFile() (uint64, error) {
	pids := p.workers()
	if len(pids) == 0 {
		return 0, fmt.Errorf("limit of open files: no %v process runs", p.names)
	}
	lowest := uint64(math.MaxUint64)
	for _, pid := range pids {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/limits")
		if err != nil {
			return 0, fmt.Errorf("limit of open files: %w", err)
		}
		n, err := parseNoFile(string(b))
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		lowest = min(lowest, n)
	}
	return lowest, nil
}

// workers are the running processes whose parent is one of the server's, or
// all where there are none such. nginx's master keeps the limit it was started
// with, while worker_rlimit_nofile changes the workers'.
func (p *Processes) workers() []int {
	var all, workers []int
	for _, s := range p.now {
		if !s.runs() {
			continue
		}
		all = append(all, s.pid)
		if slices.ContainsFunc(p.now, func(parent procStat) bool { return parent.pid == s.ppid }) {
			workers = append(workers, s.pid)
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
