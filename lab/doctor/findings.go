package doctor

import (
	"context"
	"net/netip"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Findings is what was read. An Err is the text of an error, "" without one.
type Findings struct {
	Drivers    []DriverState // in the order in which a run tries them
	Namespaces Namespaces
	Privileges Privileges
	Subnets    []Subnet
	OwnNetwork bool // every lab has a network to itself, whatever the subnets
	Images     []Server
	Here       driver.Machine // this machine
	Conntrack  Conntrack
	Disk       Disk
	Abilities  ability.Found // of the kernel that the hosts would run on
}

// chosen is the driver that a run would use, nil without one.
func (f Findings) chosen() *DriverState {
	for i, d := range f.Drivers {
		if d.Err == "" {
			return &f.Drivers[i]
		}
	}
	return nil
}

// machine is where the hosts of a lab would run.
func (f Findings) machine() driver.Machine {
	if d := f.chosen(); d != nil {
		return d.Machine
	}
	return f.Here
}

// Options is what to examine.
type Options struct {
	Drivers []driver.Candidate
	// Inside is the command line, program first, that ends in Inside.
	Inside  []string
	Subnets []netip.Prefix        // the candidates of a run; none: the drivers' own
	Images  map[image.Role]string // what the main scenario asks for
	Out     string                // the directory of runs; need not exist
}

// examineTimeout bounds everything; an engine that is well answers in 0.1 s.
const examineTimeout = 20 * time.Second

// Examine reads the findings. An error on the way is a finding too.
func Examine(ctx context.Context, o Options) Findings {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	f := Findings{Here: driver.Here(), Privileges: readPrivileges()}
	var chosen driver.Driver
	for _, c := range o.Drivers {
		if !c.Chosen(driver.Auto) { // somebody else's machines are not examined
			continue
		}
		d, err := c.Open(ctx)
		f.Drivers = append(f.Drivers, stateOf(c.Name, d, err))
		if err == nil && chosen == nil {
			chosen = d
		}
	}
	f.Namespaces = readNamespaces(ctx, o.Inside)
	f.readSubnets(ctx, chosen, o.Subnets)
	f.Images = readImages(ctx, chosen, o.Images)
	f.Conntrack = readConntrack()
	f.Disk = readDisk(o.Out)
	f.Abilities = readAbilities(ctx, chosen)
	return f
}
