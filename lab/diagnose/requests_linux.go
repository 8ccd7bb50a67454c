package diagnose

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/probe"
)

const logAtMost = 16 << 20 // bytes between two looks: 80,000 requests

// requests looks at the ends of access logs, and counts what lines they have more than at
// the look before. A log that cannot be had, such as one that is a pipe, is no error: it is
// not what a look is for.
func (b *below) requests(names []string, before *Configured) (logs []accessLog, since *Requests) {
	then := map[logFile]accessLog{}
	if before != nil {
		for _, l := range before.logs {
			then[l.logFile] = l
		}
	}
	all := Requests{}
	for _, name := range names {
		l, lines, err := b.count(name, then)
		if err != nil {
			return nil, nil
		}
		logs = append(logs, l)
		if old, ok := then[l.logFile]; ok {
			all = Requests{Count: all.Count + lines, Seconds: l.atS - old.atS}
			delete(then, l.logFile)
		} else {
			then = nil // it was rotated, there was no look before, or it has been counted by another name
		}
	}
	if len(logs) == 0 || then == nil {
		return logs, nil
	}
	return logs, &all
}

// count looks at one log, and counts the lines from where it ended then.
func (b *below) count(name string, then map[logFile]accessLog) (l accessLog, lines int, err error) {
	f, err := b.find(name)
	if err != nil {
		return l, 0, err
	}
	defer f.Close()
	var st unix.Stat_t
	l.atS = float64(clock.Mono()) / 1e9
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return l, 0, err
	}
	l.logFile, l.size = logFile{uint64(st.Dev), st.Ino}, st.Size
	old, ok := then[l.logFile]
	switch {
	case !ok:
		return l, 0, nil
	case l.size < old.size || l.size-old.size > logAtMost:
		return l, 0, errors.New("it was truncated, or has too much in it")
	}
	piece := make([]byte, 64<<10)
	for r := io.NewSectionReader(f, old.size, l.size-old.size); ; {
		n, err := r.Read(piece)
		lines += bytes.Count(piece[:n], []byte{'\n'})
		b.bytes += n
		switch {
		case err == io.EOF:
			return l, lines, nil
		case err != nil:
			return l, 0, err
		}
		if err := b.bound(); err != nil {
			return l, 0, err
		}
	}
}

// countBegun counts the connections of the namespace, on a thread that is in it, for the
// requests that were just counted.
func (c *Configured) countBegun(n *Namespace, before *Configured) {
	begun, err := probe.ActiveOpens()
	if err != nil || n.Outside {
		c.logs, c.Requests = nil, nil
	}
	if c.begun = begun; c.Requests != nil {
		c.Requests.Begun = begun - before.begun
	}
}
