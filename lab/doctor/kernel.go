package doctor

import "github.com/lab99/lab99/internal/format"

// inside is the best look into a new namespace that was had, nil without one.
func (n Namespaces) inside() *Seen {
	for _, t := range []*NamespaceProbe{n.Direct, n.ByUser} {
		if t != nil && t.Err == "" {
			return &t.Seen
		}
	}
	return nil
}

func judgeKernel(f Findings) Check {
	c := Check{Name: "kernel", Status: OK, Found: f.Here.Kernel}
	if c.Found == "" {
		c.Found = "this is not Linux; the hosts would run on kernel " + f.machine().Kernel
	}
	return c
}

const unseen = "could not be looked at, for want of a namespace to look from"

// judgeSockDiag: without sock_diag no socket is counted, and there is no lab.
func judgeSockDiag(f Findings) Check {
	c := Check{Name: "INET_DIAG", Status: OK}
	in := f.Namespaces.inside()
	switch {
	case in == nil:
		c.Found = unseen
	case in.Dump != "":
		c.Status, c.Found = Fail, format.OneLine(in.Dump)
		c.Remedy = "modprobe tcp_diag, or a kernel with CONFIG_INET_DIAG: the lab counts sockets with it"
	case in.Destroy != "":
		c.Found = "lists sockets; SOCK_DESTROY does not work, and the lab does not need it"
	default:
		c.Found = "lists sockets, and SOCK_DESTROY ends them"
	}
	return c
}
