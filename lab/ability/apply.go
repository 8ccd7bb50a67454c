package ability

import (
	"time"

	"github.com/lab99/lab99/lab/law"
)

// Apply puts into a setup what was found. What is not known stays as on the kernel
// that the laws were measured on.
func (f Found) Apply(s law.Setup) law.Setup {
	if f.ReuseCountsWholeSeconds != nil {
		s.ReuseWholeSeconds = *f.ReuseCountsWholeSeconds
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
