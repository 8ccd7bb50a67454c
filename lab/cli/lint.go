package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// lintOptions say what to print.
type lintOptions struct {
	configFlags
	kind                       string
	json, sarif, github, rules bool
}

func lintCommand(t *terminal) *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use: "lint FILE...", GroupID: groupRun,
		Short: "Say what an nginx.conf or haproxy.cfg does to connections, and what keeps a pool from working",
		Long: `Say what an nginx.conf or haproxy.cfg does to connections, and what keeps a pool from working.

A FILE is a main configuration, whose includes are read too, a part of one such as a file of conf.d,
or the output of nginx -T; - is standard input. A configuration of HAProxy is known by its sections.
Nothing is run, started or looked up.

Exit codes: 0 nothing at warning or above, 1 something, 64 a file cannot be read.`,
		Example: `  lab99 lint /etc/nginx/nginx.conf --nginx 1.26
  nginx -T | lab99 lint -
  lab99 lint --github conf.d/*.conf
  lab99 lint /etc/haproxy/haproxy.cfg
  lab99 lint --rules inert-pool`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.rules {
				return nil
			}
			return between(1, anyNumber, "name the configuration files; - is standard input")(cmd, args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if o.rules {
				return ruleIDs(), noFiles
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if o.rules {
				return printRules(t, args)
			}
			return lintFiles(t, o, args)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&o.json, "json", false, "print an object a file, "+lint.Schema+", instead of text")
	fs.BoolVar(&o.sarif, "sarif", false, "print one SARIF 2.1.0 log, for code scanning and editors")
	fs.BoolVar(&o.github, "github", false, "print annotations of a GitHub workflow")
	o.register(cmd)
	fs.StringVar(&o.kind, "kind", "",
		"`kind` of proxy that the files are of: nginx or haproxy (default by what they say)")
	completeFlag(cmd, "kind", cobra.FixedCompletions(lint.Kinds(), noFiles))
	fs.BoolVar(&o.rules, "rules", false, "list what can be found, or print the lessons of the IDs named")
	cmd.MarkFlagsMutuallyExclusive("json", "sarif", "github", "rules")
	return cmd
}

// lintFiles looks at every file, also after one that cannot be read, and ends
// with the worst code.
func lintFiles(t *terminal, o lintOptions, files []string) error {
	release, err := o.release()
	if err != nil {
		return err
	}
	if o.kind != "" && !slices.Contains(lint.Kinds(), o.kind) {
		return &usageError{fmt.Sprintf("--kind %s: nginx or haproxy is expected", o.kind)}
	}
	if i := slices.Index(files, "-"); i >= 0 && slices.Contains(files[i+1:], "-") {
		return &usageError{"- stands twice, and standard input can be read once"}
	}
	code := verdict.ExitAsExpected
	var reports []*lint.Report
	for i, name := range files {
		r, m := o.look(t, name, release)
		switch {
		case m != nil:
			code = verdict.Worst(code, verdict.ExitUsage)
			fmt.Fprint(t.stderr, "lab99 lint: ")
			if err := m.Write(t.stderr); err != nil {
				return err
			}
		case r.Failed():
			code = verdict.Worst(code, verdict.ExitUnexpected)
		}
		if o.sarif {
			reports = append(reports, r)
		} else if err := o.print(t, r, i > 0); err != nil {
			return err
		}
	}
	if o.sarif {
		if err := lint.WriteSARIF(t.stdout, tool().Version, reports); err != nil {
			return err
		}
	}
	if code != verdict.ExitAsExpected {
		return exitError(code)
	}
	return nil
}

func (o lintOptions) look(t *terminal, name string, release nginxconf.Release) (*lint.Report, *lint.Mistake) {
	name, text, m := o.read(t, name)
	if m == nil && (o.kind == lint.KindHAProxy || o.kind == "" && haproxyconf.Recognise(text)) {
		c, err := haproxyconf.Parse(name, text)
		if err == nil {
			return lint.NewHAProxy(name, c), nil
		}
		m = lint.MistakeOf(name, err, map[string][]byte{name: text})
		r := lint.Unread(m, name, nginxconf.Release{})
		r.Kind = lint.KindHAProxy
		return r, m
	}
	var config *nginxconf.Config
	if m == nil {
		config, m = o.parse(name, text)
	}
	if m != nil {
		return lint.Unread(m, name, release), m
	}
	return lint.New(name, config, release), nil
}

// print prints one report in any form but SARIF, which has all of them in one.
func (o lintOptions) print(t *terminal, r *lint.Report, another bool) error {
	switch {
	case o.json:
		enc := json.NewEncoder(t.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	case o.github:
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		return r.WriteGitHub(t.stdout, dir)
	case r.Error != nil:
		return nil // it was said
	}
	if another {
		fmt.Fprintln(t.stdout)
	}
	return r.Write(t.stdout)
}

func ruleIDs() []string {
	var all []string
	for _, r := range lint.Rules() {
		all = append(all, r.ID)
	}
	return all
}

// printRules lists the ids, or prints the lessons of those named.
func printRules(t *terminal, ids []string) error {
	if len(ids) == 0 {
		return lint.WriteRules(t.stdout)
	}
	for i, id := range ids {
		if i > 0 {
			fmt.Fprintln(t.stdout)
		}
		found, err := lint.WriteRule(t.stdout, id)
		if err != nil {
			return err
		}
		if !found {
			return &usageError{fmt.Sprintf("no finding has the id %q; there are %s", id, strings.Join(ruleIDs(), ", "))}
		}
	}
	return nil
}
