package kernel

import (
	"math"
	"time"

	"github.com/lab99/lab99/lab/kernel/guest"
)

// Job is what a guest is to do.
type Job struct {
	Init  string            // the program that is the guest's init: this one, linked statically
	Tool  string            // lab99, linked statically
	Trees map[string]string // directories of the host's to their place in the guest
	Tasks []guest.Task
	CPU   int           // of the host's, to which the guest is bound
	Say   func(string)  // what the guest is doing; nil: nobody asks
	Up    time.Duration // for the kernel to come up; 0: a minute
	Limit time.Duration // of the whole guest
}

// Result is what a guest left.
type Result struct {
	Kernel      string  `json:"kernel"` // its release, as it says itself
	Accelerator string  `json:"accelerator,omitempty"`
	BootS       float64 `json:"boot_s"` // from its start to its init, on the host's clock
	WallS       float64 `json:"wall_s"`
	Tasks       map[string]*Task
	Notes       []string
	Clock       Clock
	Console     []byte // the end of it
}

// Task is what one task left.
type Task struct {
	guest.Outcome
	Stdout, Stderr []byte
	Files          map[string][]byte
}

// Clock holds the guest's clock against the host's.
type Clock struct{ ticks [][2]float64 } // guest, host: seconds

func (c *Clock) add(guest, host float64) { c.ticks = append(c.ticks, [2]float64{guest, host}) }

// Apart is by how much the two clocks drifted apart and came together again
// between two moments of the guest's: the width of the band in which their
// difference lies. It holds the delay of the console too, so it errs on the side of
// distrust. No ticks there: it is not known.
func (c *Clock) Apart(from, to float64) (float64, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, t := range c.ticks {
		if t[0] < from-1 || t[0] > to+1 {
			continue
		}
		low, high = min(low, t[1]-t[0]), max(high, t[1]-t[0])
	}
	return high - low, high >= low
}
