package trial

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The figures are recorded: of Debian's kernels in user-mode Linux (UML) or an
// emulator (TCG), and of 6.18 natively, 2026-11-29.

func TestCountedAtCreation(t *testing.T) {
	for name, tc := range map[string]struct {
		counted, made int64
		want          string
	}{
		"5.10.262 TCG":  {0, 50, "no"}, // 50 closed first, TW moved by none
		"6.1.176 UML":   {50, 50, "yes"},
		"6.1.176 again": {9, 8, "yes"},
		"6.12.113 UML":  {50, 50, "yes"},
		"7.2.7 UML":     {50, 50, "yes"},
		"an oddity":     {13, 50, "TW moved by 13"},
	} {
		got, err := countedAtCreation(tc.counted, tc.made)
		if answer(got, err) != tc.want && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %s, want %s", name, answer(got, err), tc.want)
		}
	}
}

func answer(b *bool, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case *b:
		return "yes"
	}
	return "no"
}

// TestWholeSeconds: the ages at which tuples were given away, at both ends of what
// was seen. Where reuse counts in whole seconds the age ends when the second does.
func TestWholeSeconds(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for name, tc := range map[string]struct {
		phase, age time.Duration // of the clock's second when it was made; when it was given away
		delay      *bool
		want       string
	}{
		"5.10.46 UML, early":        {570 * ms, 430 * ms, new(false), "yes"},
		"5.10.262 TCG, early":       {870 * ms, 130 * ms, new(false), "yes"},
		"5.10.262 TCG, late":        {180 * ms, 820 * ms, new(false), "yes"},
		"6.1 UML":                   {170 * ms, 830 * ms, new(false), "yes"},
		"6.12.113 UML, a tick late": {850 * ms, 160 * ms, new(false), "yes"},
		"no sysctl, milliseconds":   {500 * ms, 1003 * ms, new(false), "no"},
		"6.16 TCG, delay 50":        {200 * ms, 52 * ms, new(true), "no"},
		"7.2 UML, delay 50":         {690 * ms, 61 * ms, new(true), "no"},
		"a delay that is ignored":   {900 * ms, 101 * ms, new(true), "yes"},
		"both at once":              {950 * ms, 51 * ms, new(true), "together"},
		"neither":                   {200 * ms, 300 * ms, new(true), "neither"},
		"at once":                   {200 * ms, 5 * ms, new(true), "neither"},
	} {
		made := 1234*s + tc.phase
		whole, err := wholeSeconds(made, made+tc.age, tc.delay)
		if got := answer(&whole, err); got != tc.want && (err == nil || !strings.Contains(got, tc.want)) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestTicksPerSecond: CLOCK_MONOTONIC_COARSE's resolution against the smallest step of
// a timer.
func TestTicksPerSecond(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		jiffy, smallest time.Duration
		want            int // 0: an error
	}{
		"Debian's UML":        {10 * ms, 10 * ms, 100},
		"6.18 here":           {4 * ms, 4 * ms, 250},
		"HZ=300":              {3333333, 3 * ms, 300},
		"HZ=1000":             {ms, ms, 1000},
		"HZ=1000, one missed": {ms, 2 * ms, 1000},
		"HZ=1024":             {976563, ms, 1024},
		"the clock is wrong":  {10 * ms, 4 * ms, 0},
		"the timer is slower": {ms, 4 * ms, 0},
		"nothing moved":       {4 * ms, 0, 0},
	} {
		got, err := ticksPerSecond(tc.jiffy, tc.smallest)
		if got != tc.want || (err == nil) != (tc.want > 0) {
			t.Errorf("%s: %d, %v; want %d", name, got, err, tc.want)
		}
	}
}

// TestParity: Linux 6.1 accepts the option and keeps to one parity; from 6.8 on
// ports come one by one.
func TestParity(t *testing.T) {
	for name, tc := range map[string]struct {
		ports []int
		want  string
	}{
		"6.1":           {[]int{20120, 20122, 20124, 20126, 20000}, "no"},
		"6.12":          {[]int{20120, 20121, 20122, 20123, 20124}, "yes"},
		"not the range": {[]int{32768}, "it gave 32768"},
	} {
		got, err := parityMixed(tc.ports, 20000, 20127)
		if a := answer(got, err); a != tc.want && (err == nil || !strings.Contains(a, tc.want)) {
			t.Errorf("%s: %s, want %s", name, a, tc.want)
		}
	}
}

// TestPerPort: medians of connect() before and after half of a range were measured
// on these kernels. Slower calls beside them, of a machine that was busy, change nothing.
func TestPerPort(t *testing.T) {
	const us = time.Microsecond
	for name, tc := range map[string]struct {
		before, after time.Duration
		ports         int
		want          float64 // ns a port
	}{
		"6.12 UML":       {23 * us, 946 * us, 28232, 65.4},
		"7.2 UML":        {23 * us, 654 * us, 28232, 44.7},
		"6.18 here":      {9 * us, 1559 * us, 28232, 109.8},
		"no step at all": {23 * us, 20 * us, 4096, 0},
	} {
		const slow = 50 * time.Millisecond
		got := *perPort([]time.Duration{slow, 2 * tc.before, tc.before}, []time.Duration{3 * tc.after, slow, 2 * tc.after, tc.after, slow},
			tc.ports/2)
		if got != tc.want {
			t.Errorf("%s: %v ns, want %v", name, got, tc.want)
		}
	}
}

// TestDecide: "there is none" and "you may not" are two things.
func TestDecide(t *testing.T) {
	for err, want := range map[error]string{
		nil: "yes", unix.ENOSYS: "no", unix.ENOPROTOOPT: "no", unix.EOPNOTSUPP: "no", unix.ENOENT: "no",
		unix.EPERM: "operation not permitted", unix.EROFS: "read-only file system", unix.EMFILE: "too many open files",
	} {
		if got := answer(decide(err)); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
	if _, err := allowed(unix.EPERM); err == nil || !strings.Contains(err.Error(), "seccomp") {
		t.Error(err)
	}
}
