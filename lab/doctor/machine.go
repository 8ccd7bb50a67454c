package doctor

import (
	"fmt"

	"github.com/lab99/lab99/lab/driver"
)

func judgeDescriptors(hard uint64) Check {
	c := Check{Name: "descriptors", Status: OK, Found: fmt.Sprintf("at most %d a process", hard)}
	switch {
	case hard == 0:
		c.Found = "not known on this system"
	case hard < driver.WantFiles:
		c.Status = Warn
		c.Remedy = fmt.Sprintf("raise the hard limit to %d (ulimit -Hn as root, or limits.conf): "+
			"`lab99 load` and the driver netns live by it", driver.WantFiles)
	}
	return c
}

func judgeCPUs(f Findings) Check {
	n := f.machine().CPUs
	c := Check{Name: "CPUs", Status: OK, Found: fmt.Sprint(n)}
	if n < 2 {
		c.Status, c.Remedy = Warn, "give it a second one: here the generator and nginx share one, "+
			"and the larger sizes come out invalid"
	}
	return c
}

// wantMiB is ample: nginx, httpd and three agents take some 200 MiB, and the
// error log of the full size is in memory too.
const wantMiB = 1024

func judgeMemory(f Findings) Check {
	mib := f.machine().MemoryMiB
	c := Check{Name: "memory", Status: OK, Found: fmt.Sprintf("%d MiB", mib)}
	switch {
	case mib == 0:
		c.Found = "not known on this system"
	case mib < wantMiB:
		c.Status, c.Remedy = Warn, fmt.Sprintf("stay with --size quick, or give it %d MiB", wantMiB)
	}
	return c
}
