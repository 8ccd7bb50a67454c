// Package docker runs the lab's hosts as containers of an engine that answers as
// Docker does, Docker or Podman, by way of testcontainers-go. What engines do in
// different ways is in kind.go.
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

const (
	// answerTimeout is how long an engine may take to say that it is there.
	answerTimeout = 10 * time.Second
	// describeTimeout is how long it may take to say what it is. testcontainers asks
	// several times, and Podman runs programs for each answer.
	describeTimeout = 30 * time.Second
)

// Driver is a connection to an engine.
type Driver struct {
	Program string // what the hosts run, a static binary, and what clears up after them; "" finds it

	cli     *client.Client
	kind    kind   // of engine
	arch    string // of it, in Go's words
	machine driver.Machine
	local   bool // the engine is on this machine
}

var (
	_ driver.Driver  = (*Driver)(nil)
	_ driver.Sharing = (*Driver)(nil)
)

// Candidate is this driver in the list of those a command may use.
var Candidate = driver.Candidate{
	Name: "docker", About: "containers of Docker or Podman",
	Open: func(ctx context.Context) (driver.Driver, error) {
		d, err := New(ctx)
		if err != nil {
			return nil, err // not a nil *Driver, which is no nil Driver
		}
		return d, nil
	},
}

// New connects to the engine that DOCKER_HOST names, or else to the one that listens
// where Docker does, or else Podman. The error is a *driver.UnfitError.
func New(ctx context.Context) (*Driver, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	// testcontainers reads its settings once, at first use, and has no other
	// switch. Exactly "true" is needed.
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return nil, err
	}
	if err := errors.Join(findPodman(), stripCredentials()); err != nil {
		return nil, err
	}
	// Its banner would tear the progress bars.
	tclog.SetDefault(log.New(io.Discard, "", 0))
	if err := askedFor(ctx); err != nil {
		return nil, unreachable(err)
	}
	cli, err := connect(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	version, err := cli.Client.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return nil, unreachable(err)
	}
	info, err := aboutOf(ctx, cli.Client)
	if err != nil {
		return nil, unreachable(err)
	}
	if info.OSType != "linux" {
		return nil, &driver.UnfitError{
			What: fmt.Sprintf("the container engine runs %s containers", info.OSType),
			Hint: "Error 99 is Linux's; switch the engine to Linux containers.",
		}
	}
	k := kindOf(version)
	name, _ := os.Hostname()
	local := info.Name == name && info.KernelVersion == driver.Here().Kernel
	return &Driver{cli: cli.Client, kind: k, arch: version.Arch, local: local, machine: driver.Machine{
		Engine: k.describe(info, cli.Client.ClientVersion()),
		Kernel: info.KernelVersion,
		Arch:   info.Architecture,
		CPUs:   info.NCPU,
		// An engine that starts or removes containers keeps two cores busy for a
		// second or two, which makes the loads of other labs late.
		Apart:     true,
		MemoryMiB: int(info.MemTotal >> 20),
	}}, nil
}

// connect has testcontainers find the engine. An engine that stops answering between two of
// its questions makes it panic (MustExtractDockerSocket, called for its banner).
func connect(ctx context.Context) (cli *tc.DockerClient, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine stopped answering: %v", p)
		}
	}()
	return tc.NewDockerClientWithOpts(ctx)
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
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	_, err = cli.Ping(ctx, client.PingOptions{})
	return err
}

func unreachable(err error) error {
	// What testcontainers tried last, and what it says of it, misleads.
	reason, _, _ := strings.Cut(err.Error(), "\nrootless Docker")
	e := &driver.UnfitError{
		What:  "no container engine answers",
		Err:   errors.New(redact(reason)),
		Asked: hostAsked() != "",
	}
	switch {
	case os.Getenv("DOCKER_API_VERSION") != "":
		e.Hint = fmt.Sprintf("DOCKER_API_VERSION=%s is set and switches the negotiation of versions off: unset it.",
			os.Getenv("DOCKER_API_VERSION"))
	case hostAsked() != "":
		e.Hint = fmt.Sprintf("DOCKER_HOST=%s is where it was looked for: start an engine there, or unset it.",
			hostAsked())
	case foundHost != "":
		e.Hint = fmt.Sprintf("Podman listens at %s: see whether it is well, or set DOCKER_HOST.", foundHost)
	case strings.Contains(err.Error(), "permission denied"):
		e.Hint = "Run as a user of the group docker, or as root."
	default:
		e.Hint = "Install and start one (Debian: apt install docker.io; systemctl start docker; " +
			"or podman, whose service is podman.socket, also with systemctl --user), or point DOCKER_HOST at one."
	}
	return e
}

// Name is the word for this driver on the command line.
func (d *Driver) Name() string { return "docker" }

// Describe names the engine, and where it is if nobody has said where to look.
func (d *Driver) Describe() string {
	if foundHost != "" {
		return d.machine.Engine + " at " + foundHost
	}
	return d.machine.Engine
}

// Machine describes the engine and what it runs on.
func (d *Driver) Machine() driver.Machine { return d.machine }

// Close closes the connection.
func (d *Driver) Close() error { return d.cli.Close() }
