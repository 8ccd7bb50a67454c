package preflight

import (
	"cmp"
	"fmt"

	"github.com/lab99/lab99/lab/law"
)

// backendClosesFirst: where Apache closes too, it is a race for the TIME_WAIT.
func backendClosesFirst(f Facts) string {
	why := f.ClosesToo
	if f.KeepAliveOff {
		why = cmp.Or(f.BackendName, "the backend") + "'s KeepAlive is Off, " +
			"so it closes every connection itself, pool or no pool"
	}
	if why == "" {
		return ""
	}
	s := f.Setup
	s.CloseShare = law.MostRaceShare
	often := law.Predict(s)
	text := fmt.Sprintf("%s, and where it is first the TIME_WAIT is not %s's: "+
		"f is %g to %g (an idle machine has the larger one) instead of 1, and error 99 ",
		why, f.Proxy, law.LeastRaceShare, law.MostRaceShare)
	s.CloseShare = law.LeastRaceShare
	seldom := law.Predict(s)
	switch {
	case often.FirstError99S == nil:
		return text + fmt.Sprintf("does not come: even at f = %g the load factor is %.2f", law.MostRaceShare, often.Rho)
	case seldom.FirstError99S == nil:
		return text + fmt.Sprintf("comes after %.2f s at the earliest, and never at the smaller f",
			*often.FirstError99S)
	}
	return text + fmt.Sprintf("comes after %.2f to %.2f s", *often.FirstError99S, *seldom.FirstError99S)
}

// hostNetwork: nothing is the proxy's own then.
func hostNetwork(f Facts) string {
	if !f.HostNetwork {
		return ""
	}
	return fmt.Sprintf("%s is in the host's network namespace: "+
		"its %d ports, the sysctls and tcp_max_tw_buckets are the host's, and every other program there "+
		"that connects to the backend uses them too", f.Proxy, f.Setup.Ports)
}

// spareFiles are what a proxy opens besides connections: logs, listeners, pipes.
const spareFiles = 64

// fewDescriptors: a proxied request takes two, and error 24 comes before 99.
func fewDescriptors(f Facts) string {
	need := 2*f.Connections + spareFiles
	if f.NoFile == 0 || f.Connections == 0 || f.NoFile >= uint64(need) {
		return ""
	}
	return fmt.Sprintf("%s may open %d files, and %d connections need %d, two each and some: "+
		"it runs out of descriptors (error 24) before it runs out of ports",
		f.Proxy, f.NoFile, f.Connections, need)
}

// release reads the first two numbers of uname -r.
func release(kernel string) (major, minor int, known bool) {
	n, err := fmt.Sscanf(kernel, "%d.%d", &major, &minor)
	return major, minor, n == 2 && err == nil
}
