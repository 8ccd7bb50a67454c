package loadgen

import (
	"runtime"
	"sync"
)

// procs guards GOMAXPROCS, which is the process's and can only be read and
// then set.
var procs sync.Mutex

// addProcs gives the runtime n more Ps until release. A loop keeps its P while
// it waits in the kernel; without one more, two loops on two cores would leave
// the rest of the program, garbage collector included, standing still.
func addProcs(n int) (release func()) {
	add := func(n int) {
		procs.Lock()
		defer procs.Unlock()
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
	}
	add(n)
	return func() { add(-n) }
}
