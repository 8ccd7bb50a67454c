package diagnose

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/probe"
)

// crowd are loads in network namespaces of their own that leave n TIME_WAITs each, towards
// as many destinations as keep them below half of the range.
func crowd(b *testing.B, namespaces, n int) (children []*running) {
	const perS = 14000
	for range namespaces {
		l := load{Low: 20000, High: 34999, Addresses: []string{"10.1.0.1/32", "10.1.0.2/32"}, Sources: []string{"10.1.0.1"},
			Sysctls: map[string]string{"net.ipv4.tcp_max_tw_buckets": "300000"},
			PerS:    perS, ForS: float64(n) / perS, AtTaken: []int{n - 10}}
		for i := range 1 + n/7000 {
			l.To = append(l.To, target{To: fmt.Sprintf("10.1.0.2:%d", 80+i)})
		}
		children = append(children, l.start(b))
	}
	for _, c := range children {
		if told, ok := <-c.told; !ok || told.Look != 1 {
			b.Fatalf("the load did not begin: %+v", told)
		}
	}
	return children
}

// spent is the processor time of the whole process so far.
func spent() (user, system time.Duration) {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}

// BenchmarkLook looks and concludes, where there are 30,000 TIME_WAITs, and 25,000 to
// 200,000, which should take the same time for each (µs/socket). user-ms and sys-ms are its
// processor time and wall-ms how long it takes. dump-ms is the processor time of the kernel's
// own dumps of the same namespaces, read and thrown away between the looks, and beyond-ms what
// a look takes on top of those before and after it. Each is the median of all looks: on a busy machine some take
// far more.
func BenchmarkLook(b *testing.B) {
	for _, c := range []struct {
		name          string
		namespaces, n int
		lean          bool
	}{
		{"30000", 1, 30000, false},
		{"30000-lean", 1, 30000, true},
		{"25000", 1, 25000, false},
		{"50000", 1, 50000, false},
		{"100000", 1, 100000, false},
		{"200000", 1, 200000, false},
		{"30000-in-50-namespaces", 50, 600, false},
		{"30000-in-50-namespaces-lean", 50, 600, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			children := crowd(b, c.namespaces, c.n)
			target := Target{Lean: c.lean}
			if c.namespaces == 1 {
				target.PID = children[0].cmd.Process.Pid
			}
			seen := 0
			listed := map[uint64]bool{}
			look := func() {
				s, err := Look(b.Context(), target)
				if err != nil {
					b.Fatal(err)
				}
				seen = 0
				clear(listed)
				for _, n := range s.Namespaces {
					listed[n.Inode] = !n.Quiet
				}
				for _, n := range Conclude(s, Options{Horizon: time.Minute, Top: 10}).Namespaces {
					seen += n.TimeWait
				}
			}
			look()
			there, err := findNamespaces(&Snapshot{}, rights{})
			if err != nil {
				b.Fatal(err)
			}
			dump := func() (took time.Duration) {
				u, s := spent()
				onThreadOfItsOwn(func() {
					for _, f := range there {
						if listed[f.inode] {
							bareDump(b, f)
						}
					}
				})
				u2, s2 := spent()
				return u2 - u + s2 - s
			}
			of := map[string][]time.Duration{}
			note := func(unit string, d time.Duration) { of[unit] = append(of[unit], d) }
			bare := dump()
			for b.Loop() {
				begun := time.Now()
				u, s := spent()
				look()
				u2, s2 := spent()
				note("user-ms", u2-u)
				note("sys-ms", s2-s)
				note("wall-ms", time.Since(begun))
				note("look-ms", u2-u+s2-s)
				before := bare
				bare = dump() // after this look, and before the next one
				note("dump-ms", bare)
				note("beyond-ms", u2-u+s2-s-(before+bare)/2)
			}
			for unit, d := range of {
				slices.Sort(d)
				b.ReportMetric(d[len(d)/2].Seconds()*1000, unit)
			}
			if seen > 0 {
				b.ReportMetric(float64(of["look-ms"][b.N/2].Microseconds())/float64(seen), "µs/socket")
			}
			if b.ReportMetric(float64(seen), "TIME_WAITs"); seen == 0 && !c.lean {
				b.Error("none is seen") // of a slow machine some have ended: the last look tells how many there were
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-of-Go")
		})
	}
}

// bareDump asks for all TCP sockets of a network namespace, if it has any, and throws away
// what comes.
func bareDump(b *testing.B, f *found) {
	err := f.enter()
	if gone(err) {
		return // of somebody else's
	}
	if err != nil {
		b.Error(err)
		return
	}
	if n, err := probe.TCPSockets(); err == nil && n == 0 {
		return // a look does not ask either
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		b.Error(err)
		return
	}
	defer unix.Close(fd)
	buf := make([]byte, 64<<10)
	var request [76]byte // struct nlmsghdr and struct inet_diag_req
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], 18) // TCPDIAG_GETSOCK
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16] = unix.AF_INET
	binary.NativeEndian.PutUint32(request[68:], 1<<14-1) // all states
	if _, err := unix.Write(fd, request[:]); err != nil {
		b.Error(err)
		return
	}
	for kind := uint16(0); kind != unix.NLMSG_DONE; kind = binary.NativeEndian.Uint16(buf[4:]) {
		if _, err := unix.Read(fd, buf); err != nil {
			b.Error(err)
			return
		}
	}
}
