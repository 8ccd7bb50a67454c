package chart

import (
	"math"

	"github.com/lab99/lab99/results"
)

// causes are what failed in an interval, by cause.
type causes struct{ error99, untried, other float64 }

func causesOf(e results.Errors) causes {
	return causes{float64(e.Error99), float64(e.NoLiveUpstreams), float64(e.Other)}
}

// of are n failures in the same proportions.
func (c causes) of(n float64) causes {
	all := c.error99 + c.untried + c.other
	if all == 0 {
		return causes{}
	}
	return causes{n * c.error99 / all, n * c.untried / all, n * c.other / all}
}

// failures calls each with what failed in an interval, by cause. The generator often
// cannot tell causes apart: a reply of 503 is one of several, and in TCP mode there is
// none. Where its sums are not the judge's, the proxy's log says when what failed.
func (v *variant) failures(each func(from, to float64, c causes)) {
	said := v.saidByLoad()
	logged, read := v.saidByLog()
	switch judged := v.Errors; {
	case v.Plan.OwnConfig != "" && read:
		v.logged(causes{1, 1, 1}, each)
	case judged == nil || likely(*judged, said):
		v.each(func(from, to float64, l *results.Load) { each(from, to, causesOf(l.Errors)) })
	case has(logged.Error99, judged.Error99) && has(logged.NoLiveUpstreams, judged.NoLiveUpstreams):
		v.logged(causes{
			ratio(judged.Error99, logged.Error99), ratio(judged.NoLiveUpstreams, logged.NoLiveUpstreams),
			ratio(judged.Other, logged.Other),
		}, each)
	default:
		v.ordered(*judged, each)
	}
}

// likely says whether two counts of the same failures agree, but for what the end of the
// samples cut off.
func likely(a, b results.Errors) bool {
	return 20*math.Abs(float64(a.Error99-b.Error99)) <= float64(a.Total()) &&
		20*math.Abs(float64(a.NoLiveUpstreams-b.NoLiveUpstreams)) <= float64(a.Total())
}

// has says whether the log has lines of failures, if there were any.
func has(lines, failures int64) bool { return lines > 0 || failures == 0 }

// ratio is how many failures a line stands for: a fourth of one where a request is
// tried four times.
func ratio(failures, lines int64) float64 {
	if lines == 0 {
		return 0
	}
	return float64(failures) / float64(lines)
}

// each calls f with the generator's samples.
func (v *variant) each(f func(from, to float64, l *results.Load)) {
	for _, s := range v.Data.Samples {
		if s.Load != nil && s.Load.IntervalS > 0 {
			f(s.T-s.Load.IntervalS, s.T, s.Load)
		}
	}
}

// saidByLoad are the causes that the generator told, in all.
func (v *variant) saidByLoad() (all results.Errors) {
	v.each(func(_, _ float64, l *results.Load) {
		all.Error99 += l.Errors.Error99
		all.NoLiveUpstreams += l.Errors.NoLiveUpstreams
		all.Other += l.Errors.Other
	})
	return all
}

// saidByLog are the lines of the log, in all; false where it was not read while the load
// ran, and so has gained nothing in any interval.
func (v *variant) saidByLog() (all results.Errors, read bool) {
	for _, s := range v.Data.Samples {
		if s.Net != nil && s.Net.Log != nil {
			all, read = *s.Net.Log, true
		}
	}
	return all, read
}

// logged goes by what the log gained, of which each line is so many failures.
func (v *variant) logged(per causes, each func(from, to float64, c causes)) {
	var from float64
	var before results.Errors
	for _, s := range v.Data.Samples {
		if s.Net == nil || s.Net.Log == nil {
			continue
		}
		now := *s.Net.Log
		each(from, s.T, causes{
			per.error99 * float64(now.Error99-before.Error99),
			per.untried * float64(now.NoLiveUpstreams-before.NoLiveUpstreams),
			per.other * float64(now.Other-before.Other),
		})
		from, before = s.T, now
	}
}

// ordered is for a log that is read after the load, and has no times. A proxy with a
// blackout tries once when its ports have run out, and then not before the blackout is
// over; whatever else fails has the judge's proportions.
func (v *variant) ordered(judged results.Errors, each func(from, to float64, c causes)) {
	rest, dark := causesOf(judged), v.blackout()
	tries, tried := judged.Error99, math.Inf(-1)
	if dark > 0 {
		rest.error99 = 0
	}
	v.each(func(from, to float64, l *results.Load) {
		n := float64(l.Errors.Total())
		first := n > 0 && dark > 0 && tries > 0 && to-tried >= dark
		if first {
			n, tried, tries = n-1, to, tries-1
		}
		c := rest.of(n)
		if first {
			c.error99++
		}
		each(from, to, c)
	})
}

// blackout is how long the proxy tries no connection after one that found no port, in
// seconds; 0: it always tries.
func (v *variant) blackout() float64 {
	if s := v.Plan.Setup; s != nil && s.Conduct != nil {
		return s.Conduct.Blackout.Seconds()
	}
	return 0
}
