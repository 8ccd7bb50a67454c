//go:build !linux

package netns

import (
	"context"
	"errors"
	"runtime"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
)

// Subcommand is the hidden one that calls Init.
const Subcommand = "netns-init"

// New says that there are no namespaces here.
func New(context.Context) (driver.Driver, error) {
	return nil, &driver.UnfitError{
		What: "the driver netns needs Linux, and this is " + runtime.GOOS,
		Hint: "Use a container engine, whose containers are Linux, with --driver docker.",
	}
}

// Abilities says that there is no Linux kernel here.
func Abilities(context.Context, bool) (ability.Found, error) {
	return ability.Nothing("this is " + runtime.GOOS + ", not Linux"), nil
}

// Init is never called here.
func Init() error { return errors.New("namespaces need Linux") }
