package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
)

// Set by the Makefile; a build without it says so.
var (
	buildVersion  = "dev"
	buildRevision = ""
)

func tool() lab.Tool {
	t := lab.Tool{Version: buildVersion, Revision: buildRevision}
	if info, ok := debug.ReadBuildInfo(); ok && t.Revision == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				t.Revision = s.Value
			}
		}
	}
	return t
}

func versionCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "version", GroupID: groupMachine, Args: none,
		Short: "Print the version",
		RunE: func(*cobra.Command, []string) error {
			v := tool()
			_, err := fmt.Fprintln(t.stdout, "lab99", v.Version, v.Revision)
			return err
		},
	}
}
