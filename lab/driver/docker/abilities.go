package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/ability/trial"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/driver/netns"
	"github.com/lab99/lab99/results"
)

var _ driver.Trier = (*Driver)(nil)

// Abilities says what the kernel below the engine can do. An engine of this machine
// has this machine's kernel, of which more can be tried without the engine, and
// in half the time.
func (d *Driver) Abilities(ctx context.Context, fresh bool) (ability.Found, error) {
	if d.local {
		if f, err := netns.Abilities(ctx, fresh); err == nil {
			return f, nil
		}
	}
	return d.abilitiesInside(ctx)
}

// abilitiesTimeout bounds what takes a second on an engine that is well.
const abilitiesTimeout = 30 * time.Second

// abilitiesInside tries it in a container that has no network but lo, and no
// privilege. Sysctls are read-only there: it starts with those it needs, and what
// needs others stays unknown.
func (d *Driver) abilitiesInside(ctx context.Context) (f ability.Found, err error) {
	ctx, cancel := context.WithTimeout(ctx, abilitiesTimeout)
	defer cancel()
	// It is labelled as a lab's containers are, so that a sweep finds it.
	spec := driver.Spec{Run: fmt.Sprintf("abilities-%d-%d", os.Getpid(), time.Now().UnixNano()), Variant: "abilities"}
	l := &lab{d: d, exited: make(chan *driver.ServerError, 5)}
	defer func() {
		dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		_, left := d.removeLab(dctx, spec)
		err = errors.Join(err, left, l.Down(dctx))
	}()
	b := &builder{lab: l, spec: spec}
	if b.agentImage, err = d.agentImage(ctx); err != nil {
		return f, err
	}
	m := &member{role: roleProbe, host: results.HostLoad}
	err = b.start(ctx, m, tc.ContainerRequest{
		Image: b.agentImage,
		ConfigModifier: func(c *container.Config) {
			c.Cmd = []string{"abilities", "--json", "--in-place"}
			c.AttachStdout, c.AttachStderr = true, true
		},
		HostConfigModifier: func(hc *container.HostConfig) {
			hc.AutoRemove = true
			hc.LogConfig = container.LogConfig{Type: "none"}
			hc.NetworkMode = "none"
			hc.Sysctls = trial.Preset()
			confine(hc, nil)
		},
	}, nil)
	if err != nil {
		return f, err
	}
	defer context.AfterFunc(ctx, m.stream.close)()
	out, err := io.ReadAll(m.stream.stdout)
	if err == nil {
		f, _, err = trial.InContainer(out)
	}
	if err != nil {
		err = fmt.Errorf("try what the engine's kernel can do: %w: %s", err, strings.TrimSpace(m.stream.tail.String()))
	}
	return f, err
}
