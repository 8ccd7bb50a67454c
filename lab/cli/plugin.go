package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// Names of the program by which kubectl finds it, as a plugin and for what completes a
// word of it.
const (
	pluginName   = "kubectl-lab99"
	pluginWords  = "kubectl_complete-lab99"
	pluginCalled = "kubectl lab99"
)

// asPlugin has a command line speak of itself as it is called, where the program is a
// plugin of kubectl, and returns its arguments.
func asPlugin(root *cobra.Command, program string, args []string) []string {
	switch strings.TrimSuffix(filepath.Base(program), ".exe") {
	case pluginWords:
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	case pluginName:
	default:
		return args
	}
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: pluginCalled}
	return args
}
