package loadgen

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// answerNameWith makes every name resolve to some addresses.
func answerNameWith(t *testing.T, addrs ...string) {
	t.Helper()
	answerNamesBy(t, func(byte) []string { return addrs })
}

// answerNamesBy answers each question for a name, by its type (1 is A, 28 AAAA),
// with those of the addresses that are of the type.
func answerNamesBy(t *testing.T, addrs func(kind byte) []string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = old; pc.Close() })
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12 + strings.IndexByte(string(b[12:n]), 0) + 5 // the name, type and class of the question
			q := append([]byte{}, b[:end]...)
			binary.BigEndian.PutUint16(q[2:], 0x8180) // a response, recursion available
			clear(q[6:12])
			for _, s := range addrs(q[end-3]) {
				a := netip.MustParseAddr(s).AsSlice()
				if v4, asked := len(a) == 4, q[end-3]; v4 != (asked == 1) || !v4 && asked != 28 {
					continue
				}
				q[7]++
				q = append(q, 0xc0, 12, 0, q[end-3], 0, 1, 0, 0, 0, 0, 0, byte(len(a)))
				q = append(q, a...)
			}
			_, _ = pc.WriteTo(q, from)
		}
	}()
}

// TestAllAddressesOfANameAreLoadedInTurn, but for those that take no connection
// when the run begins.
func TestAllAddressesOfANameAreLoadedInTurn(t *testing.T) {
	first := serveAt(t, "127.0.0.2:0", always(okAnswer))
	_, port, _ := net.SplitHostPort(first.Addr().String())
	second := serveAt(t, "127.0.0.3:"+port, always(okAnswer))
	answerNameWith(t, "127.0.0.3", "::1", "127.0.0.2", "127.0.0.4")
	for _, c := range []Config{
		{Connections: 6, Loops: 2},
		{Connections: 2, Loops: 2},
		{Connections: 1, CloseAfter: 1},
		{
			Connections: 2,
			CloseAfter:  1,
			Sources:     []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.9")},
		},
	} {
		a, b := first.requests.Load(), second.requests.Load()
		c.URL, c.Profile, c.Duration = "http://several.example:"+port+"/", Constant(200), 100*time.Millisecond
		r := mustRun(t, c)
		if a, b = first.requests.Load()-a, second.requests.Load()-b; r.OK != 20 || a+b != 20 || a < 8 || b < 8 {
			t.Errorf("%d connections: ok %d, %d at the first, %d at the second address; causes %v",
				c.Connections, r.OK, a, b, r.Causes)
		}
		if want := []string{"127.0.0.3:" + port, "127.0.0.2:" + port}; !slices.Equal(r.Addresses, want) {
			t.Errorf("addresses %v, want %v", r.Addresses, want)
		}
		if why := r.LeftOut["127.0.0.4:"+port]; why != "connection refused" {
			t.Errorf("left out are %v", r.LeftOut)
		}
	}
}

// TestPairsOfSourcesAndAddresses: two sources and two addresses are four pairs,
// each with source ports of its own.
func TestPairsOfSourcesAndAddresses(t *testing.T) {
	seen := make(chan string, 8)
	tell := func(p *peer) {
		from, _, _ := net.SplitHostPort(p.RemoteAddr().String())
		at, _, _ := net.SplitHostPort(p.LocalAddr().String())
		if p.request() {
			seen <- from + ">" + at
			p.say(okAnswer)
		}
	}
	first := serveAt(t, "127.0.0.2:0", tell)
	_, port, _ := net.SplitHostPort(first.Addr().String())
	serveAt(t, "127.0.0.3:"+port, tell)
	answerNameWith(t, "127.0.0.2", "127.0.0.3")
	mustRun(t, Config{URL: "http://several.example:" + port + "/", Profile: Constant(100), Requests: 8, CloseAfter: 1,
		Sources: []netip.Addr{netip.MustParseAddr("127.0.0.8"), netip.MustParseAddr("127.0.0.9")}})
	pairs := map[string]int{}
	for range 8 {
		pairs[<-seen]++
	}
	for _, pair := range []string{
		"127.0.0.8>127.0.0.2", "127.0.0.8>127.0.0.3", "127.0.0.9>127.0.0.2", "127.0.0.9>127.0.0.3",
	} {
		if pairs[pair] != 2 {
			t.Errorf("%v, want each of the four pairs twice", pairs)
			break
		}
	}
}

// TestStrangerAmongTheAddressesOfANameIsRefused: not left out, not loaded.
func TestStrangerAmongTheAddressesOfANameIsRefused(t *testing.T) {
	answerNameWith(t, "127.0.0.2", "192.0.2.1")
	c := Config{URL: "http://mixed.example/", Profile: Constant(1), Duration: time.Second}
	if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("%v", err)
	}
}

func TestSpeaksHTTP2(t *testing.T) {
	h2 := serve(t, func(p *peer) {
		b := make([]byte, len(greeting))
		if n, _ := p.Read(b); string(b[:n]) == greeting {
			p.say("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")
		}
	})
	h1 := serve(t, always(okAnswer))
	mute := serve(t, func(p *peer) { _, _ = p.Read(make([]byte, 1)) })
	for url, want := range map[string]bool{h2.url: true, h1.url: false, mute.url: false} {
		if got := SpeaksHTTP2(t.Context(), Config{URL: url}); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}
