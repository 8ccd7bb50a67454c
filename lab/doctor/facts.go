package doctor

import (
	"context"
	"net/netip"
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// Facts is what was read. An Err is the text of an error, "" without one.
type Facts struct {
	Engine      EngineFacts
	Namespaces  NamespaceFacts
	Privileges  PrivilegeFacts
	Descriptors uint64 // the hard limit of this process; 0: unknown
	Subnets     []SubnetFacts
	Images      []ImageFacts
	Kernel      string // release of this machine's
	CPUs        int
	MemoryMiB   int // 0: unknown
	Conntrack   ConntrackFacts
	Disk        DiskFacts
}

// Engine is what the doctor asks of a container engine; *docker.Driver is one.
type Engine interface {
	Machine() driver.Machine
	// Find looks for an image without pulling or making one.
	Find(ctx context.Context, role image.Role, ref string) (image.Image, bool, error)
	// Subnets are those of the engine's networks.
	Subnets(ctx context.Context) ([]netip.Prefix, error)
}

// Options is what to examine.
type Options struct {
	// Connect reaches the engine; its error is a *driver.UnfitError.
	Connect func(context.Context) (Engine, error)
	// Inside is the command line, program first, that ends in Inside.
	Inside  []string
	Subnets []netip.Prefix        // the candidates of a run
	Images  map[image.Role]string // what the main scenario asks for
	Out     string                // the directory of runs; need not exist
}

// examineTimeout bounds everything; an engine that is well answers in 0.1 s.
const examineTimeout = 20 * time.Second

// Examine reads the facts. What cannot be read is a fact too.
func Examine(ctx context.Context, o Options) Facts {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	here := driver.Here()
	f := Facts{CPUs: here.CPUs, Kernel: here.Kernel, Privileges: readPrivileges(), Descriptors: Descriptors(), MemoryMiB: here.MemoryMiB}
	engine, err := o.Connect(ctx)
	f.Engine = readEngine(engine, err)
	f.Namespaces = readNamespaces(ctx, o.Inside)
	f.Subnets = readSubnets(ctx, engine, o.Subnets)
	f.Images = readImages(ctx, engine, o.Images)
	f.Conntrack = readConntrack()
	f.Disk = readDisk(o.Out)
	return f
}
