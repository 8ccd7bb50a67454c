package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Driver brings labs up as children of this process.
type Driver struct {
	rootless bool
	machine  driver.Machine

	mu    sync.Mutex
	roots map[string]string // Image.Used to the root file system
}

var (
	_ driver.Driver  = (*Driver)(nil)
	_ driver.Looking = (*Driver)(nil)
	_ driver.Trier   = (*Driver)(nil)
)

// What takes some tens of milliseconds, and up to a second on a busy machine,
// is bounded, as is the kernel's clearing up after it.
const (
	tryTimeout  = 10 * time.Second
	upTimeout   = 30 * time.Second
	downTimeout = 20 * time.Second
)

// bounded ends a context with an error that says whose slowness it was.
func bounded(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, by, &driver.UnfitError{
		What: fmt.Sprintf("this machine did not make the lab's namespaces in %v", by),
		Hint: "Is it well? `unshare --user --net true` should answer at once.",
	})
}

// New finds out, by doing it, whether this machine lets its user make the
// namespaces of a lab. The error is a *driver.UnfitError.
func New(ctx context.Context) (driver.Driver, error) {
	ctx, cancel := bounded(ctx, tryTimeout)
	defer cancel()
	d := &Driver{machine: driver.Here(), roots: map[string]string{}}
	if err := d.asRootOrNot(ctx, d.try); err != nil {
		return nil, forbidden(err)
	}
	return d, nil
}

// asRootOrNot does something as root, where that can be. It leaves d.rootless as
// it was done.
func (d *Driver) asRootOrNot(ctx context.Context, do func(context.Context) error) error {
	d.rootless = os.Geteuid() != 0 || singleUser()
	err := do(ctx)
	if err != nil && !d.rootless && ctx.Err() == nil {
		// Root without the capabilities, as in a container, is a user like others.
		d.rootless = true
		err = do(ctx)
	}
	return err
}

// singleUser says whether this user namespace maps hardly any user IDs, as one
// does that an ordinary user made: root there cannot become anybody else.
func singleUser() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	mapped := 0
	for line := range strings.Lines(string(b)) {
		var inside, outside, n int
		if _, err := fmt.Sscan(line, &inside, &outside, &n); err == nil {
			mapped += n
		}
	}
	return mapped <= nobody
}

// try brings up a lab without hosts.
func (d *Driver) try(ctx context.Context) error {
	_, err := d.look(ctx, nil)
	return err
}

// Lacking looks into a network namespace made for that.
func (d *Driver) Lacking(ctx context.Context, sysctls []string) ([]string, error) {
	ctx, cancel := bounded(ctx, tryTimeout)
	defer cancel()
	return d.look(ctx, sysctls)
}

func (d *Driver) look(ctx context.Context, sysctls []string) (lacking []string, err error) {
	l, err := d.start(ctx, blueprint{Rootless: d.rootless, Look: sysctls}, nil)
	if err != nil {
		return nil, err
	}
	return l.lacking, l.Down(ctx)
}

// Name is the word for this driver on the command line.
func (d *Driver) Name() string { return "netns" }

// Machine describes this machine.
func (d *Driver) Machine() driver.Machine { return d.machine }

// Describe says with whose privileges the namespaces are made.
func (d *Driver) Describe() string {
	if d.rootless {
		return "in a user namespace of its own, without root"
	}
	return "as root, in network namespaces of its own"
}

// Find returns the root file system of a server if it is unpacked.
func (d *Driver) Find(ctx context.Context, role image.Role, ref string) (image.Image, error) {
	img, _, ok, err := image.FindUnpacked(ctx, role, ref, image.Auto)
	if err == nil && !ok {
		err = image.NotUnpacked(ctx, role, ref)
	}
	return img, err
}

// Prepare finds the root file system of a server in the user's cache, or
// unpacks it there.
func (d *Driver) Prepare(
	ctx context.Context, role image.Role, ref string, mode image.Mode, say func(string),
) (image.Image, error) {
	if mode == image.Registry {
		return image.Image{}, &driver.UnfitError{
			What: fmt.Sprintf("--images registry asks for the registry's %s, and the driver netns runs no images", ref),
			Hint: "Start a container engine and use --driver docker, " +
				"or allow the distribution's packages with --images auto.",
		}
	}
	if _, err := scratchDir(); err != nil {
		return image.Image{}, err // else packages and programs would be blamed, one after the other
	}
	img, root, err := image.Unpack(ctx, role, ref, mode, say)
	if none := new(image.UnavailableError); errors.As(err, &none) {
		// Second best: what is installed may have other modules than a lean
		// tree, and a wrapper, a patch or a policy around it.
		var missing error
		if img, missing = image.FindInstalled(ctx, role, ref, mode); missing == nil {
			say(fmt.Sprintf("packages give no %s: %v", role, none.Assemble))
			root, err = "/", nil
		} else {
			none.Installed = missing
		}
	}
	if err != nil {
		return image.Image{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roots[img.Used] = root
	return img, nil
}

// Sweep has nothing to do: no lab outlives its command.
func (d *Driver) Sweep(context.Context, driver.Reach) (driver.Swept, error) {
	return driver.Swept{}, nil
}
