package cli

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver/netns"
)

// serveAgent is the process inside a host of the lab; nobody types it.
func serveAgent(ctx context.Context, t *terminal, args []string) error {
	var network netip.Prefix
	fs := flags(t, "agent", "[flags]")
	fs.Func("network", "the run's `CIDR`: no load goes elsewhere, loopback excepted", func(s string) (err error) {
		network, err = netip.ParsePrefix(s)
		return err
	})
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	defer agent.ReapOrphans()()
	return agent.Serve(ctx, t.stdin, t.stdout, network)
}

// netnsInit is PID 1 of a lab without containers; nobody types it either.
func netnsInit(context.Context, *terminal, []string) error { return netns.Init() }
