package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
)

// unknownVersion is that of a build that nobody named.
const unknownVersion = "dev"

// Set by the Makefile and by the packages.
var (
	buildVersion  = unknownVersion
	buildRevision = ""
)

// tool is this program. What the build was not told, the toolchain may know: `go install`
// of a release writes its version down, a build in a clone its commit.
func tool() lab.Tool {
	t := lab.Tool{Version: buildVersion, Revision: buildRevision}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	if v := info.Main.Version; t.Version == unknownVersion && v != "" && v != "(devel)" {
		t.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && t.Revision == "" {
			t.Revision = s.Value
		}
	}
	return t
}

func versionCommand(t *terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version [--json]", GroupID: groupMachine, Args: none,
		Short: "Print the version",
		RunE: func(*cobra.Command, []string) error {
			v := tool()
			if !asJSON {
				_, err := fmt.Fprintln(t.stdout, "lab99", v.Version, v.Revision)
				return err
			}
			b, err := json.Marshal(struct {
				lab.Tool
				Go   string `json:"go"`
				OS   string `json:"os"`
				Arch string `json:"arch"`
			}{v, runtime.Version(), runtime.GOOS, runtime.GOARCH})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.stdout, "%s\n", b)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one object: version, revision, go, os and arch")
	return cmd
}
