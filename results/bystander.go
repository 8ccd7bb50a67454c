package results

import "slices"

// The kinds of connection a bystander tries.
const (
	BystanderBackend   = "backend"   // to nginx's own destination: the same tuples
	BystanderElsewhere = "elsewhere" // to another: tuples of its own
	BystanderBind      = "bind"      // to that other one, but bound to a port first
)

// Bystander is one try of another program on the proxy's host.
type Bystander struct {
	Kind  string  `json:"kind"`
	Ms    float64 `json:"ms"`
	Errno string  `json:"errno,omitempty"` // "": it connected; else such as EADDRNOTAVAIL
}

// Opened says whether the kernel counted the try among its active opens: it
// does once a port is found and the SYN leaves.
func (b *Bystander) Opened() bool {
	return slices.Contains([]string{"", "ETIMEDOUT", "ECONNREFUSED", "ECONNRESET"}, b.Errno)
}

// BystanderTries are all tries of a variant, by kind.
type BystanderTries struct {
	Backend   Tries `json:"backend"`
	Elsewhere Tries `json:"elsewhere"`
	Bind      Tries `json:"bind"`
}

// Tries are those of one kind.
type Tries struct {
	Tried         int64    `json:"tried"`
	Failed        int64    `json:"failed"`
	FirstFailureS *float64 `json:"first_failure_s"` // seconds on the load's clock; null: none failed
	Errno         string   `json:"errno,omitempty"` // of the first failure
}

// Of returns those of a kind; nil for a kind that is none.
func (b *BystanderTries) Of(kind string) *Tries {
	switch kind {
	case BystanderBackend:
		return &b.Backend
	case BystanderElsewhere:
		return &b.Elsewhere
	case BystanderBind:
		return &b.Bind
	}
	return nil
}
