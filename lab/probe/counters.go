package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// proc is /proc. What is under its net and sys/net belongs to the thread that
// looks.
const proc = "/proc"

// ReadTimeWait counts the mini-sockets of the calling thread's network
// namespace: TIME_WAIT, and FIN_WAIT2 after the process closed.
func ReadTimeWait() (int64, error) {
	thread, err := procfs.NewFS(proc + "/thread-self")
	if err != nil {
		return 0, fmt.Errorf("read sockstat: %w", err)
	}
	s, err := thread.NetSockstat()
	if err != nil {
		return 0, fmt.Errorf("read sockstat: %w", err)
	}
	for _, p := range s.Protocols {
		if p.Protocol == "TCP" && p.TW != nil {
			return int64(*p.TW), nil
		}
	}
	return 0, errors.New("read sockstat: no TCP line")
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

// ReadCounters reads the calling thread's network namespace. Counters run from
// the namespace's birth; Since makes them relative.
func ReadCounters() (Counters, error) {
	self, err := thisThread()
	if err != nil {
		return nil, fmt.Errorf("read TCP counters: %w", err)
	}
	snmp, err := self.Snmp()
	if err != nil {
		return nil, fmt.Errorf("read TCP counters: %w", err)
	}
	netstat, err := self.Netstat()
	if err != nil {
		return nil, fmt.Errorf("read TCP counters: %w", err)
	}
	c := Counters{}
	tcp, ext := snmp.Tcp, netstat.TcpExt
	for name, n := range map[string]*float64{
		"active_opens":  tcp.ActiveOpens,
		"passive_opens": tcp.PassiveOpens,
		"attempt_fails": tcp.AttemptFails,
		"estab_resets":  tcp.EstabResets,
		currEstab:       tcp.CurrEstab,
		"retrans_segs":  tcp.RetransSegs,
		"out_rsts":      tcp.OutRsts,

		timeWaitCreated:      ext.TW, // of a kernel that counts when one ends: see TimeWaits
		timeWaitRecycled:     ext.TWRecycled,
		timeWaitKilled:       ext.TWKilled,
		"time_wait_overflow": ext.TCPTimeWaitOverflow,
		"paws_active":        ext.PAWSActive,
		"paws_estab":         ext.PAWSEstab,
		"listen_overflows":   ext.ListenOverflows,
		"listen_drops":       ext.ListenDrops,
		"syncookies_sent":    ext.SyncookiesSent,
		"timeouts":           ext.TCPTimeouts,
		"syn_retrans":        ext.TCPSynRetrans,
		"abort_on_data":      ext.TCPAbortOnData,
		"abort_on_close":     ext.TCPAbortOnClose,
		"abort_on_memory":    ext.TCPAbortOnMemory,
		"abort_on_timeout":   ext.TCPAbortOnTimeout,
	} {
		if n != nil {
			c[name] = int64(*n)
		}
	}
	thread, err := procfs.NewFS(proc + "/thread-self")
	if err != nil {
		return nil, fmt.Errorf("read conntrack's counters: %w", err)
	}
	return c, readConntrack(thread, c)
}

// thisThread is the calling thread as /proc numbers it: the process ID that
// the agent knows itself by may be of another PID namespace.
func thisThread() (procfs.Proc, error) {
	link, err := os.Readlink(proc + "/thread-self")
	if err != nil {
		return procfs.Proc{}, err
	}
	var pid, tid int
	if _, err := fmt.Sscanf(link, "%d/task/%d", &pid, &tid); err != nil {
		return procfs.Proc{}, fmt.Errorf("%s/thread-self leads to %q: %w", proc, link, err)
	}
	fs, err := procfs.NewFS(proc)
	if err != nil {
		return procfs.Proc{}, err
	}
	return fs.Thread(pid, tid)
}

// readConntrack adds what the namespace of a thread tracks to c: nothing where
// the module is not loaded, and 0 where no rule of the namespace asks for
// tracking.
func readConntrack(thread procfs.FS, c Counters) error {
	cpus, err := thread.ConntrackStat()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read conntrack's counters: %w", err)
	}
	for _, cpu := range cpus {
		c[conntrackEntries] = int64(cpu.Entries) // the table's, the same for every processor
		c["conntrack_drop"] += int64(cpu.Drop)
		c["conntrack_early_drop"] += int64(cpu.EarlyDrop) // evicted to make room: the table was full
		c["conntrack_insert_failed"] += int64(cpu.InsertFailed)
	}
	if s, err := readSysctl("net.netfilter.nf_conntrack_max"); err == nil {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			c[conntrackMax] = n
		}
	}
	return nil
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
