package proxy

import (
	"fmt"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios"
)

// Adopting is a kind that reads a configuration of the user's own: what that does to
// connections, and how the lab runs it.
type Adopting interface {
	// Adopt fails with the place of what cannot be run.
	Adopt(v scenarios.Variant, at Site) (*Adopted, error)
}

// Recognising is a kind that knows its configuration by how it looks, where a file is given
// for another kind's.
type Recognising interface {
	// Recognises says that a text is its own rather than another kind's. It may be wrong.
	Recognises(text []byte) bool
}

// Adopted is a configuration of the user's own as the lab runs it.
type Adopted struct {
	Config
	// Laws is what it does to connections. It says nothing where Own.Unknown does.
	Laws  law.Conduct
	Words string // for Laws, a line
	// Heaviest is the share of the requests that the destination with the most gets; 0:
	// all get the same.
	Heaviest float64
	// ProxyProtocol is that of Policy.
	ProxyProtocol bool
	// Own is what it does to the load. Its Laws are made of the above.
	Own scenarios.Own
}

// ConfigureOwn is how the lab runs a configuration of the user's own.
func ConfigureOwn(k Adopting, v scenarios.Variant, at Site) (Config, error) {
	if v.Proxy.Addresses > 1 || v.Backend.Secure() || at.Socket != "" {
		return Config{}, fmt.Errorf("%s is set up for one source address and a backend over HTTP at an address",
			v.Proxy.Kind)
	}
	if len(at.Backends) == 0 {
		return Config{}, fmt.Errorf("no backend address to put into %s", v.ProxyFile.Label)
	}
	a, err := k.Adopt(v, at)
	if err != nil {
		return Config{}, err
	}
	if a.ProxyProtocol && v.Backend.Kind == scenarios.BackendAgent {
		return Config{}, fmt.Errorf("%s speaks the PROXY protocol, which the lab's own backend does not: "+
			"it needs backend.kind: httpd",
			v.ProxyFile.Label)
	}
	return a.Config, nil
}

// adopt has the kind of a variant's proxy read its configuration of the user's own; nil
// where the kind does not, or cannot.
func adopt(v scenarios.Variant) *Adopted {
	k, ok := Of(v).(Adopting)
	if !ok || !v.OwnConfig() {
		return nil
	}
	a, err := k.Adopt(v, Example(v))
	if err != nil {
		return nil // who renders it says why
	}
	return a
}

// policy is what the laws are told; false where they cannot be.
func (a *Adopted) policy() (Policy, bool) {
	if a == nil || a.Own.Unknown != "" || !a.Own.Passed {
		return Policy{}, false
	}
	return Policy{Name: "own", Words: a.Words, Laws: a.Laws, ProxyProtocol: a.ProxyProtocol}, true
}

// own is what the judge and the plan are told, for a release of the kind.
func (a *Adopted) own(release, method string) *scenarios.Own {
	o := a.Own
	o.Release = release
	o.Laws = law.Setup{Sources: 1, Destinations: max(1, o.Servers), HeaviestShare: a.Heaviest}.By(a.Laws.For(method))
	return &o
}
