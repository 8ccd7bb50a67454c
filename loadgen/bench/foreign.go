//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of CPU times under /proc, the same on every Linux of today.
const userHz = 100

// watch is the CPU used by everybody but those measured, since a moment.
type watch struct {
	server int // pid
	began  time.Time
	busy   float64 // seconds, as below
	served float64
	others float64
}

func newWatch(server int) watch {
	return watch{server, time.Now(), busySeconds(), cpuSeconds(server), othersSeconds(server)}
}

// foreign is in cores. generator is what the generator, now ended, used.
//
// Neither way to count sees all: the kernel's total is sampled by ticks, and
// misses work that sleeps whenever a tick comes; the sum over processes is
// exact, but does not see those of other PID namespaces, nor a neighbour on
// the same hardware. So the larger of the two counts.
func (w watch) foreign(generator float64) float64 {
	took := time.Since(w.began).Seconds()
	total := busySeconds() - w.busy - (cpuSeconds(w.server) - w.served) - generator
	return max(total, othersSeconds(w.server)-w.others) / took
}

// busySeconds is what all processors together have spent at work since boot,
// stolen time included.
func busySeconds() float64 {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	var ticks float64
	for i, s := range strings.Fields(line) {
		// Not idle, not iowait; guests are in user.
		if v, err := strconv.ParseFloat(s, 64); err == nil && i != 4 && i != 5 && i <= 8 {
			ticks += v
		}
	}
	return ticks / userHz
}

// othersSeconds is what all other processes that live have used, with their
// children that died. Kernel threads are left out: what they do for the
// network is our own work.
func othersSeconds(server int) float64 {
	const kthreadd = 2
	var ticks float64
	dirs, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		f := statFields(pid)
		if f == nil || slices.Contains([]int{os.Getpid(), server, kthreadd}, pid) || f[1] == kthreadd {
			continue
		}
		ticks += f[11] + f[12] + f[13] + f[14]
	}
	return ticks / userHz
}

// cpuSeconds is what one process has used.
func cpuSeconds(pid int) float64 {
	f := statFields(pid)
	if f == nil {
		return 0
	}
	return (f[11] + f[12]) / userHz
}

// statFields are those of /proc/PID/stat that follow the name: 1 is the
// parent, 11 and 12 user and system time, 13 and 14 those of dead children.
func statFields(pid int) []float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(b), ") ")
	words := strings.Fields(after)
	if len(words) < 15 {
		return nil
	}
	f := make([]float64, len(words))
	for i, w := range words {
		f[i], _ = strconv.ParseFloat(w, 64) // the state is a letter: 0
	}
	return f
}
