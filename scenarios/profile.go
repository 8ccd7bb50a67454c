package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Profile is the rate over time in loadgen's words, "" for a constant one. What
// load.profile leaves out is the variant's own, so that the load follows
// --set size.rate and a duration that is made to fit:
//
//	poisson:99                        random arrivals at the rate
//	burst:64                          64 at once, as often as makes the rate
//	burst:@1001ms                     every 1001 ms, as many as make the rate
//	constant:1x,constant:0.02x/60s    the rate, and for the last 60 s a fiftieth of it
//
// A word that leaves out nothing stands as it is.
func (v Variant) Profile() string {
	if v.Load.Profile == "" {
		return ""
	}
	words := strings.Split(v.Load.Profile, ",")
	if strings.HasPrefix(words[0], "poisson:") {
		words = append([]string{"constant:1x"}, words...)
	}
	for i, word := range words {
		kind, arg, _ := strings.Cut(strings.TrimSpace(word), ":")
		switch kind {
		case "burst":
			words[i] = kind + ":" + v.burst(arg)
		case "constant":
			rate, span, timed := strings.Cut(arg, "/")
			words[i] = kind + ":" + v.times(rate)
			if !timed && goesOn(words, i) {
				span, timed = (v.Duration - spans(words)).String(), true
			}
			if timed {
				words[i] += "/" + span
			}
		}
	}
	return strings.Join(words, ",")
}

// times is a rate, of which 0.5x is half the variant's.
func (v Variant) times(rate string) string {
	if m := multipleRE.FindStringSubmatch(rate); m != nil {
		x, _ := strconv.ParseFloat(m[1], 64) // the pattern lets nothing else through
		return strconv.FormatFloat(x*v.Rate, 'g', -1, 64)
	}
	return rate
}

// burst completes SIZE@EVERY by the rate.
func (v Variant) burst(arg string) string {
	arg, span, timed := strings.Cut(arg, "/")
	size, every, _ := strings.Cut(arg, "@")
	switch {
	case size == "":
		if t, err := time.ParseDuration(every); err == nil {
			size = strconv.Itoa(max(1, int(math.Round(v.Rate*t.Seconds()))))
		}
	case every == "":
		if n, err := strconv.Atoi(size); err == nil && v.Rate > 0 {
			every = time.Duration(float64(n) / v.Rate * 1e9).String()
		}
	}
	if timed {
		every += "/" + span
	}
	return fmt.Sprintf("%s@%s", size, every)
}

// spans adds up the parts that say how long they take.
func spans(words []string) time.Duration {
	var sum time.Duration
	for _, word := range words {
		_, span, _ := strings.Cut(word, "/")
		if t, err := time.ParseDuration(span); err == nil {
			sum += t
		}
	}
	return sum
}

// goesOn says whether another part follows part i, so that it has to end.
func goesOn(words []string, i int) bool {
	return i < len(words)-1 && !strings.HasPrefix(strings.TrimSpace(words[i+1]), "poisson:")
}

// untimedParts counts the parts of a constant rate that must end but do not say
// when, and adds up how long all others take.
func untimedParts(profile string) (n int, others time.Duration) {
	words := strings.Split(profile, ",")
	for i, word := range words {
		if strings.HasPrefix(strings.TrimSpace(word), "constant:") && !strings.Contains(word, "/") && goesOn(words, i) {
			n++
		}
	}
	return n, spans(words)
}
