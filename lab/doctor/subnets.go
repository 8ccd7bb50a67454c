package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// SubnetFacts is a candidate for the lab's network.
type SubnetFacts struct {
	Subnet  netip.Prefix
	TakenBy string // "" if it is free
}

// route leads somewhere from this machine.
type route struct {
	to  netip.Prefix
	via string // the interface
}

func readSubnets(ctx context.Context, e Engine, candidates []netip.Prefix) []SubnetFacts {
	taken, _ := routes() // none known, none in the way: the run tries the candidates anyway
	if e != nil {
		nets, _ := e.Subnets(ctx)
		for _, n := range nets {
			taken = append(taken, route{n, "a network of the engine"})
		}
	}
	var all []SubnetFacts
	for _, c := range candidates {
		all = append(all, SubnetFacts{c, takenBy(c, taken)})
	}
	return all
}

// takenBy names what overlaps with a subnet. The default route leads
// everywhere and is in nobody's way.
func takenBy(subnet netip.Prefix, taken []route) string {
	for _, r := range taken {
		if r.to.Bits() > 0 && r.to.Overlaps(subnet) {
			return fmt.Sprintf("%v of %s", r.to, r.via)
		}
	}
	return ""
}

func judgeSubnets(f Facts) Check {
	var free, used []string
	for _, s := range f.Subnets {
		if s.TakenBy == "" {
			free = append(free, s.Subnet.String())
		} else {
			used = append(used, fmt.Sprintf("%v is taken by %s", s.Subnet, s.TakenBy))
		}
	}
	c := Check{Name: "subnets", Status: OK, Found: "free: " + strings.Join(free, ", ")}
	switch {
	case len(free) == 0 && f.Engine.Err != "" && f.Namespaces.works():
		c.Found = strings.Join(used, "; ") + ", but the driver netns has a network to itself"
	case len(free) == 0:
		c.Status, c.Found = Fail, strings.Join(used, "; ")
		c.Remedy = "run `lab99 clean`, or name a free network with --subnet"
	case len(used) > 0:
		c.Found += "; " + strings.Join(used, "; ")
	}
	return c
}
