package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/explain"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/verdict"
)

func explainCommand(t *terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "explain {'LOG LINE' | -}", GroupID: groupRun,
		Short: "Say of a log line whether ports ran out, of which destination, and what to look at next",
		Long: `Say of a log line whether ports ran out, of which destination, and what to look at next.

The line may be of nginx, HAProxy, Apache, Envoy, Varnish, of a program in Go, Java, Python and others, with
what Docker, Kubernetes, a journal or a terminal put around it; - reads a log from standard input, by gzip or
bzip2 too, and counts.
Nothing is run, opened or looked up. One line cannot count ports. Where it does not show the cause, the answer
says so, and what to look at next.

Exit codes: 0 explained, 1 no line speaks of a connection or a listener that failed, 64 cannot be read.`,
		Example: `  lab99 explain 'dial tcp 10.0.0.7:8080: connect: cannot assign requested address'
  lab99 explain - < /var/log/nginx/error.log
  kubectl logs --prefix -l app=web | lab99 explain --json -`,
		Args:              between(1, anyNumber, "hand over the line in single quotes; - is a log on standard input"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			// A line without quotes comes in words.
			var in io.Reader = strings.NewReader(strings.Join(args, " "))
			if len(args) == 1 && args[0] == "-" {
				in = t.stdin
			}
			log, err := explain.Read(in)
			if err != nil {
				return &usageError{"standard input cannot be read: " + err.Error()}
			}
			if err := writeLog(t.stdout, log, asJSON); err != nil {
				return err
			}
			if log.Explained == 0 {
				if len(args) == 1 && aFile(args[0]) {
					fmt.Fprintf(lint.Printable(t.stderr),
						"lab99 explain: %s is taken for a line; a log is read from standard input: "+
							"lab99 explain - < FILE\n",
						shell(args[0]))
				}
				return exitError(verdict.ExitUnexpected)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print "+explain.Schema+" instead of text")
	return cmd
}

// aFile tells what looks like the name of a log.
func aFile(arg string) bool {
	word := !strings.ContainsAny(arg, " \t") && len(arg) < 256
	return word && (strings.Contains(arg, "/") || strings.HasSuffix(arg, ".log"))
}

func writeLog(w io.Writer, log *explain.Log, asJSON bool) error {
	if asJSON {
		return log.WriteJSON(w)
	}
	return log.Write(lint.Printable(w))
}
