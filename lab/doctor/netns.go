package doctor

import "fmt"

// NamespaceFacts is what came of making namespaces.
type NamespaceFacts struct {
	// Direct was made as root, ByUser in a user namespace of its own. One that
	// was not tried is nil.
	Direct, ByUser *Trial
	// Switches are the sysctls that may forbid user namespaces.
	Switches map[string]string
}

// Trial is an attempt to make the namespaces of a lab and to work in them.
type Trial struct {
	Err string // why the child did not come up at all
	InsideFacts
}

// works says whether the driver netns can run.
func (n NamespaceFacts) works() bool {
	return n.Direct.failure() == "" || n.ByUser.failure() == ""
}

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
	c := Check{Name: "driver netns", Status: OK}
	switch {
	case n.Direct.failure() == "":
		c.Found = "as root, in network namespaces of its own"
	case n.ByUser.failure() == "":
		c.Found = "in a user namespace of its own, without root"
	default:
		c.Status, c.Found = Fail, oneLine(n.ByUser.failure())
		if n.Direct != nil {
			c.Found = oneLine(n.Direct.failure())
		}
		c.Remedy = n.permit()
		if f.Engine.Err == "" {
			c.Status = Warn
		}
	}
	return c
}

func judgeUserNamespaces(n NamespaceFacts) Check {
	c := Check{Name: "user namespaces", Status: OK, Found: "can be made and used"}
	if why := n.ByUser.failure(); why != "" {
		c.Status, c.Found, c.Remedy = Warn, oneLine(why), n.permit()
	}
	return c
}

// permit names the switch that is off, or says what else there is to do.
func (n NamespaceFacts) permit() string {
	for _, s := range []struct{ name, off, to string }{
		{"kernel.unprivileged_userns_clone", "0", "1"},
		{"user.max_user_namespaces", "0", "10000"},
		{"kernel.apparmor_restrict_unprivileged_userns", "1", "0"},
	} {
		if n.Switches[s.name] == s.off {
			return fmt.Sprintf("%s is %s: set it to %s (sysctl -w, as root), or run as root, or use an engine", s.name, s.off, s.to)
		}
	}
	if n.Switches == nil {
		return "namespaces are Linux's: use an engine, which brings a Linux of its own"
	}
	return "run as root outside a container, or use an engine"
}
