package lab

import (
	"context"
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
)

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
