package ability

import "github.com/lab99/lab99/internal/format"

// The figures are the machine's as much as the kernel's: one Xeon takes 110 ns
// over a port in TIME_WAIT where another takes 250.

const scanTried = "takes half of a range of some 4,096 ports, and compares the quickest connect() before and after"

var scanTimeWait = Ability{
	ID:     "scan_time_wait_ns",
	Name:   "connect() past half the range, for each port in TIME_WAIT that it tries",
	Tried:  scanTried + "; the ports are in TIME_WAIT",
	figure: func(f Found) string { return nanoseconds(f.ScanTimeWaitNs) },
}

var scanEstablished = Ability{
	ID:     "scan_established_ns",
	Name:   "connect() past half the range, for each port of an open connection that it tries",
	Tried:  scanTried + "; the ports are those of open connections",
	figure: func(f Found) string { return nanoseconds(f.ScanEstablishedNs) },
}

var scanPorts = Ability{
	ID:    "scan_ports",
	Name:  "ports of the range in which that was measured",
	Tried: "4,096, or as many as the limit of open files allows",
	figure: func(f Found) string {
		if f.ScanPorts == nil {
			return ""
		}
		return format.Grouped(*f.ScanPorts)
	},
}
