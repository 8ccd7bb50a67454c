package trace

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Trace counts until it is closed.
type Trace struct {
	began    time.Time
	loaded   *ebpf.Collection
	attached []*os.File
	located  bool // the programs know the namespace
}

// Start begins to count. It takes CAP_BPF and CAP_PERFMON, and the right to read
// tracefs; the error says what of it is missing.
func Start(o Options) (*Trace, error) {
	where, err := kernelOffsets()
	if err != nil {
		where = nil
		if o.Namespace != 0 {
			return nil, fmt.Errorf("one namespace alone cannot be traced, as the kernel does not say where it is: %w",
				err)
		}
	}
	return start(where, o, usual)
}

func start(where *offsets, o Options, l limits) (*Trace, error) {
	if o.Namespace > math.MaxUint32 {
		return nil, fmt.Errorf("namespace %d: an inode of nsfs, below 2^32, is expected", o.Namespace)
	}
	points, err := numbers(exitPoint, enterPoint)
	if err != nil {
		return nil, explain("find its tracepoints", err)
	}
	t := &Trace{located: where != nil}
	if t.loaded, err = load(spec(where, uint32(o.Namespace), l)); err != nil {
		return nil, explain("load the programs", err)
	}
	// The end first: each call that is seen to begin is then seen to end.
	for i, program := range []string{exitName, enterName} {
		file, err := attach(points[i], t.loaded.Programs[program])
		if err != nil {
			t.Close()
			return nil, explain("attach the programs", err)
		}
		t.attached = append(t.attached, file)
	}
	t.began = time.Now()
	return t, nil
}

// load tries again with all the locked memory that it may have, as maps counted against
// that limit before Linux 5.11.
func load(s *ebpf.CollectionSpec) (*ebpf.Collection, error) {
	c, err := ebpf.NewCollection(s)
	if !errors.Is(err, unix.EPERM) {
		return c, err
	}
	none := uint64(unix.RLIM_INFINITY)
	if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: none, Max: none}) != nil {
		return nil, err
	}
	return ebpf.NewCollection(s)
}

// Close ends the trace, and removes all of it from the kernel.
func (t *Trace) Close() {
	for _, file := range t.attached {
		file.Close()
	}
	t.attached = nil
	t.loaded.Close()
}

// Counts reads what was counted so far.
func (t *Trace) Counts() (*Counts, error) {
	c := &Counts{For: time.Since(t.began)}
	var each []figures
	if err := t.loaded.Maps[figuresName].Lookup(uint32(0), &each); err != nil {
		return nil, fmt.Errorf("read how long connect() took: %w", err)
	}
	for i := range each {
		for class, to := range []*Histogram{succeeded: &c.Succeeded, noPort: &c.NoPort, failed: &c.Failed} {
			for bucket, n := range each[i].Times[class] {
				to[bucket] += n
			}
		}
		c.Lost += each[i].Lost
	}
	for _, p := range t.loaded.Programs {
		if s, err := p.Stats(); err == nil {
			c.Lost += int64(s.RecursionMisses)
		}
	}
	// All at once: while bpf(2) is in a map, no program runs on that processor.
	failures := t.loaded.Maps[failuresName]
	keys, values := make([]key, failures.MaxEntries()), make([]failure, failures.MaxEntries())
	n, err := failures.BatchLookup(new(ebpf.MapBatchCursor), keys, values, nil)
	if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) { // which is the end
		return nil, fmt.Errorf("read the failures: %w", err)
	}
	for i := range n {
		c.Failures = append(c.Failures, t.failure(keys[i], values[i]))
	}
	slices.SortFunc(c.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.To.Compare(b.To), cmp.Compare(a.PID, b.PID),
			cmp.Compare(a.Errno, b.Errno), cmp.Compare(a.Namespace, b.Namespace))
	})
	return c, nil
}

func (t *Trace) failure(k key, v failure) Failure {
	comm, _, _ := bytes.Cut(v.Process[:], []byte{0})
	f := Failure{
		Namespace: uint64(k.Namespace), PID: int(k.PID), Process: string(comm), Count: v.Count,
		Errno: int(k.Errno), Name: cmp.Or(unix.ErrnoName(unix.Errno(k.Errno)), fmt.Sprintf("errno %d", k.Errno)),
	}
	address := netip.AddrFrom16(k.Address).Unmap()
	if k.Family == unix.AF_INET {
		address = netip.AddrFrom4([4]byte(k.Address[:4]))
	}
	f.To = netip.AddrPortFrom(address, uint16(k.Port[0])<<8|uint16(k.Port[1]))
	if !t.located {
		f.Namespace = namespaceOf(f.PID)
	}
	return f
}

// namespaceOf is the inode of a process's network namespace; 0 if it is gone, or may not be
// looked at.
func namespaceOf(pid int) uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/"+strconv.Itoa(pid)+"/ns/net", &st) != nil {
		return 0
	}
	return st.Ino
}
