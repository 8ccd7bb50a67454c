package docker

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/moby/moby/client"

	"github.com/lab99/lab99/lab/driver"
)

// JanitorSubcommand is the hidden one that calls Janitor.
const JanitorSubcommand = "engine-janitor"

// janitor is a process that outlives this one, for a lab on an engine that leaves the
// tether of a command that was killed. It waits at a pipe whose other end the kernel
// closes with the command.
type janitor struct{ pipe io.WriteCloser }

// hire starts the janitor of a lab. It has a session of its own, so that neither
// Ctrl-C nor the end of the terminal takes it along.
func (d *Driver) hire(spec driver.Spec) (*janitor, error) {
	program := d.Program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(program, JanitorSubcommand, spec.Run, spec.Variant)
	cmd.Env = append(os.Environ(), client.EnvOverrideHost+"="+d.cli.DaemonHost())
	cmd.SysProcAttr = ownSession()
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the process that clears up if this one is killed: %w", err)
	}
	go cmd.Wait() // so that it leaves no zombie
	return &janitor{pipe}, nil
}

// dismiss ends it, as its lab is gone.
func (j *janitor) dismiss() {
	if j != nil {
		j.pipe.Write([]byte(dismissal)) // one that is gone needs none
		j.pipe.Close()
	}
}

const (
	dismissal = "gone\n"
	// janitorTimeout is for an engine that is busy with many labs of the same command.
	janitorTimeout = time.Minute
	// A killed command's last order may still be under way: its lab has gone when
	// nothing of it is seen for so many looks.
	quietLooks = 3
	lookEvery  = time.Second
)

// Janitor waits for the dismissal. If in ends without it, the janitor removes what
// there is of the lab.
func Janitor(ctx context.Context, in io.Reader, run, variant string) error {
	if said, err := io.ReadAll(in); err != nil || string(said) == dismissal {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, janitorTimeout)
	defer cancel()
	cli, err := client.New(client.FromEnv) // New would ask Podman who it is, which takes it a second
	if err != nil {
		return err
	}
	d := &Driver{cli: cli}
	defer d.Close()
	for quiet := 0; quiet < quietLooks && ctx.Err() == nil; {
		quiet++
		removed, err := d.removeLab(ctx, driver.Spec{Run: run, Variant: variant})
		if removed || err != nil {
			quiet = 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
	return context.Cause(ctx)
}
