package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/ability/trial"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/netns"
)

func abilitiesCommand(t *terminal) *cobra.Command {
	var asJSON, inPlace bool
	cmd := &cobra.Command{
		Use: "abilities", GroupID: groupMachine, Args: none,
		Short: "Try what this kernel can do",
		Long: "Try what this kernel can do, as far as the laws depend on it, " +
			"in a network namespace made for it. It takes some\n" +
			"0.3 s, and up to two seconds more where tcp_tw_reuse counts in whole seconds. " +
			"Nothing outside that namespace changes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return showAbilities(cmd.Context(), t, asJSON, inPlace)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&asJSON, "json", false, "print one object, "+trial.Schema+", instead of the table")
	// For the container that a driver makes, whose first process this is.
	fs.BoolVar(&inPlace, "in-place", false, "try in the namespaces of this process")
	fs.Lookup("in-place").Hidden = true
	return cmd
}

// showAbilities tries them. Where there is no namespace to try them in, nothing is
// known, with the reason: that is an answer too.
func showAbilities(ctx context.Context, t *terminal, asJSON, inPlace bool) error {
	try := func() (ability.Found, error) { return netns.Abilities(ctx, true) }
	if inPlace {
		try = trial.Run
	}
	found, err := try()
	switch {
	case err != nil && (inPlace || ctx.Err() != nil):
		return err
	case err != nil:
		found = ability.Nothing(format.OneLine(err.Error()))
	}
	kernel := driver.Here().Kernel
	if !asJSON {
		return writeAbilities(t.stdout, kernel, found)
	}
	return printEscaped(t.stdout, trial.NewReport(kernel, found))
}

// writeAbilities writes them for people, an ability a line.
func writeAbilities(w io.Writer, kernel string, found ability.Found) error {
	_, err := fmt.Fprintf(w, "Linux %s\n\n", kernel)
	for _, l := range found.Findings() {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s: %s\n", l.Name, l.Value)
		}
		if err == nil && l.Otherwise != "" {
			_, err = fmt.Fprintf(w, "  → %s\n", l.Otherwise)
		}
	}
	return err
}
