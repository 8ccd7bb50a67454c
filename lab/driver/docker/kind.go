package docker

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// kind is which engine it is that answers as Docker does, and what it does in another
// way than Docker.
type kind struct {
	name string
	// leavesTether: a container that ends while others share its namespaces is not
	// removed by the engine, though it was to be (AutoRemove), and neither is it when
	// those others are gone.
	leavesTether bool
}

// kinds are the engines, by the name that one gives itself among the components of
// its version. An engine that is none of them is taken for one that does as Docker.
var kinds = map[string]kind{
	"Engine":        {name: "Docker"},
	"Podman Engine": {name: "Podman", leavesTether: true},
}

// kindOf finds out which it is.
func kindOf(v client.ServerVersionResult) kind {
	for _, c := range v.Components {
		if k, ok := kinds[c.Name]; ok {
			return k
		}
	}
	if len(v.Components) > 0 {
		return kind{name: cmp.Or(strings.TrimSpace(strings.TrimSuffix(v.Components[0].Name, "Engine")), "Docker")}
	}
	return kinds["Engine"] // a Docker of old, which lists none
}

// describe names the engine for people.
func (k kind) describe(info about, api string) string {
	rootless := ""
	if info.Rootless {
		rootless = ", rootless"
	}
	return fmt.Sprintf("%s %s (API %s, %s%s)", k.name, info.ServerVersion, api, info.Driver, rootless)
}
