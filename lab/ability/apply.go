package ability

import (
	"time"

	"github.com/lab99/lab99/lab/law"
)

// Apply puts into a setup what was found. What is not known stays as on the kernel
// that the laws were measured on.
//
// Of a kernel without tcp_tw_reuse_delay, in a container that may not set
// tcp_tw_reuse, it is not known how reuse counts. The interval of whole seconds
// holds either way, since a second counted in milliseconds is at its near end. Before
// 4.19 it does not (Known.TwoSeconds).
func (f Found) Apply(s law.Setup) law.Setup {
	switch whole, delay := f.ReuseCountsWholeSeconds, f.TwReuseDelay; {
	case whole != nil:
		s.ReuseWholeSeconds = *whole
	case delay != nil && !*delay:
		s.ReuseWholeSeconds = true
	}
	if f.HZ != nil {
		s = s.WithHZ(*f.HZ)
	}
	if f.ScanTimeWaitNs != nil && f.ScanPorts != nil {
		s.ScanTimeWait, s.ScanPorts = nanos(*f.ScanTimeWaitNs), *f.ScanPorts
		if f.ScanEstablishedNs != nil {
			s.ScanEstablished = nanos(*f.ScanEstablishedNs)
		}
	}
	return s
}

// nanos keeps a cost that rounds to nothing apart from one that is not known.
func nanos(ns float64) time.Duration { return max(time.Duration(ns+0.5), 1) }
