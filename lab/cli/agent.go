package cli

import (
	"context"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver/netns"
)

// serveAgent is the process inside a host of the lab; nobody types it.
func serveAgent(ctx context.Context, t *terminal, _ []string) error {
	defer agent.ReapOrphans()()
	return agent.Serve(ctx, t.stdin, t.stdout)
}

// netnsInit is PID 1 of a lab without containers; nobody types it either.
func netnsInit(context.Context, *terminal, []string) error { return netns.Init() }
