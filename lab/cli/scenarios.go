package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// list lists the built-in scenarios.
func list(_ context.Context, t *terminal, args []string) error {
	var asJSON bool
	fs := flags(t, "list", "[flags]")
	fs.BoolVar(&asJSON, "json", false, "print an array instead of a table")
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	type entry struct {
		Name     string   `json:"name"`
		Title    string   `json:"title"`
		Sizes    []string `json:"sizes"`
		Variants []string `json:"variants"`
	}
	all := []entry{}
	for _, name := range scenarios.Names() {
		s, err := scenarios.Load(name)
		if err != nil {
			return err
		}
		e := entry{Name: s.Name, Title: s.Title, Sizes: s.Sizes}
		size := ""
		if len(s.Sizes) > 0 {
			size = s.Sizes[0]
		}
		r, err := s.Resolve(size, nil)
		if err != nil {
			return err
		}
		for _, v := range r.Variants {
			e.Variants = append(e.Variants, v.Name)
		}
		all = append(all, e)
	}
	if asJSON {
		b, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(t.stdout, string(b))
		return nil
	}
	tw := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	for _, e := range all {
		fmt.Fprintf(tw, "%s\t%s\tsizes %v\tvariants %v\n", e.Name, e.Title, e.Sizes, e.Variants)
	}
	return tw.Flush()
}

// validate checks files and says everything that is wrong with each.
func validate(_ context.Context, t *terminal, args []string) error {
	fs := flags(t, "validate", "FILE...")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &usageError{"name the scenario files to check"}
	}
	bad := false
	for _, file := range files {
		if _, err := scenarios.Load(file); err != nil {
			fmt.Fprintln(t.stderr, err)
			bad = true
			continue
		}
		fmt.Fprintln(t.stdout, file+": ok")
	}
	if bad {
		return exitError(verdict.ExitUsage)
	}
	return nil
}
