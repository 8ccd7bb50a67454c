package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	return &usageError{fmt.Sprintf("--driver %s: no driver has that name, want one of %s", shell(name),
		strings.Join(driver.Names(drivers), ", "))}
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
			refuseElsewhere(cmd, name, c)
		}
	}
	words(cmd, "driver", driver.Names(drivers)...)
}

// refuseElsewhere has a command refuse the flags of a driver that it does not take. Whoever
// names a namespace of a cluster, and forgets --driver, would get a lab on this machine.
func refuseElsewhere(cmd *cobra.Command, name *string, c driver.Candidate) {
	own := pflag.NewFlagSet(c.Name, pflag.ContinueOnError)
	c.Flags(own)
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) (err error) {
		own.VisitAll(func(f *pflag.Flag) {
			another := *name != c.Name && slices.Contains(driver.Names(drivers), *name)
			if err == nil && another && cmd.Flags().Changed(f.Name) {
				err = &usageError{fmt.Sprintf("--%s is for --driver %s, and the driver is %s: "+
					"add --driver %s, or leave --%s out",
					f.Name, c.Name, *name, c.Name, f.Name)}
			}
		})
		if err == nil && before != nil {
			err = before(cmd, args)
		}
		return err
	}
}

// sweepTimeout bounds the removal of what one driver's labs left.
const sweepTimeout = time.Minute

func cleanCommand(t *terminal) *cobra.Command {
	var force bool
	var name string
	cmd := &cobra.Command{
		Use: "clean", GroupID: groupMachine, Args: none,
		Short: "Remove what earlier runs left behind: containers, networks, processes",
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
