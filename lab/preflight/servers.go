package preflight

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
)

// What nginx 1.29.7 made the default of an upstream block: keepalive 32 local.
const (
	pooledMajor, pooledMinor, pooledPatch = 1, 29, 7
	defaultPool                           = 32
)

// poolsByDefault says whether a release keeps upstream connections, and speaks
// HTTP/1.1 to the upstream, without being told.
func poolsByDefault(version string) (yes, known bool) {
	var n [3]int
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false, false
	}
	for i, p := range parts {
		digits := p
		if i == 2 {
			digits = p[:len(p)-len(strings.TrimLeft(p, "0123456789"))]
		}
		v, err := strconv.Atoi(digits)
		if err != nil {
			return false, false
		}
		n[i] = v
	}
	if len(parts) == 2 { // as in the tag 1.30: the newest patch
		n[2] = 99
	}
	at := n[0]<<20 + n[1]<<10 + n[2]
	return at >= pooledMajor<<20+pooledMinor<<10+pooledPatch, true
}

// poolByDefault: what was the cure is now what an unsaid word gives.
func poolByDefault(f Facts) string {
	pooled, known := poolsByDefault(f.NginxVersion)
	if !f.DefaultPool || !known || !pooled {
		return ""
	}
	return fmt.Sprintf("nginx %s keeps %d idle upstream connections in each worker, the default of an upstream block since 1.29.7: next to none is closed, and error 99 "+
		"does not come while no more than %d requests are under way; `keepalive 0` in the block turns it off", f.NginxVersion, defaultPool, defaultPool*max(f.Setup.Workers, 1))
}

// backendClosesFirst: where Apache closes too, it is a race for the TIME_WAIT.
func backendClosesFirst(f Facts) string {
	why, backend := "", f.BackendName
	if backend == "" {
		backend = "Apache"
	}
	pooled, known := poolsByDefault(f.NginxVersion)
	switch {
	case f.KeepAliveOff:
		why = backend + "'s KeepAlive is Off, so it closes every connection itself, pool or no pool"
	case f.ClosedAfter:
		why = "nginx asks for every connection to be closed after the response, so " + backend + " closes it too"
	case f.DefaultProtocol && known && !pooled:
		why = fmt.Sprintf("nginx %s speaks HTTP/1.0 to the backend by default, so %s closes every connection itself", f.NginxVersion, backend)
	default:
		return ""
	}
	s := f.Setup
	s.CloseShare = law.MostRaceShare
	often := law.Predict(s)
	text := fmt.Sprintf("%s, and where it is first the TIME_WAIT is not nginx's: f is %g to %g (an idle machine has the larger one) instead of 1, and error 99 ", why, law.LeastRaceShare, law.MostRaceShare)
	s.CloseShare = law.LeastRaceShare
	seldom := law.Predict(s)
	switch {
	case often.FirstError99S == nil:
		return text + fmt.Sprintf("does not come: even at f = %g the load factor is %.2f", law.MostRaceShare, often.Rho)
	case seldom.FirstError99S == nil:
		return text + fmt.Sprintf("comes after %.2f s at the earliest, and never at the smaller f", *often.FirstError99S)
	}
	return text + fmt.Sprintf("comes after %.2f to %.2f s", *often.FirstError99S, *seldom.FirstError99S)
}

// hostNetwork: nothing is nginx's own then.
func hostNetwork(f Facts) string {
	if !f.HostNetwork {
		return ""
	}
	return fmt.Sprintf("nginx is in the host's network namespace: its %d ports, the sysctls and tcp_max_tw_buckets are the host's, and every other program there that connects to the backend uses them too", f.Setup.Ports)
}

// spareFiles are what nginx opens besides connections: logs, listeners, pipes.
const spareFiles = 64

// fewDescriptors: a proxied request takes two, and error 24 comes before 99.
func fewDescriptors(f Facts) string {
	need := 2*f.Connections + spareFiles
	if f.NoFile == 0 || f.Connections == 0 || f.NoFile >= uint64(need) {
		return ""
	}
	return fmt.Sprintf("nginx may open %d files, and %d connections need %d, two each and some: it runs out of descriptors (error 24) before it runs out of ports", f.NoFile, f.Connections, need)
}

// release reads the first two numbers of uname -r.
func release(kernel string) (major, minor int, known bool) {
	n, err := fmt.Sscanf(kernel, "%d.%d", &major, &minor)
	return major, minor, n == 2 && err == nil
}
