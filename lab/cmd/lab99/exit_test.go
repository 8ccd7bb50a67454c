package main

import (
	"errors"
	"os/exec"
	"strconv"
)

// exitStatus is the exit code in an error of a finished command.
func exitStatus(err error) string {
	var e *exec.ExitError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &e):
		return strconv.Itoa(e.ExitCode())
	}
	return err.Error()
}
