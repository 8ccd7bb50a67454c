package diagnose

import (
	"time"

	"github.com/lab99/lab99/internal/format"
)

// halfRange: connect() has become slow, or gets too slow for this machine, and does not fail.
func halfRange(v *view) {
	for i := range v.Tuples {
		t := &v.Tuples[i]
		if t.State != Slow {
			continue
		}
		call, errno := t.failure()
		if t.outruns() {
			level := Critical
			if *t.HalfRangeS > v.horizon.Seconds() {
				level = Warning
			}
			v.sayOf(t, level, firstAid(v, t),
				"%s, %s: half of them are taken %s, and %s then takes about %s, "+
					"which is %s cores of the %d there are: no more than %s a second can be made, "+
					"and requests are slow. So error %d does not come at this load",
				t.taken(), t.coming(), t.when(t.HalfRangeS, "now"), call, t.afterHalf(),
				format.Rough(t.coresAfterHalf()), t.setup.Workers,
				format.Rough(float64(t.setup.Workers)*t.setup.ConnectCeiling()), errno)
			continue
		}
		v.sayOf(t, Warning, v.seen.useAgain()+"; or widen net.ipv4.ip_local_port_range",
			"%s: beyond half of them each %s looks through one parity first, which takes about %s; "+
				"error %d is not due at this load", t.taken(), call, t.afterHalf(), errno)
	}
}

// afterHalf is what connect() costs once half the range is taken.
func (t *Tuple) afterHalf() time.Duration {
	return time.Duration(t.ConnectUs * 1000).Round(10 * time.Microsecond)
}
