package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/lab99/lab99/lab/driver"
)

// removeLab removes all of a lab by its labels, also what the engine was still
// making when a cancelled Up lost sight of it. Other labs of the run stay. It says
// whether there was anything.
func (d *Driver) removeLab(ctx context.Context, spec driver.Spec) (found bool, err error) {
	its := make(client.Filters).Add("label", labelRun+"="+spec.Run, labelVariant+"="+spec.Variant)
	cs, err1 := d.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: its})
	errs := []error{err1}
	members := make([]*member, len(cs.Items))
	for i, c := range cs.Items {
		members[i] = &member{role: c.Labels[labelRole], id: c.ID}
	}
	errs = append(errs, d.removeContainers(ctx, members))
	ns, err2 := d.cli.NetworkList(ctx, client.NetworkListOptions{Filters: its})
	for _, n := range ns.Items {
		errs = append(errs, d.removeNetwork(ctx, n.ID))
	}
	vs, err3 := d.cli.VolumeList(ctx, client.VolumeListOptions{Filters: its})
	for _, v := range vs.Items {
		errs = append(errs, d.removeVolume(ctx, v.Name))
	}
	if err = errors.Join(append(errs, err2, err3)...); err != nil {
		err = fmt.Errorf("remove variant %s of run %s: %w", spec.Variant, spec.Run, err)
	}
	return len(cs.Items)+len(ns.Items)+len(vs.Items) > 0, err
}

// ranks are the roles of a lab's containers in the order in which they go: Podman
// refuses to remove one whose namespaces another shares. A backend may share the
// proxy's, and goes first then, as the proxy is refused until it has.
var ranks = [][]string{{roleProbe}, {roleProxy, roleBackend}, {roleTether}}

// removeContainers removes those of a lab, of one rank at once: an engine takes its
// time over each.
func (d *Driver) removeContainers(ctx context.Context, members []*member) error {
	fails := make([]error, len(members))
	for _, rank := range ranks {
		var wg sync.WaitGroup
		for i, m := range members {
			if slices.Contains(rank, m.role) {
				wg.Go(func() { fails[i] = d.removeContainer(ctx, m.id) })
			}
		}
		wg.Wait()
	}
	return errors.Join(fails...)
}

// removeContainer returns when the container is gone.
func (d *Driver) removeContainer(ctx context.Context, id string) error {
	return untilGone(ctx, "container", id, func(ctx context.Context) error {
		_, err := d.cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		return err
	})
}

// removeNetwork waits while the engine is still detaching containers that are
// already gone.
func (d *Driver) removeNetwork(ctx context.Context, id string) error {
	return untilGone(ctx, "network", id, func(ctx context.Context) error {
		_, err := d.cli.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
		return err
	})
}

// removeVolume is for one whose container did not take it along.
func (d *Driver) removeVolume(ctx context.Context, name string) error {
	return untilGone(ctx, "volume", name, func(ctx context.Context) error {
		_, err := d.cli.VolumeRemove(ctx, name, client.VolumeRemoveOptions{})
		return err
	})
}

const (
	goneTimeout = 10 * time.Second // for an engine that is busy with many
	againEvery  = 20 * time.Millisecond
)

// untilGone repeats a removal until the engine has nothing of that name. Every
// container also removes itself (AutoRemove), and an engine that is at it refuses:
// Docker says "removal in progress" or "has active endpoints", Podman "container
// state improper". There is no code for it, so each refusal is met by trying again
// until the time is up.
func untilGone(ctx context.Context, what, id string, remove func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, goneTimeout)
	defer cancel()
	var refused error
	for {
		err := remove(ctx)
		if err == nil || cerrdefs.IsNotFound(err) {
			return nil
		}
		if ctx.Err() == nil || refused == nil {
			refused = err
		}
		if cerrdefs.IsConflict(err) || cerrdefs.IsInternal(err) || cerrdefs.IsPermissionDenied(err) {
			select {
			case <-ctx.Done():
			case <-time.After(againEvery):
				continue
			}
		}
		return fmt.Errorf("remove %s %.12s: %w", what, id, refused)
	}
}
