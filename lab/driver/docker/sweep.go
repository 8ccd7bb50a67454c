package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/moby/moby/client"
)

// comingUp is how long a command of another machine may take from its first
// network to its running tether.
const comingUp = 2 * upTimeout

// sweep is one pass over what runs have made in the engine.
type sweep struct {
	d       *Driver
	all     bool
	alive   map[string]bool // runs whose command lives, by name
	removed []string
	errs    []error
}

// Sweep removes what runs left in the engine.
func (d *Driver) Sweep(ctx context.Context, reach driver.Reach) (driver.Swept, error) {
	s := &sweep{d: d, all: reach == driver.Everything, alive: map[string]bool{}}
	ours := make(client.Filters).Add("label", labelRun)
	cs, err := d.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return driver.Swept{}, fmt.Errorf("list the containers of earlier runs: %w", err)
	}
	ns, err := d.cli.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return driver.Swept{}, fmt.Errorf("list the networks of earlier runs: %w", err)
	}
	vs, err := d.cli.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return driver.Swept{}, fmt.Errorf("list the volumes of earlier runs: %w", err)
	}
	for _, c := range cs.Items {
		s.see(c.Labels, time.Unix(c.Created, 0), c.Labels[labelRole] == roleTether && c.State == "running")
	}
	for _, n := range ns.Items {
		s.see(n.Labels, n.Created, false)
	}
	for _, v := range vs.Items {
		made, _ := time.Parse(time.RFC3339, v.CreatedAt) // long ago where the engine does not say
		s.see(v.Labels, made, false)
	}

	for _, role := range slices.Concat(ranks...) {
		for _, c := range cs.Items {
			if c.Labels[labelRole] == role {
				s.remove(fmt.Sprintf("container %.12s (%s of run %s)", c.ID, role, c.Labels[labelRun]), c.Labels,
					func() error { return d.removeContainer(ctx, c.ID) })
			}
		}
	}
	for _, n := range ns.Items {
		s.remove(fmt.Sprintf("network %.12s (run %s)", n.ID, n.Labels[labelRun]), n.Labels,
			func() error { return d.removeNetwork(ctx, n.ID) })
	}
	for _, v := range vs.Items { // an engine that was killed itself may not have removed them
		s.remove(fmt.Sprintf("volume %.12s (run %s)", v.Name, v.Labels[labelRun]), v.Labels,
			func() error { return d.removeVolume(ctx, v.Name) })
	}
	if s.all || reach == driver.Caches && len(s.alive) == 0 { // a lab that comes up counts on its image
		s.removeAgentImages(ctx)
	}
	swept := driver.Swept{Removed: s.removed}
	for _, run := range slices.Sorted(maps.Keys(s.alive)) {
		swept.Kept = append(swept.Kept, "run "+run+": its command is still running")
	}
	if reach >= driver.Caches {
		swept.Kept = append(swept.Kept, fmt.Sprintf("images of servers, for the next run; `%s rmi` removes them",
			strings.ToLower(d.kind.name)))
	}
	return swept, errors.Join(s.errs...)
}

// see notes whether a thing's run is alive, as its owner is. A process of another
// machine cannot be looked for: its run is alive while the tether runs, and for a
// while before.
func (s *sweep) see(labels map[string]string, made time.Time, tether bool) {
	alive, known := driver.OwnerLives(labels[labelOwner])
	if !known {
		alive = tether || time.Since(made) < comingUp
	}
	if alive && !s.all {
		s.alive[labels[labelRun]] = true
	}
}

// remove removes a thing unless its run is alive.
func (s *sweep) remove(what string, labels map[string]string, do func() error) {
	if s.alive[labels[labelRun]] {
		return
	}
	if err := do(); err != nil {
		s.errs = append(s.errs, err)
		return
	}
	s.removed = append(s.removed, what)
}

// removeAgentImages removes the images of the agent, one for each build of lab99
// that ran. The images of servers stay: they took a download.
func (s *sweep) removeAgentImages(ctx context.Context) {
	its := make(client.Filters).Add("label", image.LabelRole+"="+image.RoleAgent)
	list, err := s.d.cli.ImageList(ctx, client.ImageListOptions{Filters: its})
	if err != nil {
		s.errs = append(s.errs, fmt.Errorf("list the images of the agent: %w", err))
	}
	for _, img := range list.Items {
		_, err := s.d.cli.ImageRemove(ctx, img.ID, client.ImageRemoveOptions{Force: s.all})
		switch {
		case err == nil:
			s.removed = append(s.removed, "image "+strings.Join(img.RepoTags, ", "))
		case !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err):
			s.errs = append(s.errs, fmt.Errorf("remove image %.19s: %w", img.ID, err))
		}
	}
}
