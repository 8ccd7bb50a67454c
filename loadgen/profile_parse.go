package loadgen

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseProfile reads a profile as scenario files and the command line write
// it: parts joined by commas, played one after the other.
//
//	1000                    constant, for ever
//	constant:1000/10s       for ten seconds
//	ramp:100..5000/30s      linear
//	hold:10s                the rate the previous part ended with
//	steps:100..500x5/10s    5 steps from 100 to 500, ten seconds each
//	sine:1000~500@60s/5m    mean, amplitude, period, for five minutes
//	burst:20@1001ms/10s     20 at once, every 1001 ms
//	poisson:42              last: random arrivals with the rate of all before
func ParseProfile(s string) (Profile, error) {
	p, err := parseProfile(s)
	switch {
	case err == nil:
		return p, nil
	case strings.Contains(s, ","):
		return nil, fmt.Errorf("profile %q: %w", s, err)
	}
	return nil, fmt.Errorf("profile %w", err) // of one part, which the error names
}

func parseProfile(s string) (Profile, error) {
	var (
		parts []Part
		words = strings.Split(s, ",")
		seed  *uint64
	)
	for i, word := range words {
		kind, arg, ok := strings.Cut(strings.TrimSpace(word), ":")
		if !ok {
			if _, err := parseRate(kind); err != nil && !strings.Contains(kind, "/") {
				return nil, fmt.Errorf("%q: want requests per second, 0 to %d, or a part such as ramp:100..5000/30s",
					word, MaxRate)
			}
			kind, arg = "constant", kind
		}
		if i > 0 && len(parts) > 0 && parts[len(parts)-1].For == 0 && kind != "poisson" {
			return nil, fmt.Errorf("%q can never begin: the part before it has no end; "+
				"give that one a time, as in constant:1000/10s", word)
		}
		switch kind {
		case "poisson":
			n, err := strconv.ParseUint(arg, 10, 64)
			if err != nil || i != len(words)-1 || i == 0 {
				return nil, fmt.Errorf("%q: want poisson:SEED, after all other parts", word)
			}
			seed = &n
		case "hold":
			d, err := parseFor(arg)
			if err != nil || len(parts) == 0 {
				return nil, fmt.Errorf("%q: want hold:DURATION, after another part", word)
			}
			last := parts[len(parts)-1]
			parts = append(parts, Part{Constant(last.Rate(last.For)), d})
		default:
			more, err := parsePart(kind, arg)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", word, err)
			}
			parts = append(parts, more...)
		}
	}
	p := Sequence(parts...)
	if len(parts) == 1 && parts[0].For == 0 {
		p = parts[0].Profile
	}
	if seed != nil {
		p = Poisson(p, *seed)
	}
	return p, nil
}

func parsePart(kind, arg string) ([]Part, error) {
	arg, span, timed := strings.Cut(arg, "/")
	var d time.Duration
	if timed {
		var err error
		if d, err = parseFor(span); err != nil {
			return nil, err
		}
	}
	switch kind {
	case "constant":
		r, err := parseRate(arg)
		return []Part{{Constant(r), d}}, err
	case "ramp":
		from, to, err := parseRange(arg)
		if err == nil && !timed {
			err = errors.New("want a time, as in ramp:100..5000/30s")
		}
		return []Part{{Ramp(from, to, d), d}}, err
	case "steps":
		span, count, ok := strings.Cut(arg, "x")
		from, to, err := parseRange(span)
		n, errN := strconv.Atoi(count)
		if err = errors.Join(err, errN); err != nil || !ok || !timed || n < 2 || n > 1000 {
			return nil, errors.New("want steps:FROM..TOxCOUNT/EACH, as in steps:100..500x5/10s, of 2 to 1000 steps")
		}
		var parts []Part
		for i := range n {
			parts = append(parts, Part{Constant(from + (to-from)*float64(i)/float64(n-1)), d})
		}
		return parts, nil
	case "sine":
		levels, period, _ := strings.Cut(arg, "@")
		mean, swing, _ := strings.Cut(levels, "~")
		m, err1 := parseRate(mean)
		a, err2 := parseRate(swing)
		t, err3 := parseFor(period)
		if errors.Join(err1, err2, err3) != nil || a > m || m == 0 {
			return nil, errors.New("want sine:MEAN~AMPLITUDE@PERIOD, as in sine:1000~500@60s, " +
				"with no more amplitude than mean")
		}
		return []Part{{Sine(m, a, t), d}}, nil
	case "burst":
		size, every, _ := strings.Cut(arg, "@")
		n, err1 := strconv.Atoi(size)
		t, err2 := parseFor(every)
		if errors.Join(err1, err2) != nil || n < 1 || float64(n) > MaxRate*t.Seconds() {
			return nil, fmt.Errorf("want burst:SIZE@EVERY, as in burst:20@1001ms, of at most %d a second on average",
				MaxRate)
		}
		return []Part{{Burst(n, t), d}}, nil
	}
	return nil, errors.New("want one of constant, ramp, hold, steps, sine, burst, poisson")
}

func parseRange(s string) (from, to float64, err error) {
	a, b, ok := strings.Cut(s, "..")
	from, err1 := parseRate(a)
	to, err2 := parseRate(b)
	if err := errors.Join(err1, err2); err != nil || !ok {
		return 0, 0, errors.New("want two rates, as in 100..5000")
	}
	return from, to, nil
}

func parseRate(s string) (float64, error) {
	r, err := strconv.ParseFloat(s, 64)
	if err != nil || !(r >= 0 && r <= MaxRate) {
		return 0, fmt.Errorf("rate %q: want requests per second, 0 to %d", s, MaxRate)
	}
	return r, nil
}

func parseFor(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > MaxDuration {
		return 0, fmt.Errorf("time %q: want one like 500ms, 30s or 5m, up to %v", s, MaxDuration)
	}
	return d, nil
}
