package probe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// processSet is the processes that a server began with.
type processSet struct {
	known map[identity]*member
}

type member struct {
	procStat
	brief         bool // nginx's cache loader ends by itself after a minute
	gone, stopped bool
}

// changes compares with the first call, and says each difference once. title
// gives a process's command line.
func (r *processSet) changes(now []procStat, title func(pid int) string) []string {
	first := r.known == nil
	if first {
		r.known = map[identity]*member{}
	}
	var said []string
	running := map[identity]bool{}
	for _, s := range now {
		if s.runs() {
			running[identity{s.pid, s.start}] = true
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(r.known), func(a, b identity) int { return a.pid - b.pid }) {
		if m := r.known[id]; !running[id] && !m.gone {
			m.gone = true
			if !m.brief {
				said = append(said, fmt.Sprintf("process %d (%s) ended", id.pid, m.comm))
			}
		}
	}
	for _, s := range now {
		id := identity{s.pid, s.start}
		if !running[id] {
			continue
		}
		m := r.known[id]
		if m == nil {
			m = &member{procStat: s, brief: strings.Contains(title(s.pid), "cache loader")}
			r.known[id] = m
			if !first && !m.brief {
				said = append(said, fmt.Sprintf("process %d (%s) was started", s.pid, s.comm))
			}
		}
		if (s.state == 'T' || s.state == 't') && !m.stopped {
			m.stopped = true
			said = append(said, fmt.Sprintf("process %d (%s) was stopped by a signal", s.pid, s.comm))
		}
	}
	return said
}
