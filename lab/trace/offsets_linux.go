package trace

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// offsets are the steps from a task_struct to the inode of the network namespace of one of its
// sockets, in bytes. A thread may be in another namespace than its socket: HAProxy makes
// sockets in those that its `namespace` names, and comes back before connect().
type offsets [7]int32

// atDescriptors is the step that leads to an array of pointers, one for each descriptor.
const atDescriptors = 2

var steps = [len(offsets{})]struct {
	of     string
	member []string
}{
	{"task_struct", []string{"files"}},
	{"files_struct", []string{"fdt"}},
	{"fdtable", []string{"fd"}},
	{"file", []string{"private_data"}}, // a socket
	{"socket", []string{"sk"}},
	{"sock", []string{"__sk_common", "skc_net", "net"}},
	{"net", []string{"ns", "inum"}},
}

// kernelOffsets reads them from the running kernel's type information.
func kernelOffsets() (*offsets, error) {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, err
	}
	o := new(offsets)
	for i, step := range steps {
		var s *btf.Struct
		if err := types.TypeByName(step.of, &s); err != nil {
			return nil, err
		}
		at, ok := memberAt(s, step.member)
		if !ok {
			return nil, fmt.Errorf("struct %s has no member %s", step.of, strings.Join(step.member, "."))
		}
		o[i] = int32(at)
	}
	return o, nil
}

// memberAt is the offset of a member of a member. The kernel's build may shuffle members
// inside a nameless structure (CONFIG_RANDSTRUCT), so those are looked through.
func memberAt(t btf.Type, path []string) (uint32, bool) {
	if len(path) == 0 {
		return 0, true
	}
	var members []btf.Member
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = t.Members
	case *btf.Union:
		members = t.Members
	}
	for _, m := range members {
		rest := path
		if m.Name == path[0] {
			rest = path[1:]
		} else if m.Name != "" {
			continue
		}
		if at, ok := memberAt(m.Type, rest); ok {
			return m.Offset.Bytes() + at, true
		}
	}
	return 0, false
}
