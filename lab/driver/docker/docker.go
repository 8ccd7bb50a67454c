// Package docker runs the lab's hosts as containers of a Docker engine, by
// way of testcontainers-go.
//
// A lab is an internal network and five containers: the agent on the load
// host, which is also the tether (package agent), the proxy, the backend, and a
// probe in the network namespace of each of the two. Nothing is published,
// nothing is dialled from outside, no directory is mounted, no container is
// privileged and none gets the engine's socket: all talk goes through attached
// streams and files are copied in, so a remote engine, or one in a virtual
// machine, works as well. What a container is left with is in confine.go.
//
// testcontainers' own reaper, Ryuk, is switched off: it is an image of its
// own to be pulled, wants the engine's socket mounted and a published port.
// The tether does its work here, and labels with a sweep at the next start do
// the rest.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// Labels on everything a run makes in the engine.
const (
	labelRun     = "org.lab99.run"     // the run's name
	labelVariant = "org.lab99.variant" // which of its labs
	labelRole    = "org.lab99.role"    // tether, proxy, backend, probe, network
	labelOwner   = "org.lab99.owner"   // the command, in the words of driver.Owner
)

// answerTimeout is how long an engine may take to say what it is.
const answerTimeout = 10 * time.Second

// Driver is a connection to an engine.
type Driver struct {
	Program string // what the lab's hosts run, a static binary; "" finds it

	cli     *client.Client
	machine driver.Machine
	local   bool // the engine is on this machine
}

var (
	_ driver.Driver  = (*Driver)(nil)
	_ driver.Sharing = (*Driver)(nil)
)

// Candidate is this driver in the list of those a command may use.
var Candidate = driver.Candidate{
	Name: "docker", About: "containers of a Docker engine",
	Open: func(ctx context.Context) (driver.Driver, error) {
		d, err := New(ctx)
		if err != nil {
			return nil, err // not a nil *Driver, which is no nil Driver
		}
		return d, nil
	},
}

// New connects to the engine that DOCKER_HOST, or the current Docker context,
// names. The error is a *driver.UnfitError.
func New(ctx context.Context) (*Driver, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	// testcontainers reads its settings once, at first use, and has no other
	// switch. Exactly "true" is needed.
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return nil, err
	}
	if err := stripCredentials(); err != nil {
		return nil, err
	}
	// Its banner would tear the progress bars.
	tclog.SetDefault(log.New(io.Discard, "", 0))
	if err := askedFor(ctx); err != nil {
		return nil, unreachable(err)
	}
	cli, err := tc.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	info, err := cli.Client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, unreachable(err)
	}
	if info.Info.OSType != "linux" {
		return nil, &driver.UnfitError{
			What: fmt.Sprintf("the container engine runs %s containers", info.Info.OSType),
			Hint: "Error 99 is Linux's; switch the engine to Linux containers.",
		}
	}
	name, _ := os.Hostname()
	local := info.Info.Name == name && info.Info.KernelVersion == driver.Here().Kernel
	return &Driver{cli: cli.Client, local: local, machine: driver.Machine{
		Engine: fmt.Sprintf("Docker %s (API %s, %s)", info.Info.ServerVersion, cli.Client.ClientVersion(), info.Info.Driver),
		Kernel: info.Info.KernelVersion,
		Arch:   info.Info.Architecture,
		CPUs:   info.Info.NCPU,
		// An engine that starts or removes containers keeps two cores busy for a
		// second or two, which makes the loads of other labs late.
		Apart:     true,
		MemoryMiB: int(info.Info.MemTotal >> 20),
	}}, nil
}

// askedFor makes sure of the engine that DOCKER_HOST names. testcontainers
// takes whichever answers, and a lab on another engine than the one that was
// asked for is a surprise of the worst kind.
func askedFor(ctx context.Context) error {
	if os.Getenv(client.EnvOverrideHost) == "" {
		return nil
	}
	cli, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer cli.Close()
	_, err = cli.Ping(ctx, client.PingOptions{})
	return err
}

func unreachable(err error) error {
	// What testcontainers tried last, and what it says of it, misleads.
	reason, _, _ := strings.Cut(err.Error(), "\nrootless Docker")
	e := &driver.UnfitError{
		What: "no Docker engine answers", Err: errors.New(redact(reason)),
		Asked: os.Getenv(client.EnvOverrideHost) != "",
	}
	switch {
	case os.Getenv("DOCKER_API_VERSION") != "":
		e.Hint = fmt.Sprintf("DOCKER_API_VERSION=%s is set and switches the negotiation of versions off: unset it.",
			os.Getenv("DOCKER_API_VERSION"))
	case os.Getenv("DOCKER_HOST") != "":
		e.Hint = fmt.Sprintf("DOCKER_HOST=%s is where it was looked for: start an engine there, or unset it.", os.Getenv("DOCKER_HOST"))
	case strings.Contains(err.Error(), "permission denied"):
		e.Hint = "Run as a user of the group docker, or as root."
	default:
		e.Hint = "Install and start one (Debian: apt install docker.io; systemctl start docker), or point DOCKER_HOST at one."
	}
	return e
}

// Name is the word for this driver on the command line.
func (d *Driver) Name() string { return "docker" }

// Describe names the engine.
func (d *Driver) Describe() string { return d.machine.Engine }

// Machine describes the engine and what it runs on.
func (d *Driver) Machine() driver.Machine { return d.machine }

// Close closes the connection.
func (d *Driver) Close() error { return d.cli.Close() }
