package driver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"
)

// Candidate is a driver that a command may use.
type Candidate struct {
	Name  string // on the command line
	About string // what runs the hosts, for the text of a flag
	Asked bool   // only where it is asked for by name: auto passes it by
	// Flags adds what only this driver takes to the flags of a command; nil: nothing.
	Flags func(*pflag.FlagSet)
	// Open returns the driver if this machine can run it. Otherwise the error is
	// an *UnfitError, which says what is missing and what would help.
	Open func(context.Context) (Driver, error)
}

// Chosen says whether a name on the command line stands for the candidate, Auto among them.
func (c Candidate) Chosen(name string) bool { return name == c.Name || name == Auto && !c.Asked }

// Choose opens the candidate of a name and says why it is that one. With auto it
// is the first in the list that opens. It returns false if the list has no such
// name.
func Choose(ctx context.Context, all []Candidate, name string) (d Driver, why string, found bool, err error) {
	var refused []error
	for _, c := range all {
		if !c.Chosen(name) {
			continue
		}
		d, err := c.Open(ctx)
		switch {
		case name == c.Name:
			return d, "as asked", true, err
		case err == nil && len(refused) == 0:
			return d, "because it can run here: " + d.Describe(), true, nil
		case err == nil:
			first, _, _ := strings.Cut(refused[0].Error(), "\n")
			return d, "because " + first, true, nil
		}
		refused = append(refused, err)
	}
	return nil, "", name == Auto, errors.Join(refused...)
}

// Auto stands for the first candidate that opens.
const Auto = "auto"

// Names are those that Choose accepts.
func Names(all []Candidate) []string {
	names := []string{Auto}
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names
}

// Sharing is a driver whose labs' networks lie beside other networks, so that
// their addresses must be free. Other drivers give each lab a network to itself.
type Sharing interface {
	// Taken says what has which addresses.
	Taken(context.Context) ([]Route, error)
}

// Looking is a driver that can look into a new network namespace before a lab is
// up. Of other drivers a *LackingError tells when one comes up.
type Looking interface {
	// Lacking are those of the sysctls that it does not have.
	Lacking(ctx context.Context, sysctls []string) ([]string, error)
}

// Route says that addresses are in use.
type Route struct {
	To  netip.Prefix
	Via string // the interface, or who has them
}

// TakenBy names what overlaps with a subnet, "" if nothing does. The default
// route overlaps with everything and takes nothing.
func TakenBy(subnet netip.Prefix, taken []Route) string {
	for _, r := range taken {
		if r.To.Bits() > 0 && r.To.Overlaps(subnet) {
			return fmt.Sprintf("%v of %s", r.To, r.Via)
		}
	}
	return ""
}
