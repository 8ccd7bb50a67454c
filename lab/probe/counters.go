package probe

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Sockstat is the TCP line of /proc/net/sockstat. InUse, Orphan and TimeWait
// are the namespace's own; Alloc is the whole kernel's.
type Sockstat struct {
	InUse    int64
	Orphan   int64
	TimeWait int64 // mini-sockets: TIME_WAIT, and FIN_WAIT2 after the process closed
	Alloc    int64
}

// ReadSockstat reads the calling thread's network namespace in some 20 µs.
func ReadSockstat() (Sockstat, error) {
	b, err := os.ReadFile("/proc/thread-self/net/sockstat")
	if err != nil {
		return Sockstat{}, fmt.Errorf("read sockstat: %w", err)
	}
	return parseSockstat(string(b))
}

func parseSockstat(text string) (Sockstat, error) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "TCP:")
		if !ok {
			continue
		}
		var s Sockstat
		f := strings.Fields(rest)
		for i := 0; i+1 < len(f); i += 2 {
			n, err := strconv.ParseInt(f[i+1], 10, 64)
			if err != nil {
				return Sockstat{}, fmt.Errorf("sockstat: %s is %q, not a number", f[i], f[i+1])
			}
			switch f[i] {
			case "inuse":
				s.InUse = n
			case "orphan":
				s.Orphan = n
			case "tw":
				s.TimeWait = n
			case "alloc":
				s.Alloc = n
			}
		}
		return s, nil
	}
	return Sockstat{}, fmt.Errorf("sockstat: no TCP line")
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

// Counters are kernel TCP counters by the names of counterNames. One that the
// kernel does not have is absent.
type Counters map[string]int64

// currEstab is a level among the counters, as are the two of conntrack.
const currEstab = "curr_estab"

func isLevel(name string) bool {
	return name == currEstab || name == conntrackEntries || name == conntrackMax
}

// counterNames translates "Group Field" of /proc/net/snmp and /proc/net/netstat.
var counterNames = map[string]string{
	"Tcp ActiveOpens":  "active_opens",
	"Tcp PassiveOpens": "passive_opens",
	"Tcp AttemptFails": "attempt_fails",
	"Tcp EstabResets":  "estab_resets",
	"Tcp CurrEstab":    currEstab,
	"Tcp RetransSegs":  "retrans_segs",
	"Tcp OutRsts":      "out_rsts",

	"TcpExt TW":                  "time_wait_created", // counted when TIME_WAIT begins, not when it ends
	"TcpExt TWRecycled":          "time_wait_recycled",
	"TcpExt TWKilled":            "time_wait_killed", // mini-sockets with a timer of 4 s or less, counted here instead
	"TcpExt TCPTimeWaitOverflow": "time_wait_overflow",
	"TcpExt PAWSActive":          "paws_active",
	"TcpExt PAWSEstab":           "paws_estab",
	"TcpExt ListenOverflows":     "listen_overflows",
	"TcpExt ListenDrops":         "listen_drops",
	"TcpExt SyncookiesSent":      "syncookies_sent",
	"TcpExt TCPTimeouts":         "timeouts",
	"TcpExt TCPSynRetrans":       "syn_retrans",
	"TcpExt TCPAbortOnData":      "abort_on_data",
	"TcpExt TCPAbortOnClose":     "abort_on_close",
	"TcpExt TCPAbortOnMemory":    "abort_on_memory",
	"TcpExt TCPAbortOnTimeout":   "abort_on_timeout",
}

// ReadCounters reads the calling thread's network namespace. Counters run from
// the namespace's birth; Since makes them relative.
func ReadCounters() (Counters, error) {
	c := make(Counters, len(counterNames))
	for _, name := range []string{"snmp", "netstat"} {
		b, err := os.ReadFile("/proc/thread-self/net/" + name)
		if err != nil {
			return nil, fmt.Errorf("read TCP counters: %w", err)
		}
		if err := parseCounters(string(b), c); err != nil {
			return nil, fmt.Errorf("/proc/net/%s: %w", name, err)
		}
	}
	if err := readConntrack(c); err != nil {
		return nil, err
	}
	return c, nil
}

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

// parseCounters reads pairs of lines, "Tcp: name name …" above "Tcp: n n …",
// into c. Fields are found by name: kernels add some in the middle.
func parseCounters(text string, c Counters) error {
	var group string
	var names []string
	for line := range strings.Lines(text) {
		head, rest, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("line %q has no group", strings.TrimSpace(line))
		}
		fields := strings.Fields(rest)
		if names == nil {
			group, names = head, fields
			continue
		}
		if head != group || len(fields) != len(names) {
			return fmt.Errorf("%d names of %s above %d values of %s", len(names), group, len(fields), head)
		}
		for i, name := range names {
			to, ok := counterNames[group+" "+name]
			if !ok {
				continue
			}
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return fmt.Errorf("%s of %s is %q, not a number", name, group, fields[i])
			}
			c[to] = n
		}
		names = nil
	}
	return nil
}
