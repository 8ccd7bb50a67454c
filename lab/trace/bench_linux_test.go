package trace

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkConnect times calls without a trace and with one, in turn, on one socket, which
// is all that changes: the cheapest connect() that succeeds (UDP), one that fails at once (no
// route), one that looks through ten ports for nothing (error 99), and a system call that
// is not connect(). The best of all rounds counts, in ns per call: a round is short, so that
// on a busy machine some have the processor to themselves.
func BenchmarkConnect(b *testing.B) {
	network(b)
	namespace := here(b) // each benchmark below has a goroutine of its own, and so another thread
	full := exhaust(b, "127.0.0.1:81")
	calls := []struct {
		name string
		kind int
		to   string
		want error
	}{
		{"success", unix.SOCK_DGRAM, "127.0.0.1:9", nil},
		{"failure", unix.SOCK_STREAM, "10.0.0.1:80", unix.ENETUNREACH},
		{"error-99", unix.SOCK_STREAM, full.String(), unix.EADDRNOTAVAIL},
		{"another-system-call", unix.SOCK_DGRAM, "", nil},
	}
	for _, c := range calls {
		b.Run(c.name, func(b *testing.B) {
			inThreads(b, namespace, 1, func(int) {
				call := func() error { unix.Getppid(); return nil }
				if c.to != "" {
					family, a := addressOf(netip.MustParseAddrPort(c.to))
					fd, err := unix.Socket(family, c.kind|unix.SOCK_CLOEXEC, 0)
					if err != nil {
						b.Error(err)
						return
					}
					defer unix.Close(fd)
					call = func() error { return unix.Connect(fd, a) }
				}
				const rounds, n = 20, 1000
				best := func() float64 {
					shortest := time.Duration(math.MaxInt64)
					for range rounds {
						begun := time.Now()
						for range n {
							if err := call(); err != c.want {
								b.Errorf("%v, want %v", err, c.want)
								return 0
							}
						}
						shortest = min(shortest, time.Since(begun))
					}
					return float64(shortest.Nanoseconds()) / n
				}
				plain, traced := math.Inf(1), math.Inf(1)
				for b.Loop() {
					plain = min(plain, best())
					tr := begin(b, Options{})
					traced = min(traced, best())
					if got := counts(b, tr); c.want != nil && got.Failed.Count()+got.NoPort.Count() < rounds*n {
						b.Errorf("%d are counted of %d", got.Failed.Count()+got.NoPort.Count(), rounds*n)
					}
					tr.Close()
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(plain, "plain-ns")
				b.ReportMetric(traced, "traced-ns")
				b.ReportMetric(traced/plain, "ratio")
			})
		})
	}
}
