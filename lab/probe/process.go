package probe

import "github.com/prometheus/procfs"

// Usage is what a server's processes use.
type Usage struct {
	Alive      bool    // at least one of them runs
	PIDs       []int   // of those that run, ascending
	CPUSeconds float64 // user + system since they began, never falling, in steps of 10 ms
	// WaitSeconds is how long their main threads were ready to run and had no
	// processor, since they began. nginx's workers have no other threads.
	WaitSeconds float64
}

// ticksPerSecond is USER_HZ, the unit of times in /proc/PID/stat. It is part of
// the kernel's ABI and 100 on every architecture Go runs on.
const ticksPerSecond = 100

// procStat is what is used of /proc/PID/stat.
type procStat struct {
	proc      procfs.Proc
	pid, ppid int
	comm      string
	state     byte
	own       int64 // utime + stime, ticks
	children  int64 // the same of children that were waited for
	start     uint64
}

func (p procStat) runs() bool { return p.state != 'Z' && p.state != 'X' }

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
