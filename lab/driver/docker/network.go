package docker

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/lab99/lab99/lab/driver"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"
	tcnet "github.com/testcontainers/testcontainers-go/network"
)

// newNetwork makes the lab's internal network on the first candidate that is
// free. The engine refuses a network that overlaps with another: so it decides
// which of several labs that come up at once gets a candidate.
func (d *Driver) newNetwork(
	ctx context.Context, labels map[string]string, candidates []netip.Prefix,
) (*tc.DockerNetwork, netip.Prefix, error) {
	if len(candidates) == 0 {
		candidates = driver.Subnets()
	}
	taken, err := d.Taken(ctx)
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	made, release := driver.UntilMade(ctx)
	defer release()
	by := ""
	for _, subnet := range candidates {
		if t := driver.TakenBy(subnet, taken); t != "" {
			by = t
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return nil, netip.Prefix{}, err
		}
		nw, err := tcnet.New(made, tcnet.WithInternal(), tcnet.WithLabels(labels), tcnet.WithIPAM(&network.IPAM{
			Driver: "default",
			Config: []network.IPAMConfig{{Subnet: subnet}},
		}))
		if err == nil {
			return nw, subnet, nil
		}
		// The engine gives no code for it; Podman has its own words.
		if !strings.Contains(err.Error(), "overlap") && !strings.Contains(err.Error(), "already used") {
			return nil, netip.Prefix{}, fmt.Errorf("create network %s: %w", subnet, err)
		}
		by = "another lab"
	}
	return nil, netip.Prefix{}, &driver.UnfitError{
		What: fmt.Sprintf("no candidate for the lab's subnet is free (%s): taken by %s",
			driver.SubnetList(candidates), by),
		Hint: "Name a free one with --subnet, or remove what dead runs left with `lab99 clean`.",
	}
}

// Taken says which addresses the engine's networks have and, where the engine is
// on this machine, where its routes lead.
func (d *Driver) Taken(ctx context.Context) ([]driver.Route, error) {
	list, err := d.cli.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the engine's networks: %w", err)
	}
	var all []driver.Route
	for _, n := range list.Items {
		for _, c := range n.IPAM.Config {
			if c.Subnet.IsValid() {
				all = append(all, driver.Route{To: c.Subnet, Via: "network " + n.Name + " of the engine"})
			}
		}
	}
	if !d.local {
		return all, nil
	}
	routes, _ := driver.Routes() // a system that hides them is no reason not to try
	return append(all, routes...), nil
}
