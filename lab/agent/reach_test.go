package agent

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// TestReach: a host is reached whether it listens or refuses. What gets no answer is
// in the drivers' tests, which can drop packets.
func TestReach(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listens := l.Addr().(*net.TCPAddr).AddrPort()
	try := func(to netip.AddrPort) error {
		return (&Reach{Hosts: []netip.AddrPort{to}, TimeoutMs: 5000}).try(t.Context())
	}
	if err := try(listens); err != nil {
		t.Error(err)
	}
	l.Close()
	if err := try(listens); err != nil {
		t.Errorf("nothing listens, but the host is there: %v", err)
	}
	if err := try(netip.MustParseAddrPort("[100::1]:80")); err == nil { // the discard-only prefix, RFC 6666
		t.Error("a host that is nowhere was reached")
	}
}

// TestABackendIsToldSomething: it is ready once it has answered so, and what else it answers
// is said.
func TestABackendIsToldSomething(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	replies := []string{"ERROR\r\n", "STORED\r\n"}
	told := make(chan string, len(replies)) // of more than one connection each is no test's
	go func() {
		for _, reply := range replies {
			c, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString('\n')
			told <- line
			_, _ = io.WriteString(c, reply)
			c.Close()
		}
	}()
	to := l.Addr().(*net.TCPAddr).AddrPort()
	say := func() error { return dial(t.Context(), to, "set it\n", "STORED\r\n") }
	if err := say(); err == nil || !strings.Contains(err.Error(), `"ERROR\r\n`) {
		t.Errorf("an error is taken for an answer: %v", err)
	}
	if err := say(); err != nil {
		t.Error(err)
	}
	for range replies {
		if line := <-told; line != "set it\n" {
			t.Errorf("it was told %q", line)
		}
	}
}
