package doctor

import "fmt"

// Conntrack is the kernel's table of connections.
type Conntrack struct {
	Loaded bool
	Max    int // entries, of every namespace
}

// wantEntries is what the full size opens: three times the default range.
const wantEntries = 3 * 28232

// judgeConntrack: a full table drops packets, which is no error 99.
func judgeConntrack(f Findings) Check {
	c := Check{Name: "conntrack", Status: OK, Found: "not loaded"}
	if !f.Conntrack.Loaded {
		return c
	}
	c.Found = fmt.Sprintf("%d entries at most", f.Conntrack.Max)
	if in := f.Namespaces.inside(); in != nil && in.Tracked != nil {
		if c.Found += "; a new namespace is not tracked, until something puts rules into it"; *in.Tracked {
			c.Found = fmt.Sprintf("%d entries at most; a new namespace is tracked from the start", f.Conntrack.Max)
		}
	}
	if f.Conntrack.Max < wantEntries {
		c.Status = Warn
		c.Remedy = fmt.Sprintf("sysctl -w net.netfilter.nf_conntrack_max=%d for the full size, "+
			"which is invalid otherwise; the smaller ones fit", 2*wantEntries)
	}
	return c
}
