package probe

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// FuzzReadConnections: whatever is read, what is shown is a connection.
func FuzzReadConnections(f *testing.F) {
	f.Add(procTCP)
	f.Add("0: 0B00007F:9C40 00000000:0000 06 0:0 03:FFFFFFFFFFFFFFFF 0 0 0 1 1")
	f.Fuzz(func(t *testing.T, text string) {
		_ = ReadConnections(strings.NewReader(text), func(c Connection) {
			if !c.Local.IsValid() || !c.Remote.IsValid() || c.Remaining < 0 || c.Remaining > time.Hour ||
				c.Local.Addr().Is4In6() {
				t.Errorf("%+v", c)
			}
		}, func(netip.AddrPort) {})
	})
}

// FuzzReadFibTrie: whatever is read, what is found are addresses.
func FuzzReadFibTrie(f *testing.F) {
	f.Add(fibTrie)
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := readFibTrie(strings.NewReader(text))
		for _, a := range all {
			if !a.IsValid() {
				t.Errorf("%v", a)
			}
		}
	})
}
