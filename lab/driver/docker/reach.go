package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// reachTimeout has room for a SYN that is sent twice.
const reachTimeout = 3 * time.Second

// reach makes sure that the hosts' packets get through. Where the bridges' frames pass
// the machine's firewall, Docker lets those of its own networks through and drops all
// others; Podman makes no rule for an internal network. A server would then seem to be
// slow.
func (l *lab) reach(ctx context.Context, layout driver.Layout) error {
	cmd := agent.Command{Reach: &agent.Reach{Hosts: l.topo.Contacts(layout), TimeoutMs: reachTimeout.Milliseconds()}}
	_, err := l.Agent(results.HostLoad).Call(ctx, cmd)
	if err == nil || errors.Is(err, agent.ErrGone) || ctx.Err() != nil {
		return err
	}
	return &driver.UnfitError{
		What: "packets between the lab's containers are lost",
		Err:  err,
		Hint: lostHint(l.topo.Subnet, l.d.local && framesFiltered()),
	}
}

// benchmarks is where networks are from, unless the user names others.
var benchmarks = netip.MustParsePrefix("198.18.0.0/15")

func lostHint(subnet netip.Prefix, filtered bool) string {
	if benchmarks.Contains(subnet.Addr()) {
		subnet = benchmarks
	}
	rule := fmt.Sprintf("iptables -I FORWARD -s %[1]v -d %[1]v -j ACCEPT", subnet)
	if !filtered {
		return "A firewall of the engine's machine may drop them. If it is iptables, this lets them through: " + rule
	}
	return "Frames of bridges pass this machine's firewall " +
		"(net.bridge.bridge-nf-call-iptables is 1), and Docker has it\n" +
		"  drop what is not Docker's. Let them through, as root: " + rule
}

// framesFiltered says whether a bridge's frames pass the firewall of this machine.
func framesFiltered() bool {
	b, err := os.ReadFile("/proc/sys/net/bridge/bridge-nf-call-iptables")
	return err == nil && strings.TrimSpace(string(b)) == "1"
}
