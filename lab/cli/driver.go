package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/lab/driver/netns"
)

// newDriver returns the driver of a name, and why it is that one. With auto
// it is docker where an engine answers, because images are what production
// runs, and else netns.
func newDriver(ctx context.Context, name string) (_ driver.Driver, why string, err error) {
	switch name {
	case "docker":
		d, err := docker.New(ctx)
		return d, "as asked", err
	case "netns":
		d, err := netns.New(ctx)
		return d, "as asked", err
	case "auto":
		d, noEngine := docker.New(ctx)
		if noEngine == nil {
			return d, "because an engine answers: " + d.Machine().Engine, nil
		}
		n, err := netns.New(ctx)
		if err == nil {
			return n, "because " + firstLine(noEngine), nil
		}
		return nil, "", errors.Join(noEngine, err)
	}
	return nil, "", &usageError{fmt.Sprintf("no driver %q: auto, docker or netns", name)}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func cleanCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "clean", GroupID: groupMachine, Args: none,
		Short: "Remove what earlier runs left in the container engine",
		RunE:  func(cmd *cobra.Command, _ []string) error { return clean(cmd.Context(), t) },
	}
}

// clean removes what any earlier run left, live ones included.
func clean(ctx context.Context, t *terminal) error {
	// Labs of the driver netns leave nothing, so this is about an engine. One
	// that was named and does not answer may still hold what a run left.
	d, err := docker.New(ctx)
	if err != nil && os.Getenv("DOCKER_HOST") == "" {
		fmt.Fprintln(t.stdout, "nothing to remove: "+firstLine(err)+", and labs of the driver netns leave nothing")
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	removed, err := d.Sweep(ctx, true)
	for _, line := range removed {
		fmt.Fprintln(t.stdout, "removed", line)
	}
	if len(removed) == 0 && err == nil {
		fmt.Fprintln(t.stdout, "nothing to remove")
	}
	fmt.Fprintln(t.stderr, "images of nginx and httpd are kept for the next run; `docker rmi` removes them")
	return err
}
