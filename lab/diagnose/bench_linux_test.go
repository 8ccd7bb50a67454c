package diagnose

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkLook looks at a namespace with 28,000 TIME_WAITs, towards four destinations,
// and concludes. cpu-ns/op is the processor time of all, the kernel's dump included.
func BenchmarkLook(b *testing.B) {
	l := load{Low: 20000, High: 34999, Addresses: []string{"10.1.0.1/32", "10.1.0.2/32"}, Sources: []string{"10.1.0.1"},
		To:   []target{{To: "10.1.0.2:80"}, {To: "10.1.0.2:81"}, {To: "10.1.0.2:82"}, {To: "10.1.0.2:83"}}, // below half of the range each
		PerS: 14000, ForS: 2, AtTaken: []int{27900}}
	child := l.start(b)
	<-child.told
	var before, after unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &before)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Look(b.Context(), Target{PID: child.cmd.Process.Pid})
		if err != nil {
			b.Fatal(err)
		}
		if r := Conclude(s, Options{Horizon: time.Minute, Top: 10}); r.Namespaces[0].TimeWait < 27000 {
			b.Fatalf("%d TIME_WAITs are seen", r.Namespaces[0].TimeWait)
		}
	}
	unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(after.Maxrss)/1024, "MiB-rss")
}
