package docker

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
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
func (d *Driver) newNetwork(ctx context.Context, labels map[string]string, candidates []netip.Prefix) (*tc.DockerNetwork, netip.Prefix, error) {
	if len(candidates) == 0 {
		candidates = driver.Subnets()
	}
	used, err := d.Subnets(ctx)
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	for _, subnet := range candidates {
		if slices.ContainsFunc(used, subnet.Overlaps) {
			continue // spares the engine a try
		}
		nw, err := tcnet.New(ctx, tcnet.WithInternal(), tcnet.WithLabels(labels), tcnet.WithIPAM(&network.IPAM{
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
	}
	return nil, netip.Prefix{}, &driver.UnfitError{
		What: "every candidate for the lab's subnet is taken: " + driver.SubnetList(candidates),
		Hint: "Run `lab99 clean` to remove what dead runs left, or name a free one with --subnet.",
	}
}

// Subnets are those of all the engine's networks.
func (d *Driver) Subnets(ctx context.Context) ([]netip.Prefix, error) {
	list, err := d.cli.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the engine's networks: %w", err)
	}
	var all []netip.Prefix
	for _, n := range list.Items {
		for _, c := range n.IPAM.Config {
			if c.Subnet.IsValid() {
				all = append(all, c.Subnet)
			}
		}
	}
	return all, nil
}
