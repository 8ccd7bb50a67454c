package probe

import (
	"iter"
	"strconv"
	"strings"
)

// Tables of /proc/net. The package comment says why procfs does not read them.

// counted are the counters of a protocol in a table such as snmp, which has them as a line
// of names and a line of values:
//
//	Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens …
//	Tcp: 1 200 120000 -1 52 …
func counted(table, protocol string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		names := ""
		for line := range strings.SplitSeq(table, "\n") {
			values, found := strings.CutPrefix(line, protocol+": ")
			switch {
			case !found:
				continue
			case names == "":
				names = values
				continue
			}
			for {
				name, moreNames, another := strings.Cut(names, " ")
				value, moreValues, _ := strings.Cut(values, " ")
				if n, err := strconv.ParseInt(value, 10, 64); err == nil && !yield(name, n) {
					return
				}
				if !another {
					return
				}
				names, values = moreNames, moreValues
			}
		}
	}
}

// counterOf is one of them.
func counterOf(table, protocol, name string) (int64, bool) {
	for is, n := range counted(table, protocol) {
		if is == name {
			return n, true
		}
	}
	return 0, false
}

// socketsOf is a figure of sockstat, whose lines are as "TCP: inuse 9 orphan 0 tw 3210 alloc
// 9 mem 119".
func socketsOf(table, protocol, figure string) (int64, bool) {
	for line := range strings.SplitSeq(table, "\n") {
		figures, found := strings.CutPrefix(line, protocol+": ")
		if !found {
			continue
		}
		_, from, found := strings.Cut(figures, figure+" ")
		if !found {
			return 0, false
		}
		value, _, _ := strings.Cut(from, " ")
		n, err := strconv.ParseInt(value, 10, 64)
		return n, err == nil
	}
	return 0, false
}
