// Package cli is the command line: one file per command, each of which declares
// its flags, calls one function of package lab or a neighbour, and prints.
//
// Results go to standard output, talk to standard error. Exit codes are those
// of package verdict.
package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// terminal is where a command reads and writes.
type terminal struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	begun          bool // a command runs; before, every error is a mistake on the command line
}

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

// exitError ends a command with a code and nothing more to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Main runs a command line and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &terminal{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(t)
	return t.execute(root, asPlugin(root, os.Args[0], args))
}

func (t *terminal) execute(root *cobra.Command, args []string) int {
	root.SetArgs(spelledOut(root, args))
	cmd, err := root.ExecuteC()
	var code exitError
	switch {
	case err == nil:
		return verdict.ExitAsExpected
	case errors.As(err, &code):
		return int(code)
	case !t.begun:
		err = mistake(cmd, err)
	}
	fmt.Fprintln(lint.Printable(t.stderr), cmd.CommandPath()+": "+err.Error())
	var unfit *driver.UnfitError
	if errors.As(err, &unfit) {
		fmt.Fprintln(t.stderr, "  `lab99 doctor` shows what this machine has and lacks.")
	}
	return exitCode(err)
}

// exitCode classifies an error.
func exitCode(err error) int {
	var (
		usage   *usageError
		one     *scenarios.Error
		many    scenarios.Errors
		unfit   *driver.UnfitError
		noImage *image.UnavailableError
		server  *driver.ServerError
		storage *lab.StorageError
	)
	switch {
	case errors.Is(err, errInterrupted):
		return verdict.ExitInterrupted
	case errors.As(err, &usage), errors.As(err, &one), errors.As(err, &many),
		errors.As(err, &server) && refused(server):
		return verdict.ExitUsage
	case errors.As(err, &unfit), errors.As(err, &noImage), errors.As(err, &storage):
		return verdict.ExitUnfit
	}
	return verdict.ExitInternal
}

// refused says whether a server ended because of its configuration, which is
// the scenario's mistake: nginx says [emerg], httpd says Syntax error.
func refused(s *driver.ServerError) bool {
	return !s.Agent && (strings.Contains(s.Output, "[emerg]") || strings.Contains(s.Output, "yntax error"))
}

// orNotExist makes a missing file a usage error with a hint. Other errors stay.
func orNotExist(err error, hint string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &usageError{err.Error() + "\n  " + hint}
	}
	return err
}
