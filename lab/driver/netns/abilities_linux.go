package netns

import (
	"context"
	"errors"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/ability/trial"
	"github.com/lab99/lab99/lab/driver"
)

// Abilities says what the kernel of this machine can do: what was found since it
// booted, or with fresh what is found now, in a child with namespaces of its own.
// Other drivers ask it too, when their hosts run on this very kernel.
func Abilities(ctx context.Context, fresh bool) (ability.Found, error) {
	d := &Driver{machine: driver.Here()}
	var f ability.Found
	err := d.asRootOrNot(ctx, func(ctx context.Context) (err error) {
		f, err = d.Abilities(ctx, fresh)
		return err
	})
	if err != nil {
		return ability.Found{}, forbidden(err)
	}
	return f, nil
}

// abilitiesTimeout bounds what takes 0.3 s, and on an emulated kernel whose reuse counts
// in whole seconds took up to 17.
const abilitiesTimeout = 30 * time.Second

// Abilities is driver.Trier's.
func (d *Driver) Abilities(ctx context.Context, fresh bool) (ability.Found, error) {
	key, known := ability.KeyOf(d.machine.Kernel, !d.rootless)
	if known && !fresh {
		if f, ok := ability.Recall(key); ok {
			return f, nil
		}
	}
	ctx, cancel := bounded(ctx, abilitiesTimeout)
	defer cancel()
	l, err := d.start(ctx, blueprint{Rootless: d.rootless, Try: true}, nil)
	if err != nil {
		return ability.Found{}, err
	}
	if err := l.Down(ctx); err != nil {
		return ability.Found{}, err
	}
	if l.found == nil {
		return ability.Found{}, errors.New("the child did not say what the kernel can do")
	}
	if known && l.found.Lasts() {
		ability.Keep(key, *l.found)
	}
	return *l.found, nil
}

// tried tries, in the child. Where a container hides parts of /proc the child gets
// none of its own, and what can be tried with the old one is.
func tried() event {
	_ = ownMounts()
	f, err := trial.Run()
	if err != nil {
		return event{Error: err.Error()}
	}
	return event{Up: true, Abilities: &f}
}
