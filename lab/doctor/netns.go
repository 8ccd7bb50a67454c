package doctor

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
)

// NamespaceFacts is what came of making namespaces.
type NamespaceFacts struct {
	// Err is why the driver netns cannot run, by its own word: what a run would
	// meet. Hint is what may forbid it, and what would help.
	Err, Hint string
	// Direct was made as root, ByUser in a user namespace of its own, for a look
	// at the kernel from there. One that was not tried is nil.
	Direct, ByUser *Trial
}

// Trial is an attempt to make the namespaces of a lab and to work in them.
type Trial struct {
	Err string // why the child did not come up at all
	InsideFacts
}

// works says whether the driver netns can run.
func (n NamespaceFacts) works() bool { return n.Err == "" }

// failure is the first thing that a lab needs and that did not work.
func (t *Trial) failure() string {
	switch {
	case t == nil:
		return "not tried"
	case t.Err != "":
		return t.Err
	}
	for _, step := range []struct{ what, err string }{
		{"bring up an interface", t.Link}, {"make a bridge and a pair of virtual links", t.Veth}, {"mount", t.Mount}, {"set a sysctl", t.Sysctl},
	} {
		if step.err != "" {
			return fmt.Sprintf("in a new namespace, %s: %s", step.what, step.err)
		}
	}
	return ""
}

func judgeNetns(f Facts) Check {
	n := f.Namespaces
	c := Check{Name: "driver netns", Status: OK, Found: "in a user namespace of its own, without root"}
	if n.Direct.failure() == "" {
		c.Found = "as root, in network namespaces of its own"
	}
	if !n.works() {
		c.Status, c.Found, c.Remedy = Fail, format.OneLine(n.Err), n.Hint
		if f.Engine.Err == "" {
			c.Status = Warn
		}
	}
	return c
}

func judgeUserNamespaces(n NamespaceFacts) Check {
	c := Check{Name: "user namespaces", Status: OK, Found: "can be made and used"}
	if why := n.ByUser.failure(); why != "" {
		c.Status, c.Found, c.Remedy = Warn, format.OneLine(why), n.Hint
	}
	return c
}
