package probe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ProcessChange is something that happened to one of a server's processes.
type ProcessChange struct {
	Text string
	// Further says that it started next to the others, as a child of one of them, while
	// none had gone: a server that forks some more, and not one that was started again.
	Further bool
	// StartedBy is the moment on the clock of the run (clock.Mono) before which a process
	// started that did so; 0: it is not known, or the change is another one.
	StartedBy int64

	start uint64 // of a process that started, as the kernel has it
}

// processSet is the processes that a server began with.
type processSet struct {
	known map[identity]*member
	went  bool // one has gone that should not
}

type member struct {
	procStat
	brief         bool // nginx's cache loader ends by itself after a minute
	gone, stopped bool
}

// changes compares with the first call, and says each difference once. title
// gives a process's command line.
func (r *processSet) changes(now []procStat, title func(pid int) string) []ProcessChange {
	first := r.known == nil
	if first {
		r.known = map[identity]*member{}
	}
	var said []ProcessChange
	say := func(s procStat, what string) *ProcessChange {
		said = append(said, ProcessChange{Text: fmt.Sprintf("process %d (%s) %s", s.pid, s.comm, what)})
		return &said[len(said)-1]
	}
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
				r.went = true
				say(m.procStat, "ended")
			}
		}
	}
	parents := map[int]bool{}
	for id := range r.known {
		parents[id.pid] = parents[id.pid] || running[id]
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
				c := say(s, "was started")
				c.Further, c.start = parents[s.ppid] && !r.went, s.start
			}
		}
		if (s.state == 'T' || s.state == 't') && !m.stopped {
			m.stopped = true
			say(s, "was stopped by a signal")
		}
	}
	return said
}
