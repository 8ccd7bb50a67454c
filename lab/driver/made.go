package driver

import (
	"context"
	"time"
)

// whenCancelled is how long the answer to an order already given is awaited.
const whenCancelled = 10 * time.Second

// UntilMade is a context for orders to make something. An engine or a cluster goes on with
// what it was asked for when the asker hangs up, and what it then makes is nobody's: so
// the answer is awaited for a while even when ctx has ended.
func UntilMade(ctx context.Context) (context.Context, context.CancelFunc) {
	made, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		late := time.AfterFunc(whenCancelled, cancel)
		context.AfterFunc(made, func() { late.Stop() })
	})
	return made, func() { stop(); cancel() }
}
