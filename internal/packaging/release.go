package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// release is what all packages of one commit have in common.
type release struct {
	source   string // the directory of the main module
	version  string // as in the file VERSION
	revision string // the commit's first 12 digits
	date     time.Time
	programs map[target][]byte // that were built
}

// releaseOf reads it from the tree and its git.
func releaseOf(ctx context.Context, source string) (_ *release, err error) {
	r := &release{programs: map[target][]byte{}}
	if r.source, err = filepath.Abs(source); err != nil {
		return nil, err
	}
	version, err := os.ReadFile(filepath.Join(source, "VERSION"))
	if err != nil {
		return nil, err
	}
	r.version = strings.TrimSpace(string(version))
	// As the Makefile has it, so that both build the same bytes.
	if r.revision, err = output(ctx, source, nil, "git", "rev-parse", "--short=12", "HEAD"); err != nil {
		return nil, err
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = output(ctx, source, nil, "git", "log", "-1", "--format=%ct"); err != nil {
			return nil, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %q, want seconds since 1970", epoch)
	}
	r.date = time.Unix(seconds, 0).UTC()
	return r, nil
}

// target is a system that the program is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// targets are those with packages. Windows has a tarball of the verbs that need no lab.
var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}

func chosen(only string) ([]target, error) {
	if only == "" {
		return targets, nil
	}
	for _, t := range targets {
		if t.String() == only {
			return []target{t}, nil
		}
	}
	return nil, fmt.Errorf("-only %s: want one of %v", only, targets)
}

// host is the system that this program runs on.
func host() target { return target{runtime.GOOS, runtime.GOARCH} }

// output is what a command prints, without the space around it.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, complaint.String())
	}
	return strings.TrimSpace(string(out)), nil
}
