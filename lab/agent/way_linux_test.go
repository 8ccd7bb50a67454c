package agent

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestWay: both ends' kernels have one connection by the same addresses where nothing
// translates them, and it is gone without a trace. What translates is in the test of the
// cluster.
func TestWay(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := l.Addr().(*net.TCPAddr).AddrPort()
	c, _, _ := pair(t, nil)
	r, err := c.Call(t.Context(), Command{Way: &Way{To: to, TimeoutMs: 5000, HoldMs: 200}})
	if err != nil {
		t.Fatal(err)
	}
	if r.There.Remote != to {
		t.Errorf("the connection to %v is to %v", to, r.There.Remote)
	}
	peers := func() []netip.AddrPort {
		r, err := c.Call(t.Context(), Command{Peers: &Peers{Port: to.Port()}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Peers
	}
	if got := peers(); !slices.Equal(got, []netip.AddrPort{r.There.Local}) {
		t.Errorf("the other end has %v, want %v", got, r.There.Local)
	}
	for end := time.Now().Add(5 * time.Second); len(peers()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the connection is still there")
		}
	}
	l.Close()
	if _, err := c.Call(t.Context(), Command{Way: &Way{To: to, TimeoutMs: 100}}); err == nil {
		t.Error("there is a way to where nobody listens")
	}
}
