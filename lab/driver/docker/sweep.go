package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/moby/moby/client"
)

// Sweep removes what runs left in the engine. A run is alive exactly while
// its tether runs, which holds for a remote engine too, where a process ID
// would say nothing. With all, live runs go as well.
func (d *Driver) Sweep(ctx context.Context, all bool) ([]string, error) {
	ours := make(client.Filters).Add("label", labelRun)
	cs, err := d.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("list the containers of earlier runs: %w", err)
	}
	alive := map[string]bool{}
	for _, c := range cs.Items {
		if c.Labels[labelRole] == roleTether && c.State == "running" && !all {
			alive[c.Labels[labelRun]] = true
		}
	}
	var removed []string
	var errs []error
	for _, role := range []string{roleProbe, roleProxy, roleBackend, roleTether} { // Podman wants joiners gone first
		for _, c := range cs.Items {
			if c.Labels[labelRole] != role || alive[c.Labels[labelRun]] || (!all && time.Since(time.Unix(c.Created, 0)) < bornGrace) {
				continue
			}
			if err := d.removeContainer(ctx, c.ID); err != nil {
				errs = append(errs, err)
				continue
			}
			removed = append(removed, fmt.Sprintf("container %.12s (%s of run %s)", c.ID, role, c.Labels[labelRun]))
		}
	}
	ns, err := d.cli.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return removed, errors.Join(append(errs, fmt.Errorf("list the networks of earlier runs: %w", err))...)
	}
	for _, n := range ns.Items {
		if alive[n.Labels[labelRun]] || (!all && time.Since(n.Created) < bornGrace) {
			continue
		}
		if err := d.removeNetwork(ctx, n.ID); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, fmt.Sprintf("network %.12s (run %s)", n.ID, n.Labels[labelRun]))
	}
	swept, err := d.removeVolumes(ctx, ours, alive, all)
	removed, errs = append(removed, swept...), append(errs, err)
	if all {
		swept, err := d.removeAgentImages(ctx)
		removed, errs = append(removed, swept...), append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// removeVolumes removes the configuration volumes whose containers are gone: an
// engine that was killed itself may not have come to it.
func (d *Driver) removeVolumes(ctx context.Context, ours client.Filters, alive map[string]bool, all bool) ([]string, error) {
	list, err := d.cli.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("list the volumes of earlier runs: %w", err)
	}
	var removed []string
	var errs []error
	for _, v := range list.Items {
		made, err := time.Parse(time.RFC3339, v.CreatedAt)
		if alive[v.Labels[labelRun]] || (!all && err == nil && time.Since(made) < bornGrace) {
			continue
		}
		switch _, err := d.cli.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{}); {
		case err == nil:
			removed = append(removed, fmt.Sprintf("volume %.12s (run %s)", v.Name, v.Labels[labelRun]))
		case !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err): // a container just going takes it along
			errs = append(errs, fmt.Errorf("remove volume %.12s: %w", v.Name, err))
		}
	}
	return removed, errors.Join(errs...)
}

// removeAgentImages removes the images of the agent, one for each build of
// lab99 that ran. The images of nginx and httpd stay: they took a download.
func (d *Driver) removeAgentImages(ctx context.Context) ([]string, error) {
	list, err := d.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", image.LabelRole+"="+image.RoleAgent)})
	if err != nil {
		return nil, fmt.Errorf("list the images of the agent: %w", err)
	}
	var removed []string
	for _, img := range list.Items {
		if _, err := d.cli.ImageRemove(ctx, img.ID, client.ImageRemoveOptions{Force: true}); err != nil && !cerrdefs.IsNotFound(err) {
			return removed, fmt.Errorf("remove image %.19s: %w", img.ID, err)
		}
		removed = append(removed, fmt.Sprintf("image %v", img.RepoTags))
	}
	return removed, nil
}

// detachTimeout bounds the wait for a network's last endpoints.
const detachTimeout = 10 * time.Second

// removeLab removes every container of a lab, also one that the engine was
// still making when a cancelled Up lost sight of it. Other labs of the run stay.
func (d *Driver) removeLab(ctx context.Context, spec driver.Spec) error {
	its := make(client.Filters).Add("label", labelRun+"="+spec.Run, labelVariant+"="+spec.Variant)
	cs, err := d.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: its})
	if err != nil {
		return fmt.Errorf("list the containers of variant %s of run %s: %w", spec.Variant, spec.Run, err)
	}
	var errs []error
	for _, c := range cs.Items {
		errs = append(errs, d.removeContainer(ctx, c.ID))
	}
	return errors.Join(errs...)
}

// bornGrace spares a run that is just coming up: its tether, which an engine
// that is well starts within half a second, does not run yet.
const bornGrace = 3 * time.Second

func (d *Driver) removeContainer(ctx context.Context, id string) error {
	_, err := d.cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	// Every container removes itself too (AutoRemove); who is first does not matter.
	if err == nil || cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return nil
	}
	return fmt.Errorf("remove container %.12s: %w", id, err)
}

// removeNetwork tries again while the engine is still detaching containers
// that are already gone.
func (d *Driver) removeNetwork(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, detachTimeout)
	defer cancel()
	for {
		_, err := d.cli.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
		if err == nil || cerrdefs.IsNotFound(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove network %.12s: %w", id, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
