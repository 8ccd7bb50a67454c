package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/lab/driver/kubernetes"
	"github.com/lab99/lab99/lab/driver/netns"
)

// drivers are those a command may use, most preferred first: images are what
// production runs. A new driver is a directory and a line here.
var drivers = []driver.Candidate{
	docker.Candidate,
	netns.Candidate,
	kubernetes.Candidate,
}

// newDriver opens the driver of a name and says why it is that one.
func newDriver(ctx context.Context, name string) (driver.Driver, string, error) {
	d, why, found, err := driver.Choose(ctx, drivers, name)
	if !found {
		return nil, "", noDriver(name)
	}
	return d, why, err
}

func noDriver(name string) error {
	return &usageError{fmt.Sprintf("no driver %q; want one of %s", name, strings.Join(driver.Names(drivers), ", "))}
}

// driverFlag is the text of --driver.
func driverFlag() string {
	text := "what runs the hosts: "
	for _, c := range drivers {
		text += fmt.Sprintf("%s (%s), ", c.Name, c.About)
	}
	return text + "or auto for the first of those on this machine that can run"
}

// registerDriver adds --driver, and the flags of the drivers.
func registerDriver(cmd *cobra.Command, name *string, text string) {
	fs := cmd.Flags()
	fs.StringVar(name, "driver", driver.Auto, text)
	for _, c := range drivers {
		if c.Flags != nil {
			c.Flags(fs)
		}
	}
	words(cmd, "driver", driver.Names(drivers)...)
}

// sweepTimeout bounds the removal of what one driver's labs left.
const sweepTimeout = time.Minute

func cleanCommand(t *terminal) *cobra.Command {
	var force bool
	var name string
	cmd := &cobra.Command{
		Use: "clean", GroupID: groupMachine, Args: none,
		Short: "Remove what earlier runs left in the container engine",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(driver.Names(drivers), name) {
				return noDriver(name)
			}
			return clean(cmd.Context(), t, name, force)
		},
	}
	registerDriver(cmd, &name, "only what labs of this driver left; auto for all on this machine")
	cmd.Flags().BoolVar(&force, "force", false, "also end the labs of commands that are still running")
	return cmd
}

// clean removes what labs left.
func clean(ctx context.Context, t *terminal, name string, force bool) error {
	reach := driver.Caches
	if force {
		reach = driver.Everything
	}
	removed := 0
	var errs []error
	for _, c := range drivers {
		if !c.Chosen(name) {
			continue
		}
		swept, err := sweep(ctx, c, reach)
		removed += len(swept.Removed)
		for _, line := range swept.Removed {
			fmt.Fprintln(t.stdout, "removed", line)
		}
		for _, line := range swept.Kept {
			fmt.Fprintln(t.stderr, "kept", line)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if removed == 0 {
		fmt.Fprintln(t.stdout, "nothing to remove")
	}
	return nil
}

// sweep has a driver remove what its labs left. A driver that cannot run here has
// nothing to remove, unless the user named what does not answer.
func sweep(ctx context.Context, c driver.Candidate, reach driver.Reach) (driver.Swept, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	d, err := c.Open(ctx)
	if unfit := new(driver.UnfitError); errors.As(err, &unfit) && !unfit.Asked {
		why, _, _ := strings.Cut(err.Error(), "\n")
		return driver.Swept{Kept: []string{"what the driver " + c.Name + " may have left: " + why}}, nil
	}
	if err != nil {
		return driver.Swept{}, err
	}
	return d.Sweep(ctx, reach)
}
