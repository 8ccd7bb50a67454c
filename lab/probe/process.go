package probe

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Usage is what a server's processes use.
type Usage struct {
	Alive      bool    // at least one of them runs
	PIDs       []int   // of those that run, ascending
	CPUSeconds float64 // user + system since they began, never falling, in steps of 10 ms
	// WaitSeconds is how long their main threads were ready to run and had no
	// processor, since they began. nginx's workers have no other threads.
	WaitSeconds float64
	RSSBytes    int64 // added up; shared pages count once per process
}

// ticksPerSecond is USER_HZ, the unit of times in /proc/PID/stat. It is part of
// the kernel's ABI and 100 on every architecture Go runs on.
const ticksPerSecond = 100

// procStat is what is used of /proc/PID/stat.
type procStat struct {
	pid, ppid int
	comm      string
	state     byte
	own       int64 // utime + stime, ticks
	children  int64 // the same of children that were waited for
	start     uint64
	rssPages  int64
}

func (p procStat) runs() bool { return p.state != 'Z' && p.state != 'X' }

// parseStat reads /proc/PID/stat, proc_pid_stat(5).
func parseStat(text string) (p procStat, err error) {
	// A program may call itself anything, brackets and spaces included: the
	// name ends at the last bracket.
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return p, fmt.Errorf("process status %.40q has no name", text)
	}
	p.comm = text[open+1 : end]
	if p.pid, err = strconv.Atoi(strings.TrimSpace(text[:open])); err != nil {
		return p, fmt.Errorf("process status %.40q has no process ID", text)
	}
	f := strings.Fields(text[end+1:]) // f[0] is field 3
	if len(f) < 22 || len(f[0]) != 1 {
		return p, fmt.Errorf("status of process %d is cut short", p.pid)
	}
	p.state = f[0][0]
	number := func(field int) int64 {
		n, e := strconv.ParseInt(f[field-3], 10, 64)
		if e != nil && err == nil {
			err = fmt.Errorf("status of process %d: field %d is %q, not a number", p.pid, field, f[field-3])
		}
		return n
	}
	p.ppid = int(number(4))
	p.own = number(14) + number(15)
	p.children = number(16) + number(17)
	p.start = uint64(number(22))
	p.rssPages = number(24)
	return p, err
}

// parseSchedstat reads the time spent waiting on a run queue, in nanoseconds,
// from /proc/PID/schedstat: "on a processor, waiting, slices".
func parseSchedstat(text string) (int64, error) {
	f := strings.Fields(text)
	if len(f) < 3 {
		return 0, fmt.Errorf("scheduler statistics %.40q have %d fields, want 3", text, len(f))
	}
	return strconv.ParseInt(f[1], 10, 64)
}

// parseNoFile reads the soft limit of open files out of /proc/PID/limits.
func parseNoFile(text string) (uint64, error) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		f := strings.Fields(rest)
		if len(f) < 2 {
			break
		}
		if f[0] == "unlimited" {
			return math.MaxUint64, nil
		}
		n, err := strconv.ParseUint(f[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("limit of open files is %q, not a number", f[0])
		}
		return n, nil
	}
	return 0, fmt.Errorf("no limit of open files in the list of limits")
}

// identity tells processes apart that were given the same ID one after another.
type identity struct {
	pid   int
	start uint64
}

// cpuTotal adds up processor time over processes that come and go, so that the
// sum never falls.
type cpuTotal struct {
	last    map[identity]procStat
	retired int64 // ticks of processes that are gone and that nobody waited for
	max     int64
}

// add takes the processes there are now and returns the total in ticks.
//
// A process that has gone is in its parent's count of children, because the
// kernel puts it there when the parent waits for it (nginx's and httpd's masters
// do), so its own last figure must not be counted again; unless the parent has
// gone as well.
func (c *cpuTotal) add(now []procStat) int64 {
	seen := make(map[identity]procStat, len(now))
	alive := make(map[int]bool, len(now))
	sum := int64(0)
	for _, p := range now {
		seen[identity{p.pid, p.start}] = p
		alive[p.pid] = true
		sum += p.own + p.children
	}
	for id, p := range c.last {
		if _, still := seen[id]; !still && !alive[p.ppid] {
			c.retired += p.own + p.children
		}
	}
	c.last = seen
	c.max = max(c.max, sum+c.retired)
	return c.max
}
