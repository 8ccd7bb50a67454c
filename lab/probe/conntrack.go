package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// What a namespace's connection tracking is called among the Counters. They
// are absent where the module is not loaded, and 0 where no rule of the
// namespace asks for tracking.
const (
	conntrackEntries = "conntrack_entries" // a level
	conntrackMax     = "conntrack_max"     // a level: the machine's limit of each namespace's table
)

var conntrackNames = map[string]string{
	"drop":          "conntrack_drop",
	"early_drop":    "conntrack_early_drop", // evicted to make room: the table was full
	"insert_failed": "conntrack_insert_failed",
}

// readConntrack adds what the calling thread's namespace tracks to c.
func readConntrack(c Counters) error {
	b, err := os.ReadFile("/proc/thread-self/net/stat/nf_conntrack")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read conntrack's counters: %w", err)
	}
	if err := parseConntrack(string(b), c); err != nil {
		return err
	}
	if s, err := readSysctl("net.netfilter.nf_conntrack_max"); err == nil {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			c[conntrackMax] = n
		}
	}
	return nil
}

// parseConntrack reads a line of names above one line of hexadecimal numbers
// for each processor. The entries are the table's, the same in every line.
func parseConntrack(text string, c Counters) error {
	var names []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if names == nil {
			names = f
			continue
		}
		if len(f) != len(names) {
			return fmt.Errorf("conntrack: %d names above %d values", len(names), len(f))
		}
		for i, name := range names {
			to := conntrackNames[name]
			if to == "" && name != "entries" {
				continue
			}
			n, err := strconv.ParseUint(f[i], 16, 63)
			if err != nil {
				return fmt.Errorf("conntrack: %s is %q, not a hexadecimal number", name, f[i])
			}
			if name == "entries" {
				c[conntrackEntries] = int64(n)
			} else {
				c[to] += int64(n)
			}
		}
	}
	return nil
}
