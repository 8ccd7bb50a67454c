package loadgen

import (
	"fmt"
	"math"
	"time"
)

// Burst sends size requests at once at 0, every, 2·every and so on, as a cron
// job or a page with many images does. Between bursts all connections idle for
// one same time, which steady load never shows a server's idle timeout.
//
// Its true rate is a comb of impulses, which no finite number describes: Rate
// is the mean, and Count, the number due before t, is a staircase that stays
// within one burst of the mean's integral.
func Burst(size int, every time.Duration) Profile { return bursting{size, every} }

type bursting struct {
	size  int
	every time.Duration
}

func (b bursting) Rate(time.Duration) float64 { return float64(b.size) / b.every.Seconds() }

func (b bursting) Count(t time.Duration) float64 {
	if t <= 0 {
		return 0
	}
	return float64(b.size) * float64((t-1)/b.every+1) // rounded up, in whole numbers
}

func (b bursting) When(n float64) int64 {
	return toNs(math.Floor(n/float64(b.size)) * float64(b.every))
}

func (b bursting) String() string { return fmt.Sprintf("burst:%d@%v", b.size, b.every) }

// Bursts says of how many requests, and how far apart, the bursts are that a
// profile begins with; ok is false where it begins otherwise.
func Bursts(p Profile) (size int, every time.Duration, ok bool) {
	switch p := p.(type) {
	case bursting:
		return p.size, p.every, true
	case *sequence:
		if len(p.parts) > 0 {
			return Bursts(p.parts[0].Profile)
		}
	}
	return 0, 0, false
}
