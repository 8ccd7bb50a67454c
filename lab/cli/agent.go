package cli

import (
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver/netns"
)

// agentCommand is the process inside a host of the lab; nobody types it.
func agentCommand(t *terminal) *cobra.Command {
	var network netip.Prefix
	cmd := &cobra.Command{
		Use: "agent", Hidden: true, Args: none,
		Short: "Serve the commands of a run inside one of its hosts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer agent.ReapOrphans()()
			return agent.Serve(cmd.Context(), t.stdin, t.stdout, network)
		},
	}
	cmd.Flags().Func("network", "the `CIDR` of the run; no load goes elsewhere but to loopback", func(s string) (err error) {
		network, err = netip.ParsePrefix(s)
		return err
	})
	return cmd
}

// netnsInitCommand is PID 1 of a lab without containers; nobody types it either.
func netnsInitCommand() *cobra.Command {
	return &cobra.Command{
		Use: netns.Subcommand, Hidden: true, Args: none,
		Short: "Be the first process of a lab in namespaces",
		RunE:  func(*cobra.Command, []string) error { return netns.Init() },
	}
}
