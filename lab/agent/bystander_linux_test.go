package agent

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
)

// TestBystanderSharesTheFateOfItsDestination, on the kernel itself: with room
// every try succeeds and none leaves a trace, though there are more tries than
// ports. With all ports in TIME_WAIT towards the backend, each try there fails
// with 99, none elsewhere does, and whoever binds first fails with 98 although
// it wants to go elsewhere.
func TestBystanderSharesTheFateOfItsDestination(t *testing.T) {
	needs.Network(t)
	l, err := net.Listen("tcp4", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	go (&backend.Server{KeepAlive: true}).Serve(t.Context(), l) // closes when its peer has
	elsewhere, err := (&Listen{Addr: netip.MustParseAddr("127.0.0.1")}).listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sysctl(t, "tcp_tw_reuse", "0")                  // 2, the default, would reuse loopback's
	sysctl(t, "ip_local_port_range", "20000 20019") // the listeners' ports are outside
	b := &Bystander{
		Backend:    netip.MustParseAddrPort("127.0.0.1:8080"),
		Elsewhere:  *elsewhere,
		IntervalMs: 10,
		DurationS:  0.5,
	}

	for kind, got := range tries(t, b) {
		if got[""] <= 20 || len(got) > 1 {
			t.Errorf("%s, with room: %v, want more than 20 successes and no failure", kind, got)
		}
	}
	if n := timeWaits(t); n != 0 {
		t.Fatalf("the bystander left %d sockets in TIME_WAIT", n)
	}

	for range 20 {
		closeFirst(t, b.Backend)
	}
	if n := timeWaits(t); n != 20 {
		t.Fatalf("%d sockets in TIME_WAIT, want 20", n)
	}
	got := tries(t, b)
	for kind, want := range map[string]string{
		results.BystanderBackend: "EADDRNOTAVAIL", results.BystanderElsewhere: "", results.BystanderBind: "EADDRINUSE",
	} {
		if got[kind][want] <= 20 || len(got[kind]) > 1 {
			t.Errorf("%s, with the table full: %v, want nothing but %q", kind, got[kind], want)
		}
	}
}

// tries runs a bystander to its end and counts outcomes by kind and errno.
func tries(t *testing.T, b *Bystander) map[string]map[string]int {
	t.Helper()
	n := map[string]map[string]int{}
	if err := b.run(t.Context(), func(r Record) {
		if n[r.Bystander.Kind] == nil {
			n[r.Bystander.Kind] = map[string]int{}
		}
		n[r.Bystander.Kind][r.Bystander.Errno]++
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func timeWaits(t *testing.T) int64 {
	t.Helper()
	n, err := probe.ReadTimeWait()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// closeFirst leaves a TIME_WAIT on this side: shut down, wait for the peer's
// FIN, close.
func closeFirst(t *testing.T, to netip.AddrPort) {
	t.Helper()
	c, err := net.Dial("tcp4", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
}

func sysctl(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

func TestBystanderIsBounded(t *testing.T) {
	for _, b := range []Bystander{{IntervalMs: 9, DurationS: 1}, {IntervalMs: 100}} {
		if err := b.run(t.Context(), func(Record) { t.Error("it tried") }); err == nil {
			t.Errorf("%+v: accepted", b)
		}
	}
}

// TestStopsAreTheirOwn: the bystander's Stop leaves the load alone.
func TestStopsAreTheirOwn(t *testing.T) {
	c, _, _ := pair(t, func(Record) {})
	r, err := c.Call(t.Context(), Command{Listen: &Listen{Addr: netip.MustParseAddr("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	load, err := c.Start(Command{Load: &Load{
		URL: "http://" + r.Listening.String() + "/", Connections: 1, RatePerS: 20, DurationS: 20, TimeoutS: 1, StartInMs: 50,
	}})
	if err != nil {
		t.Fatal(err)
	}
	tries, err := c.Start(Command{Bystander: &Bystander{
		Backend:    *r.Listening,
		Elsewhere:  *r.Listening,
		IntervalMs: 50,
		DurationS:  20,
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := c.Call(ctx, Command{Stop: &Stop{Bystander: true}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(ctx, tries); err != nil {
		t.Error(err)
	}
	select {
	case <-load:
		t.Error("the load ended with the bystander")
	case <-time.After(300 * time.Millisecond):
	}
	if _, err := c.Call(ctx, Command{Stop: &Stop{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(ctx, load); err != nil {
		t.Error(err)
	}
}
