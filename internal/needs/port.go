package needs

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// Ports that tests take: below those that Linux and other systems hand out, so that neither a
// connect() nor a Listen to port 0 takes one between Port and its use.
const (
	firstPort = 10000
	portCount = 20000
)

// taken is how many ports this process has tried. Others, of other packages, begin elsewhere.
var taken atomic.Int64

// Port is a port of 127.0.0.1 that nobody listens at, and that it gives to nobody else, in this
// process or another, before the test ends: the UDP port of the same number is its claim.
func Port(t testing.TB) uint16 {
	t.Helper()
	for range 100 {
		n := int64(os.Getpid())*137 + taken.Add(1)
		port := uint16(firstPort + n%portCount)
		at := fmt.Sprintf("127.0.0.1:%d", port)
		claim, err := net.ListenPacket("udp", at)
		if err != nil {
			continue
		}
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			t.Cleanup(func() { claim.Close() })
			return port
		}
		claim.Close()
	}
	t.Fatalf("no port from %d on is free", firstPort)
	return 0
}
