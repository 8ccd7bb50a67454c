package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// Via is how a kernel runs.
type Via string

// The ways.
const (
	UML  Via = "uml"  // a process of the host's: user-mode Linux
	QEMU Via = "qemu" // a virtual machine
	Host Via = "host" // the kernel that runs this machine
)

// Kernel is one that the laws can be held against.
type Kernel struct {
	Name  string // as KERNELS names it
	Via   Via
	Suite string // of Debian, from whose packages it comes; "" for the host's
}

// All are the kernels of the table, oldest first.
var All = []Kernel{
	{"uml-bullseye", UML, "bullseye"},   // 5.10
	{"qemu-bullseye", QEMU, "bullseye"}, // 5.10 as Debian 11 runs it
	{"uml-bookworm", UML, "bookworm"},   // 6.1
	{"uml-trixie", UML, "trixie"},       // 6.12
	{"host", Host, ""},
	{"uml-sid", UML, "sid"},   // the newest
	{"qemu-sid", QEMU, "sid"}, // the newest as its users run it
}

// Choose finds kernels by name, in the order of All; no name is all of them.
func Choose(names []string) ([]Kernel, error) {
	if len(names) == 0 {
		return All, nil
	}
	var known []string
	for _, k := range All {
		known = append(known, k.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no kernel %q: there is %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(All), func(k Kernel) bool { return !slices.Contains(names, k.Name) }), nil
}

// Rate is the load that a guest bears without being late: an emulated processor is
// twenty times slower than the host's.
func (k Kernel) Rate(accelerator string) int {
	switch {
	case k.Via == UML:
		return 50
	case k.Via == QEMU && accelerator != "kvm":
		return 20
	}
	return 100
}
