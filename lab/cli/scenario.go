package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/scenarios"
)

func scenarioCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use: "scenario", GroupID: groupRun, Args: none,
		Short: "Describe the format of scenario files",
		RunE:  usage,
	}
	var asJSON bool
	keys := &cobra.Command{
		Use: "keys", Short: "List the keys of --set, with their types, defaults and meaning", Args: none,
		RunE: func(*cobra.Command, []string) error { return printKeys(t.stdout, asJSON) },
	}
	keys.Flags().BoolVar(&asJSON, "json", false, "print an array instead of a table")
	cmd.AddCommand(keys, &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of scenario files, for editors", Args: none,
		Long: "schema prints the JSON Schema of scenario files. With yaml-language-server an editor checks " +
			"and completes\na file that begins with: # yaml-language-server: $schema=scenario.schema.json",
		Example: "  lab99 scenario schema > scenario.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := t.stdout.Write(scenarios.Schema())
			return err
		},
	})
	return cmd
}

func printKeys(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(scenarios.Keys())
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "KEY\tDEFAULT\tVALUES\tMEANING")
	for _, k := range scenarios.Keys() {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", k.Name, k.Default, values(k), k.Help)
	}
	return tw.Flush()
}

// values words what a key may be set to.
func values(k scenarios.Key) string {
	switch {
	case len(k.Values) > 0:
		return strings.Join(k.Values, ", ")
	case k.Within != "":
		return k.Within
	}
	return k.Type
}
