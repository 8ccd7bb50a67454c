package cli

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/verdict"
)

// The groups of the help.
const (
	groupRun     = "run"
	groupResults = "results"
	groupMachine = "machine"
	groupLoad    = "load"
)

// Command is the command line without a terminal, for its documentation.
func Command() *cobra.Command { return newRoot(&terminal{}) }

// newRoot makes the whole command line. A new verb is a file of its own and one
// line here.
func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "lab99",
		Short: "Reproduce nginx error 99 and compare the fixes",
		Long:  `lab99 reproduces nginx error 99, "Cannot assign requested address", and compares the fixes.`,
		Example: `  lab99 reproduce --size quick
  lab99 plan port-exhaustion --set size.ports=737 --set size.rate=91
  lab99 run ./my-scenario.yaml --set proxy.config=nginx.conf
  lab99 run --all --size quick
  lab99 report results/runs/latest
  lab99 list --runs --note 'before the upgrade'`,
		Version:       tool().Version + " " + tool().Revision,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          usage,
	}
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Reproduce, run, plan, predict:"},
		&cobra.Group{ID: groupResults, Title: "Results:"},
		&cobra.Group{ID: groupMachine, Title: "Machine:"},
		&cobra.Group{ID: groupLoad, Title: "Load generator:"},
	)
	root.AddCommand(
		reproduceCommand(t),
		runCommand(t),
		planCommand(t),
		predictCommand(t),
		lintCommand(t),
		explainCommand(t),
		listCommand(t),
		validateCommand(t),
		scenarioCommand(t),
		reportCommand(t),
		compareCommand(t),
		serveCommand(t),
		diagnoseCommand(t),
		doctorCommand(t),
		abilitiesCommand(t),
		cleanCommand(t),
		kubernetesCommand(t),
		versionCommand(t),
		loadCommand(t),
		agentCommand(t),
		backendCommand(),
		netnsInitCommand(),
		janitorCommand(t),
		doctorInsideCommand(t),
	)
	root.SetIn(t.stdin)
	root.SetOut(t.stdout)
	root.SetErr(t.stderr)
	root.SetVersionTemplate("lab99 {{.Version}}\n")
	root.SetUsageTemplate(flagUsages.ReplaceAllString(root.UsageTemplate(), "flagUsages .$1") + exitCodes)
	root.SetHelpCommandGroupID(groupMachine)
	root.SetCompletionCommandGroupID(groupMachine)
	cobra.EnableCommandSorting = false
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.RunE, c.Args = usage, aShell // the library prints help and exits with 0
	}
	finish(t, root)
	return root
}

// usage is what a command does that wants one below it.
func usage(cmd *cobra.Command, _ []string) error {
	cmd.PrintErr(cmd.UsageString())
	return exitError(verdict.ExitUsage)
}

// aShell refuses a shell that completion has no command for.
func aShell(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Sprintf("no completion for %q: there is bash, zsh, fish and powershell", args[0])}
	}
	return nil
}

// flagUsages is where the library's template lists flags.
var flagUsages = regexp.MustCompile(`\.(\w+)\.FlagUsages\b`)

// mayLack is how the library lists a flag whose value may be left out: --live ADDR[="any"].
var mayLack = regexp.MustCompile(`--([\w-]+) (\S+)\[=[^\]]*\]`)

func init() {
	cobra.AddTemplateFunc("flagUsages", func(fs *pflag.FlagSet) string {
		return mayLack.ReplaceAllStringFunc(fs.FlagUsagesWrapped(100), func(was string) string {
			return fmt.Sprintf("%-*s", len(was), mayLack.ReplaceAllString(was, "--$1[=$2]")) // as it is typed
		})
	})
}

// exitCodes ends the help of the whole program.
const exitCodes = `{{if not .HasParent}}
Exit codes: 0 every variant as expected, 1 an expectation failed, 2 invalid or
inconclusive, 3 the environment is unfit (no driver can run, no image, no room
for results), 64 usage or scenario error, 70 internal, 130 interrupted.
{{end}}`

// finish completes a command and those below it.
func finish(t *terminal, cmd *cobra.Command) {
	cmd.Flags().SortFlags = false // they are listed as declared
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
			t.begun = true
			defer crash.Caught(&err)
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		finish(t, c)
	}
}
