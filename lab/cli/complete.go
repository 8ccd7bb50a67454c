package cli

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// noFiles keeps the shell from offering file names.
const noFiles = cobra.ShellCompDirectiveNoFileComp

// words completes a flag that takes one of a few words.
func words(cmd *cobra.Command, flag string, all ...string) {
	completeFlag(cmd, flag, cobra.FixedCompletions(all, noFiles))
}

// completeFlag registers a function for a flag. The error is for a flag that
// does not exist or has one already.
func completeFlag(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// completeScenarios offers the built-in scenarios; files come from the shell.
func completeScenarios(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	built, err := scenarios.Builtin()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var all []cobra.Completion
	for _, s := range built {
		if !slices.Contains(args, s.Name) {
			all = append(all, cobra.CompletionWithDesc(s.Name, s.Title))
		}
	}
	return all, cobra.ShellCompDirectiveDefault
}

// completeSizes offers the sizes of the scenarios named so far.
func completeSizes(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		args = []string{mainScenario}
	}
	s, err := scenarios.Load(args[0])
	if err != nil {
		return nil, noFiles
	}
	return s.Sizes, noFiles
}

// completeSet offers the keys of --set with their types, those of a size and of
// a variant too once they are begun, and the words that a key takes.
func completeSet(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	prefixes := []string{""}
	if strings.HasPrefix(begun, "size.") {
		prefixes = []string{"size."}
	}
	if strings.HasPrefix(begun, "variants.") {
		prefixes = variantPrefixes(args)
	}
	var all []cobra.Completion
	given, _, hasValue := strings.Cut(begun, "=")
	for _, prefix := range prefixes {
		for _, k := range scenarios.Keys() {
			key, open := strings.CutSuffix(prefix+k.Name, "NAME") // any name goes there
			switch {
			case hasValue && key == given:
				return prefixed(begun[:len(given)+1], settings(k)), noFiles
			case hasValue:
				continue
			case !open:
				key += "="
			}
			all = append(all, cobra.CompletionWithDesc(key, k.Help+" ("+values(k)+")"))
		}
	}
	if begun == "" {
		all = append(all, cobra.CompletionWithDesc("size.", "a field of the size that is run"),
			cobra.CompletionWithDesc("variants.", "a field of one variant"))
	}
	return all, noFiles | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// settings are the words that a key takes; none: any value of its type.
func settings(k scenarios.Key) []string {
	if k.Type == "on or off" {
		return []string{"on", "off"}
	}
	return k.Values
}

func prefixed(prefix string, all []string) (out []string) {
	for _, s := range all {
		out = append(out, prefix+s)
	}
	return out
}

// variantPrefixes are the starts of keys of single variants.
func variantPrefixes(args []string) []string {
	if len(args) == 0 {
		args = []string{mainScenario}
	}
	s, err := scenarios.Load(args[0])
	if err != nil {
		return nil
	}
	r, err := s.Resolve("", nil)
	if err != nil {
		return nil
	}
	var all []string
	for _, v := range r.Variants {
		all = append(all, "variants."+v.Name+".")
	}
	return all
}

// completeRuns offers past runs, newest first.
func completeRuns(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	runs, _, err := results.List(defaultOut)
	if err != nil {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	var all []cobra.Completion
	for _, r := range runs {
		dir := filepath.Join(defaultOut, filepath.Base(r.Dir))
		about := strings.Join([]string{r.Scenario, r.Size, format.OneLine(r.Note)}, " ")
		all = append(all, cobra.CompletionWithDesc(dir, strings.TrimSpace(about)))
	}
	return all, cobra.ShellCompDirectiveKeepOrder
}
