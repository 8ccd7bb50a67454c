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

// Subnet is a candidate for the lab's network.
type Subnet struct {
	Subnet  netip.Prefix
	TakenBy string // "" if it is free
}

// readSubnets looks at what else has the candidates' addresses. If that cannot be
// told the candidates count as free: a run tries them anyway.
func (f *Findings) readSubnets(ctx context.Context, d driver.Driver, candidates []netip.Prefix) {
	shared, ok := d.(driver.Sharing)
	f.OwnNetwork = d != nil && !ok
	taken, _ := driver.Routes()
	if ok {
		taken, _ = shared.Taken(ctx)
	}
	if len(candidates) == 0 {
		candidates = driver.Subnets()
	}
	for _, c := range candidates {
		f.Subnets = append(f.Subnets, Subnet{c, driver.TakenBy(c, taken)})
	}
}

func judgeSubnets(f Findings) Check {
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
	case len(free) == 0 && f.OwnNetwork:
		c.Found = strings.Join(used, "; ") + fmt.Sprintf(", but the driver %s gives every lab a network to itself",
			f.chosen().Name)
	case len(free) == 0:
		c.Status, c.Found = Fail, strings.Join(used, "; ")
		c.Remedy = "run `lab99 clean`, or name a free network with --subnet"
	case len(used) > 0:
		c.Found += "; " + strings.Join(used, "; ")
	}
	return c
}
