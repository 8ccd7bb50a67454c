package docker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Prepare finds, pulls or assembles the image of a server.
func (d *Driver) Prepare(
	ctx context.Context, role image.Role, ref string, mode image.Mode, say func(string),
) (image.Image, error) {
	return image.Resolve(ctx, d.images(), role, ref, mode, say)
}

// Find looks for the image of a server without pulling or making one.
func (d *Driver) Find(ctx context.Context, role image.Role, ref string) (image.Image, error) {
	img, ok, err := image.Find(ctx, d.images(), role, ref, image.Auto)
	if err == nil && !ok {
		err = image.NotInEngine(ctx, ref)
	}
	return img, err
}

// agentImage loads the agent into the engine, if it is not there yet.
func (d *Driver) agentImage(ctx context.Context) (string, error) {
	path, err := d.agentBinary(ctx)
	if err != nil {
		return "", err
	}
	img, err := image.Agent(ctx, d.images(), path)
	if err != nil {
		return "", &driver.UnfitError{What: "the agent cannot be loaded into the engine", Err: err}
	}
	return img.Used, nil
}

// agentBinary finds the program the lab's hosts run: this one, where it is
// what the engine runs, else the copy `make build` puts beside it.
func (d *Driver) agentBinary(ctx context.Context) (string, error) {
	if d.Program != "" {
		return d.Program, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	arch, err := d.images().Arch(ctx)
	if err != nil {
		return "", unreachable(err)
	}
	if runtime.GOOS == "linux" && arch == runtime.GOARCH {
		return self, nil
	}
	beside := filepath.Join(filepath.Dir(self), "lab99-linux-"+arch)
	if _, err := os.Stat(beside); err != nil {
		return "", &driver.UnfitError{
			What: fmt.Sprintf("the engine runs linux/%s, this program is for %s/%s, and there is no %s",
				arch, runtime.GOOS, runtime.GOARCH, beside),
			Hint: "`make build` makes it.",
		}
	}
	return beside, nil
}
