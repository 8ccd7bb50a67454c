package lab

import (
	"context"
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

// foundOf is what is known of a host's kernel: in a cluster it need not be the one that was
// tried for the run.
func foundOf(h results.HostEnv, ofRun *ability.Found) *ability.Found {
	if h.Place != nil && h.Place.Abilities != nil {
		return h.Place.Abilities
	}
	return ofRun
}

// Abilities are those of the kernel that the hosts of a driver run on. That they cannot be
// found out is no reason not to run: the laws then take them as usual.
func Abilities(ctx context.Context, d driver.Driver) ability.Found {
	t, ok := d.(driver.Trier)
	if !ok {
		return ability.Nothing(fmt.Sprintf("the driver %s cannot try it", d.Name()))
	}
	f, err := t.Abilities(ctx, false)
	if err != nil {
		return ability.Nothing(format.OneLine(err.Error()))
	}
	return f
}
