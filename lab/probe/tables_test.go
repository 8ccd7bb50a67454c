package probe

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snmpText is that of Linux 6.18, in part: of two protocols one's name begins with the
// other's, and a number may be below 0.
const snmpText = `Ip: Forwarding DefaultTTL
Ip: 1 64
TcpExt: ActiveOpens
TcpExt: 7
Tcp: RtoMax MaxConn ActiveOpens PassiveOpens
Tcp: 120000 -1 52 18446744073709551615
`

func TestTables(t *testing.T) {
	want := map[string]int64{"RtoMax": 120000, "MaxConn": -1, "ActiveOpens": 52}
	if diff := cmp.Diff(want, maps.Collect(counted(snmpText, "Tcp"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n, found := counterOf(snmpText, "Udp", "InDatagrams"); found {
		t.Errorf("of a protocol that is not there: %d", n)
	}
	const sockstat = "sockets: used 33\nTCP: inuse 2 orphan 23 tw 21 alloc 478 mem 49\nUDP: inuse 5 mem 0\n"
	for _, c := range []struct {
		protocol, figure string
		want             int64
		found            bool
	}{{
		protocol: "TCP",
		figure:   "inuse",
		want:     2,
		found:    true,
	}, {
		protocol: "TCP",
		figure:   "tw",
		want:     21,
		found:    true,
	}, {
		protocol: "TCP",
		figure:   "mem",
		want:     49,
		found:    true,
	}, {
		protocol: "UDP",
		figure:   "tw",
	}, {
		protocol: "TCP6",
		figure:   "inuse",
	}} {
		if n, found := socketsOf(sockstat, c.protocol, c.figure); n != c.want || found != c.found {
			t.Errorf("%s %s: %d, %v; want %d, %v", c.protocol, c.figure, n, found, c.want, c.found)
		}
	}
}

// FuzzTables: whatever is read, nothing is read out of bounds, and each name has one number.
func FuzzTables(f *testing.F) {
	f.Add(snmpText)
	f.Add(conntrackText)
	f.Add("Tcp: a b\nTcp: 1\nTcp:\nTCP: inuse")
	f.Fuzz(func(t *testing.T, text string) {
		for name := range counted(text, "Tcp") {
			if _, found := counterOf(text, "Tcp", name); !found {
				t.Errorf("%q is there and is not found", name)
			}
		}
		socketsOf(text, "TCP", "tw")
		_ = parseConntrack(text, Counters{})
	})
}
