package loadgen

import (
	"runtime"
	"sync"
)

// procs guards GOMAXPROCS, which is the process's and can only be read and
// then set.
var procs struct {
	sync.Mutex
	set int // by the last addProcs; anything else was set by the program since, and stays
}

// addProcs gives the runtime n more Ps until release. A loop keeps its P while
// it waits in the kernel; without one more, two loops on two cores would leave
// the rest of the program, garbage collector included, standing still.
func addProcs(n int) (release func()) {
	procs.Lock()
	defer procs.Unlock()
	procs.set = runtime.GOMAXPROCS(0) + n
	runtime.GOMAXPROCS(procs.set)
	return func() {
		procs.Lock()
		defer procs.Unlock()
		if runtime.GOMAXPROCS(0) == procs.set {
			procs.set -= n
			runtime.GOMAXPROCS(procs.set)
		}
	}
}
