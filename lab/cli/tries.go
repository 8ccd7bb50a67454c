package cli

import (
	"sync"

	"github.com/lab99/lab99/lab/trace"
)

// tries counts failed connect() calls by eBPF, which takes rights that few have. It is for
// lab.Options.
func tries(namespace uint64) (end func() *int64) {
	t, err := trace.Start(trace.Options{Namespace: namespace})
	if err != nil {
		return func() *int64 { return nil }
	}
	return sync.OnceValue(func() *int64 {
		defer t.Close()
		c, err := t.Counts()
		// A namespace in which nothing was connected is not the one that was meant.
		if err != nil || c.Lost > 0 || c.Succeeded.Count() == 0 {
			return nil
		}
		return new(c.NoPort.Count())
	})
}
