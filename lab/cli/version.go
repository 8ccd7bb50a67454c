package cli

import (
	"context"
	"fmt"
	"runtime/debug"

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

func version(_ context.Context, t *terminal, _ []string) error {
	v := tool()
	fmt.Fprintln(t.stdout, "lab99", v.Version, v.Revision)
	return nil
}
