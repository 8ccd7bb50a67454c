package diagnose

import (
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// TestFirstAidHelps runs the command that is said to give the ports of TIME_WAITs back.
func TestFirstAidHelps(t *testing.T) {
	needs.Root(t)
	needs.Program(t, "netns", "ss")
	needs.Network(t)
	l := load{
		Low:       20000,
		High:      20009,
		Addresses: []string{"10.3.0.1/32", "10.3.0.2/32"},
		Sysctls:   map[string]string{"net.ipv4.tcp_tw_reuse": "0"},
	}
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort("10.3.0.2:80")
	listener, err := listenAt(to)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	connect := func() error {
		client, accepted, err := connectTo(to, "10.3.0.1", listener)
		if err == nil {
			unix.Close(client)
			unix.Close(accepted)
		}
		return err
	}
	for range 10 {
		if err := connect(); err != nil {
			t.Fatal(err)
		}
	}
	if err := connect(); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Fatalf("the ports are taken, and connect() says %v", err)
	}
	for _, f := range conclude(t, thisNamespace(t)).Findings {
		if f.ID != "exhausted" {
			continue
		}
		_, rest, ok := strings.Cut(f.Next, "ss -K ")
		arguments, _, found := strings.Cut(rest, " (")
		if !ok || !found {
			t.Fatalf("no ss -K in %q", f.Next)
		}
		out, err := exec.Command("ss", append([]string{"-K"},
			strings.Fields(strings.ReplaceAll(arguments, "'", ""))...)...).CombinedOutput()
		if strings.Contains(string(out), "not supported") {
			t.Skip("the kernel does not destroy sockets (CONFIG_INET_DIAG_DESTROY)")
		}
		if again := connect(); again != nil {
			t.Errorf("after ss -K %s connect() says %v; ss says %s, %v", arguments, again, out, err)
		}
		return
	}
	t.Error("the table is full, and nothing says so")
}
