package probe

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// procTCP is /proc/PID/net/tcp and tcp6 of Linux 6.18 on a little-endian machine.
const procTCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:9C40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29311 1 00000000aa55 100 0 0 10 0
   1: 0500000A:8235 0900000A:1F90 01 00000000:00000000 00:00000000 00000000    33        0 29400 1 00000000aa56 20 4 30 10 -1
   2: 0500000A:8237 0900000A:1F90 06 00000000:00000000 03:00000FA0 00000000     0        0 0 3 00000000aa57
   3: 0500000A:8239 0900000A:1F90 06 00000000:00000000 03:FFFFFFFFFFFFFFF0 00000000     0        0 0 3 00000000aa58
   4: 0000000000000000FFFF00000500000A:823B 0000000000000000FFFF00000900000A:1F90 05 00000000:00000000 03:00000FA0 00000000     0        0 0 3 00000000aa59
`

func TestReadConnections(t *testing.T) {
	var got []Connection
	var bound []netip.AddrPort
	err := ReadConnections(strings.NewReader(procTCP), func(c Connection) { got = append(got, c) },
		func(a netip.AddrPort) { bound = append(bound, a) })
	if err != nil {
		t.Fatal(err)
	}
	end := netip.MustParseAddrPort
	want := []Connection{
		{Local: end("10.0.0.5:33333"), Remote: end("10.0.0.9:8080"), State: "established", Inode: 29400},
		{Local: end("10.0.0.5:33335"), Remote: end("10.0.0.9:8080"), State: "time-wait", Remaining: 40 * time.Second},
		{Local: end("10.0.0.5:33337"), Remote: end("10.0.0.9:8080"), State: "time-wait"}, // due, and not yet gone
		{Local: end("10.0.0.5:33339"), Remote: end("10.0.0.9:8080"), State: "fin-wait-2"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(bound) != 1 || bound[0] != end("127.0.0.11:40000") {
		t.Errorf("listeners %v, want 127.0.0.11:40000", bound)
	}
	for _, bad := range []string{
		"0: 0B00007:9C40 00000000:0000 0A 0:0 00:0 0 0 0 1 1", "0: 0B00007F:9C40 00000000:0000 FF 0:0 00:0 0 0 0 1 1",
		"0: 0B00007F:9C40 00000000 06 0:0 00:0 0 0 0 1 1", "0: 0B00007F:9C40 00000000:0000 06 0:0 00:x 0 0 0 1 1",
	} {
		if err := ReadConnections(strings.NewReader(bad), func(Connection) {}, func(netip.AddrPort) {}); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
