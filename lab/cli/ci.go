package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/results/report"
)

// stepSummary names the variable with which GitHub tells the file that becomes
// part of a build's page.
const stepSummary = "GITHUB_STEP_SUMMARY"

// forCI writes of a stored run what a build server reads: the expectations as
// JUnit, where a file was named, and the summary of the step, where the
// environment has one.
func forCI(dir, junit string) error {
	if junit != "" {
		if err := writeOut(junit, os.O_TRUNC, func(w io.Writer) error { return report.JUnit(w, dir) }); err != nil {
			return &lab.StorageError{Err: fmt.Errorf("--junit: %w", err)}
		}
	}
	if file := os.Getenv(stepSummary); file != "" {
		if err := writeOut(file, os.O_APPEND, func(w io.Writer) error { return report.Step(w, dir) }); err != nil {
			return &lab.StorageError{Err: fmt.Errorf("%s: %w", stepSummary, err)}
		}
	}
	return nil
}

// writeOut writes or extends a file of the user's, with nothing if there is an error before.
func writeOut(name string, mode int, encode func(io.Writer) error) error {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|mode, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(b.Bytes()); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
