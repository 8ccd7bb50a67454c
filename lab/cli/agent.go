package cli

import (
	"context"

	"github.com/lab99/lab99/lab/agent"
)

// serveAgent is the process inside a host of the lab; nobody types it.
func serveAgent(ctx context.Context, t *terminal, _ []string) error {
	defer agent.ReapOrphans()()
	return agent.Serve(ctx, t.stdin, t.stdout)
}
