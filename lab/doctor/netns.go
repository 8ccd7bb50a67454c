package doctor

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
)

// Namespaces is what came of making namespaces.
type Namespaces struct {
	Hint string // what may forbid them, and what would help
	// Direct was made as root, ByUser in a user namespace of its own, for a look
	// at the kernel from there. One that was not tried is nil.
	Direct, ByUser *NamespaceProbe
}

// NamespaceProbe is an attempt to make the namespaces of a lab and to work in them.
type NamespaceProbe struct {
	Err string // why the child did not come up at all
	Seen
}

// failure is the first thing that a lab needs and that did not work.
func (t *NamespaceProbe) failure() string {
	switch {
	case t == nil:
		return "not tried"
	case t.Err != "":
		return t.Err
	}
	for _, step := range []struct{ what, err string }{
		{"bring up an interface", t.Link}, {"make a bridge and a pair of virtual links", t.Veth},
		{"mount", t.Mount}, {"set a sysctl", t.Sysctl},
	} {
		if step.err != "" {
			return fmt.Sprintf("in a new namespace, %s: %s", step.what, step.err)
		}
	}
	return ""
}

func judgeUserNamespaces(n Namespaces) Check {
	c := Check{Name: "user namespaces", Status: OK, Found: "can be made and used"}
	if why := n.ByUser.failure(); why != "" {
		c.Status, c.Found, c.Remedy = Warn, format.OneLine(why), n.Hint
	}
	return c
}
