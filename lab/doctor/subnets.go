package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/driver"
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
	if len(candidates) == 0 {
		candidates = driver.Subnets()
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
	var free []netip.Prefix
	by := map[string][]netip.Prefix{}
	for _, s := range f.Subnets {
		if s.TakenBy == "" {
			free = append(free, s.Subnet)
		} else {
			by[s.TakenBy] = append(by[s.TakenBy], s.Subnet)
		}
	}
	var used []string
	for _, taker := range slices.Sorted(maps.Keys(by)) {
		used = append(used, fmt.Sprintf("%s taken by %s", driver.SubnetList(by[taker]), taker))
	}
	c := Check{Name: "subnets", Status: OK, Found: "free: " + driver.SubnetList(free)}
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
