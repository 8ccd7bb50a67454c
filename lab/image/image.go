// Package image finds, pulls or assembles the images of a run's servers,
// and loads the lab99 binary itself as the image of the agent.
//
// Three sources, tried in this order under [Auto]: the engine already has the
// image; a registry has it; the host's distribution has the package, and a lean
// image of 10 to 20 MB is assembled from it. The assembled images are laid out
// as the official ones, so that one
// configuration file runs on either.
//
// The package talks to the engine through the few methods of [Engine]. The driver
// lab/driver/docker implements it, and starts containers from what Resolve returns.
package image

import (
	"context"
	"io"
)

// Mode says where an image may come from.
type Mode string

const (
	Auto     Mode = "auto"     // present, else pulled, else assembled
	Registry Mode = "registry" // present, else pulled: never a substitute
	Local    Mode = "local"    // assembled, whatever the engine or a registry has
)

// Role is the server that an image is for, the name of its recipe.
type Role string

// Source is where an image came from.
type Source string

const (
	Present   Source = "present" // the engine had the image that was asked for
	Pulled    Source = "pulled"
	Assembled Source = "assembled" // made from the distribution's packages, now or by an earlier run
)

// RoleAgent is the LabelRole of the agent's image.
const RoleAgent = "agent"

// Labels of every image this package makes; an image pulled or loaded by the
// user carries none. `lab99 clean` removes those of the agent.
const (
	LabelRole      = "org.lab99.role"      // a recipe's name, or agent
	LabelRequested = "org.lab99.requested" // "apt:SUITE", or the hash of the agent's binary
	LabelVersion   = "org.lab99.version"   // upstream version of the server
	LabelRecipe    = "org.lab99.recipe"    // hash of the recipe; another recipe assembles anew
	LabelPackages  = "org.lab99.packages"  // name=version of each package that files were taken from
)

// Image is an image that the engine has.
type Image struct {
	Requested string // as the scenario names it
	Used      string // the reference to start containers from
	ID        string // the engine's ID, a digest
	Source    Source
	Version   string // of the server, such as 1.22.1; "" when the image does not say
	Note      string // how Used differs from Requested, for the top of plan, verdict and report; "" when it does not
	Program   string // absolute path of the server (or agent) in the image
	Packages  string // LabelPackages of an assembled image
	// ServerRoot is the directory above Apache's modules, where that is not
	// the official image's.
	ServerRoot string
}

// Engine is what this package asks of a container engine.
type Engine interface {
	// Arch is the engine's architecture in Go's words. It may be another machine.
	Arch(context.Context) (string, error)
	// Inspect describes an image. The error is fs.ErrNotExist if the engine has
	// none of that name.
	Inspect(ctx context.Context, ref string) (Inspected, error)
	// Pull fetches an image from its registry. The mode says how patient to be;
	// log receives how it goes.
	Pull(ctx context.Context, ref string, mode Mode, log func(string)) error
	// Load takes an image as an archive, in the format of `docker save`.
	Load(ctx context.Context, archive io.Reader) error
}

// Inspected is what an engine says of an image.
type Inspected struct {
	ID     string // a digest
	Env    []string
	Labels map[string]string
}
