package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exclusive is how the library says that flags exclude each other.
var exclusive = regexp.MustCompile(`; \[(.+)\] were all set$`)

// missing is how the library says that a flag is required.
var missing = regexp.MustCompile(`^required flag\(s\) "([^"]+)" not set$`)

// mistake makes a usage error of what the library finds wrong with a command
// line, and adds a next step.
func mistake(cmd *cobra.Command, err error) error {
	var own *usageError
	if errors.As(err, &own) {
		return err
	}
	text := err.Error()
	if m := exclusive.FindStringSubmatch(text); m != nil {
		text = "--" + strings.ReplaceAll(m[1], " ", " and --") + " exclude each other"
	}
	if !cmd.HasParent() {
		return &usageError{strings.TrimRight(text, "\n") + "\n  `lab99 help` lists the commands."}
	}
	if m := missing.FindStringSubmatch(text); m != nil {
		text = "--" + m[1] + " is missing"
	}
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		text = fmt.Sprintf("--%s %s: %s", value.GetFlag().Name, shell(value.GetValue()), expected(value))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := similar(cmd, unknown.GetSpecifiedName()); len(near) > 0 {
			text += "; did you mean --" + strings.Join(near, " or --") + "?"
		}
	}
	return &usageError{text + fmt.Sprintf("\n  `%s -h` lists the flags.", cmd.CommandPath())}
}

// expected says what a flag takes. The library gives Go's words for its own types;
// those of this package have said it themselves.
func expected(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "float64":
		return "a number is expected"
	case "int", "int64":
		return "a whole number is expected"
	case "uint", "uint16", "uint64":
		return "a whole number from 0 on is expected"
	case "bool":
		return "true or false is expected"
	case "duration":
		if own, ok := e.GetFlag().Value.(*lasting); ok {
			return own.Set(e.GetValue()).Error()
		}
		return "a length of time with its unit is expected, as in 90s or 5m"
	}
	return errors.Unwrap(e).Error()
}

// shell is a value as it stands on a command line; quotes show where it is empty
// or has blanks.
func shell(value string) string {
	if value == "" || strings.ContainsAny(value, " \t\n\"'") {
		return fmt.Sprintf("%q", value)
	}
	return value
}

// similar are the flags of a command that a misspelt name may stand for, by the
// library's measure for commands.
func similar(cmd *cobra.Command, name string) []string {
	names := &cobra.Command{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	for _, names.SuggestionsMinimumDistance = range []int{1, 2} { // those a letter away, if there are any
		if near := names.SuggestionsFor(name); len(near) > 0 {
			return near
		}
	}
	return nil
}

// spelledOut writes -size as --size, since earlier versions took and printed
// flags with one dash, and help VERB as VERB --help, so that a misspelt verb is
// an error.
func spelledOut(root *cobra.Command, args []string) []string {
	if len(args) > 1 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	root.InitDefaultVersionFlag()
	root.InitDefaultHelpFlag()
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	var out []string
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && len(name) > 1 && cmd.Flags().Lookup(name) != nil {
			arg = "-" + arg
		}
		out = append(out, arg)
	}
	return out
}

// anyNumber of arguments is as good as no bound.
const anyNumber = 1 << 30

// between wants that many arguments; the hint says which.
func between(least, most int, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return &usageError{hint}
		case len(args) > most:
			return &usageError{fmt.Sprintf("unexpected argument %q: %s\n  `%s -h` shows how it is called.",
				args[most], takes(most), cmd.CommandPath())}
		}
		return nil
	}
}

// takes says how many arguments a command has room for.
func takes(most int) string {
	switch most {
	case 0:
		return "this command takes none"
	case 1:
		return "this command takes one"
	}
	return fmt.Sprintf("this command takes %d at most", most)
}

// none wants no argument.
var none = between(0, 0, "")
