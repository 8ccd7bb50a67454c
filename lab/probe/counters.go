package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// proc is /proc. What is under its net and sys/net belongs to the thread that
// looks.
const proc = "/proc"

// netOfThread is the directory of the calling thread's network namespace.
const netOfThread = proc + "/thread-self/net/"

// ReadTimeWait counts the mini-sockets of the calling thread's network
// namespace: TIME_WAIT, and FIN_WAIT2 after the process closed.
func ReadTimeWait() (int64, error) {
	table, err := readTable(netOfThread + "sockstat")
	if err != nil {
		return 0, fmt.Errorf("read sockstat: %w", err)
	}
	n, found := socketsOf(table, "TCP", "tw")
	if !found {
		return 0, errors.New("read sockstat: no TCP line")
	}
	return n, nil
}

// ReadSteal is how long the machine's processors were ready to run its
// programs and the hypervisor ran something else, in seconds since boot, added
// up over all of them.
func ReadSteal() (float64, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read processor times: %w", err)
	}
	return parseSteal(string(b))
}

// parseSteal reads the eighth time of "cpu user nice system idle iowait irq
// softirq steal guest guest_nice", proc_stat(5).
func parseSteal(text string) (float64, error) {
	line, _, _ := strings.Cut(text, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("processor times %.60q have no steal", line)
	}
	ticks, err := strconv.ParseInt(f[8], 10, 64)
	return float64(ticks) / ticksPerSecond, err
}

// Counters are kernel TCP counters by the names of ReadCounters. One that the
// kernel does not have is absent.
type Counters map[string]int64

// The names of levels, which are no counters.
const (
	currEstab        = "curr_estab"
	conntrackEntries = "conntrack_entries"
	conntrackMax     = "conntrack_max" // the machine's limit of each namespace's table
)

func isLevel(name string) bool {
	return name == currEstab || name == conntrackEntries || name == conntrackMax
}

// kernelCounters are our names for those of /proc/net/snmp and netstat.
var kernelCounters = []struct {
	table, protocol string
	names           map[string]string
}{
	{"snmp", "Tcp", map[string]string{
		"ActiveOpens":  "active_opens",
		"PassiveOpens": "passive_opens",
		"AttemptFails": "attempt_fails",
		"EstabResets":  "estab_resets",
		"CurrEstab":    currEstab,
		"RetransSegs":  "retrans_segs",
		"OutRsts":      "out_rsts",
	}},
	{"netstat", "TcpExt", map[string]string{
		"TW":                  timeWaitCreated, // of a kernel that counts when one ends: see TimeWaits
		"TWRecycled":          timeWaitRecycled,
		"TWKilled":            timeWaitKilled,
		"TCPTimeWaitOverflow": "time_wait_overflow",
		"PAWSActive":          "paws_active",
		"PAWSEstab":           "paws_estab",
		"ListenOverflows":     "listen_overflows",
		"ListenDrops":         "listen_drops",
		"SyncookiesSent":      "syncookies_sent",
		"TCPTimeouts":         "timeouts",
		"TCPSynRetrans":       "syn_retrans",
		"TCPAbortOnData":      "abort_on_data",
		"TCPAbortOnClose":     "abort_on_close",
		"TCPAbortOnMemory":    "abort_on_memory",
		"TCPAbortOnTimeout":   "abort_on_timeout",
	}},
}

// ReadCounters reads the calling thread's network namespace. Counters run from
// the namespace's birth; Since makes them relative.
func ReadCounters() (Counters, error) {
	c := make(Counters, 32)
	for _, k := range kernelCounters {
		table, err := readTable(netOfThread + k.table)
		if err != nil {
			return nil, fmt.Errorf("read TCP counters: %w", err)
		}
		for name, n := range counted(table, k.protocol) {
			if ours, used := k.names[name]; used {
				c[ours] = n
			}
		}
	}
	return c, readConntrack(netOfThread, c)
}

// ActiveOpens is how many connections the calling thread's network namespace has begun:
// the counter active_opens alone, which ReadCounters has among the others.
func ActiveOpens() (int64, error) {
	table, err := readTable(netOfThread + "snmp")
	if err != nil {
		return 0, fmt.Errorf("read TCP counters: %w", err)
	}
	n, found := counterOf(table, "Tcp", "ActiveOpens")
	if !found {
		return 0, errors.New("read TCP counters: no ActiveOpens")
	}
	return n, nil
}

// readConntrack adds what a network namespace tracks to c, by its directory of /proc:
// nothing where the module is not loaded, and 0 where no rule of the namespace asks for
// tracking.
func readConntrack(dir string, c Counters) error {
	table, err := readTable(dir + "stat/nf_conntrack")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = parseConntrack(table, c)
	}
	if err != nil {
		return fmt.Errorf("read conntrack's counters: %w", err)
	}
	if s, err := readSysctl("net.netfilter.nf_conntrack_max"); err == nil {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			c[conntrackMax] = n
		}
	}
	return nil
}

// parseConntrack reads a line of names and one of hexadecimal numbers for each processor
// (ct_cpu_seq_show, net/netfilter/nf_conntrack_standalone.c).
func parseConntrack(table string, c Counters) error {
	header, processors, _ := strings.Cut(table, "\n")
	names := strings.Fields(header)
	for line := range strings.SplitSeq(processors, "\n") {
		for i, text := range strings.Fields(line) {
			if i >= len(names) || !slices.Contains(conntrackCounters, names[i]) {
				continue
			}
			n, err := strconv.ParseInt(text, 16, 64)
			if err != nil {
				return fmt.Errorf("%q is no number of %s", text, names[i])
			}
			if name := "conntrack_" + names[i]; isLevel(name) {
				c[name] = n // the table's, the same for every processor
			} else {
				c[name] += n
			}
		}
	}
	return nil
}

// conntrackCounters are those that are read; early_drop is evicted to make room: the table
// was full.
var conntrackCounters = []string{"entries", "drop", "early_drop", "insert_failed"}

// Since is what was counted after base was read. Levels stay as they are.
func (c Counters) Since(base Counters) Counters {
	d := make(Counters, len(c))
	for name, n := range c {
		if !isLevel(name) {
			n -= base[name]
		}
		d[name] = n
	}
	return d
}
