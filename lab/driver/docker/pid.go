package docker

import (
	"context"
	"fmt"
	"io/fs"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/lab99/lab99/lab/driver"
)

// PIDOf is the process that a running container began with, as this machine numbers it.
// The engine is asked that alone. The error is fs.ErrNotExist where none such runs. An
// engine elsewhere has PIDs of another machine.
func PIDOf(ctx context.Context, container string) (int, error) {
	d, err := New(ctx)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if !d.local {
		return 0, &driver.UnfitError{
			What: "the container engine is on another machine",
			Hint: "Run lab99 diagnose there.",
		}
	}
	c, err := d.cli.ContainerInspect(ctx, container, client.ContainerInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		return 0, &noContainerError{fmt.Sprintf("the engine has no container %q", container)}
	}
	if err != nil {
		return 0, fmt.Errorf("inspect container %s: %w", container, err)
	}
	if state := c.Container.State; state == nil || state.Pid == 0 {
		return 0, &noContainerError{fmt.Sprintf("container %q does not run", container)}
	}
	return c.Container.State.Pid, nil
}

// noContainerError is fs.ErrNotExist in words about a container: it is no file that is missing.
type noContainerError struct{ text string }

func (e *noContainerError) Error() string { return e.text }
func (e *noContainerError) Unwrap() error { return fs.ErrNotExist }
