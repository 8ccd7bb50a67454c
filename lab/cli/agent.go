package cli

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/lab/driver/netns"
	"github.com/lab99/lab99/lab/probe"
)

// agentCommand is the process inside a host of the lab; nobody types it.
func agentCommand(t *terminal) *cobra.Command {
	var networks []netip.Prefix
	var silence time.Duration
	var sysctls []string
	cmd := &cobra.Command{
		Use: "agent", Hidden: true, Args: none,
		Short: "Serve the commands of a run inside one of its hosts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer agent.ReapOrphans()()
			for _, s := range sysctls {
				key, value, _ := strings.Cut(s, "=")
				if err := probe.SetSysctl(key, value); err != nil {
					return err
				}
			}
			if silence == 0 {
				return agent.Serve(cmd.Context(), t.stdin, t.stdout, networks...)
			}
			in := agent.Within(t.stdin, silence)
			return errors.Join(agent.Serve(cmd.Context(), in, t.stdout, networks...), in.Silence())
		},
	}
	cmd.Flags().DurationVar(&silence, "silence", 0,
		"leave, with an error, after so `long` without a command (0: never)")
	cmd.Flags().StringArrayVar(&sysctls, "sysctl", nil, "set `NAME=VALUE` in the host's network namespace first")
	add := func(s string) error {
		n, err := netip.ParsePrefix(s)
		networks = append(networks, n)
		return err
	}
	cmd.Flags().Func("network", "the `CIDR` of the run; no load goes elsewhere but to loopback", add)
	cmd.Flags().Func("networks", "a `file` of several", func(path string) error {
		b, err := os.ReadFile(path)
		for s := range strings.FieldsSeq(string(b)) {
			err = errors.Join(err, add(s))
		}
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

// janitorCommand outlives a command whose engine leaves something of a lab.
func janitorCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: docker.JanitorSubcommand + " RUN VARIANT", Hidden: true, Args: cobra.ExactArgs(2),
		Short: "Remove a lab if its command is killed",
		RunE: func(cmd *cobra.Command, args []string) error {
			return docker.Janitor(cmd.Context(), t.stdin, args[0], args[1])
		},
	}
}
