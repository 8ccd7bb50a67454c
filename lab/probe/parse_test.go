package probe

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUsablePorts(t *testing.T) {
	for _, c := range []struct {
		name     string
		ports    string
		reserved string
		bound    []uint16
		want     Ports
	}{
		{"default range", "32768\t60999\n", "\n", nil, Ports{Low: 32768, High: 60999, Usable: 28232}},
		{
			name:     "docker: its DNS listens inside",
			ports:    "32768\t60999\n",
			reserved: "\n",
			bound:    []uint16{80, 36113},
			want:     Ports{Low: 32768, High: 60999, Bound: []uint16{36113}, Usable: 28231},
		},
		{"one port", "20000 20000", "", nil, Ports{Low: 20000, High: 20000, Usable: 1}},
		{"reserved", "20000\t20999", "20100-20199", nil, Ports{Low: 20000, High: 20999, Reserved: 100, Usable: 900}},
		{
			name:     "reserved beyond the range",
			ports:    "20000\t20009",
			reserved: "19990-20004,20009,30000",
			want:     Ports{Low: 20000, High: 20009, Reserved: 6, Usable: 4},
		},
		{
			name:     "bound by several",
			ports:    "20000\t20009",
			reserved: "20000",
			bound:    []uint16{20005, 20005, 20000, 19999},
			want:     Ports{Low: 20000, High: 20009, Reserved: 1, Bound: []uint16{20005}, Usable: 8},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := parsePortRange(c.ports)
			if err != nil {
				t.Fatal(err)
			}
			reserved, err := parseReservedPorts(c.reserved)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, usablePorts(r, reserved, c.bound)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, bad := range []string{"", "1", "1 2 3", "9 8", "1 65536", "-1 5", "a b"} {
		if r, err := parsePortRange(bad); err == nil {
			t.Errorf("port range %q read as %v", bad, r)
		}
	}
	for _, bad := range []string{",", "1,,2", "5-4", "1-2-3", "x"} {
		if r, err := parseReservedPorts(bad); err == nil {
			t.Errorf("reserved ports %q read as %v", bad, r)
		}
	}
}

// TestPortRangeOf: what was not read is not taken for an empty list.
func TestPortRangeOf(t *testing.T) {
	all := map[string]string{portRange: "20000 20009", reservedPorts: "20001"}
	if r, err := PortRangeOf(all); err != nil || r.Beside(nil).Usable != 9 {
		t.Errorf("%+v, %v; want 9 ports", r, err)
	}
	delete(all, reservedPorts)
	if r, err := PortRangeOf(all); err == nil {
		t.Errorf("without the reserved ports: %+v", r)
	}
}

func FuzzPorts(f *testing.F) {
	f.Add("32768\t60999\n", "8080,20100-20199\n")
	f.Add("1 65535", "0-65535")
	f.Fuzz(func(t *testing.T, ports, reserved string) {
		if len(reserved) > 200 {
			return // the count is by port and item
		}
		r, err := parsePortRange(ports)
		if err != nil {
			return
		}
		spans, err := parseReservedPorts(reserved)
		if err != nil {
			return
		}
		p := usablePorts(r, spans, []uint16{80, 40000})
		if p.Usable < 0 || p.Usable+p.Reserved+len(p.Bound) != r.high-r.low+1 {
			t.Errorf("%v of %v", p, r)
		}
	})
}

func TestCPUTotalNeverFalls(t *testing.T) {
	master := procStat{pid: 1, start: 1, own: 10}
	worker := procStat{pid: 2, ppid: 1, start: 2, own: 500}
	var c cpuTotal
	step := func(what string, want int64, now ...procStat) {
		t.Helper()
		if got := c.add(now); got != want {
			t.Errorf("%s: %d ticks, want %d", what, got, want)
		}
	}
	step("master and worker", 510, master, worker)
	// The worker dies after 20 more ticks; its master waited for it.
	master.children = 520
	step("the master took the worker's time over", 530, master)
	heir := procStat{pid: 2, ppid: 1, start: 3}
	step("the same ID again", 530, master, heir)
	heir.own = 40
	step("a new worker", 570, master, heir)
	step("all gone", 570)
	step("a new server", 575, procStat{pid: 9, start: 9, own: 5})
}

func TestTallyMatchesMappedAddresses(t *testing.T) {
	v4 := netip.MustParseAddrPort("198.18.0.3:80")
	mapped := netip.AddrPortFrom(netip.MustParseAddr("::ffff:198.18.0.3"), 80)
	tl := newTally([]netip.AddrPort{mapped, v4}, Local)
	if diff := cmp.Diff([]string{"198.18.0.3:80"}, tl.dst); diff != "" {
		t.Errorf("destinations: -want +got:\n%s", diff)
	}
	b := make([]byte, diagLen)
	b[0], b[1], b[5] = 10, stateTimeWait, 80 // AF_INET6
	b[8+10], b[8+11] = 0xff, 0xff
	copy(b[8+12:], v4.Addr().AsSlice())
	tl.add(diagMsg(b))
	b[0] = familyINET
	copy(b[8:], v4.Addr().AsSlice())
	tl.add(diagMsg(b))
	if r := tl.result(); len(r) != 1 || r[0].N != 2 || r[0].State != "time-wait" {
		t.Errorf("counted %+v, want 2 in time-wait", r)
	}
}

func TestParseDiagReportsTheKernelsErrors(t *testing.T) {
	message := func(kind, flags uint16, payload ...byte) []byte {
		b := []byte{byte(nlHeaderLen + len(payload)), 0, 0, 0, byte(kind), 0, byte(flags), 0, 7, 0, 0, 0, 0, 0, 0, 0}
		return append(b, payload...)
	}
	none := func(diagMsg) { t.Error("saw a socket") }
	if done, err := parseDiag(message(nlDone, 0, 0, 0, 0, 0), 7, none); !done || err != nil {
		t.Errorf("end: %v, %v", done, err)
	}
	if done, err := parseDiag(message(nlDone, flagDumpIntr), 7, none); !done || !errors.Is(err, errInterrupted) {
		t.Errorf("interrupted end: %v, %v", done, err)
	}
	if _, err := parseDiag(message(nlError, 0, 0xff, 0xff, 0xff, 0xff), 7, none); err == nil {
		t.Error("EPERM went by")
	}
	if done, err := parseDiag(message(nlDone, 0), 8, none); done || err != nil {
		t.Errorf("another request's end: %v, %v", done, err)
	}
	if _, err := parseDiag(message(nlTCP, 0, 1, 2, 3), 7, none); err == nil {
		t.Error("a cut socket went by")
	}
}

func FuzzParseDiag(f *testing.F) {
	b := make([]byte, nlHeaderLen+diagLen)
	b[0], b[4], b[8] = byte(len(b)), nlTCP, 1
	b[16], b[17] = familyINET, stateTimeWait
	f.Add(b)
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		tl := newTally([]netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:80")}, Remote)
		parseDiag(b, 1, tl.add)
		tl.result()
	})
}
