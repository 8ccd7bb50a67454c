package nginxconf

import (
	"strconv"
	"strings"
	"time"
)

// units are nginx's, longest name first. A month is 30 days, a year 365.
var units = []struct {
	name string
	of   time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
	{"w", 7 * 24 * time.Hour}, {"M", 30 * 24 * time.Hour}, {"y", 365 * 24 * time.Hour},
}

// seconds reads a time of nginx's, such as 75, 10s, 1h30m or 500ms; a number
// without a unit is seconds.
func seconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	var total time.Duration
	for s != "" {
		n := 0
		for n < len(s) && s[n]-'0' <= 9 {
			n++
		}
		v, err := strconv.ParseInt(s[:n], 10, 32)
		if err != nil {
			return 0, false
		}
		s = s[n:]
		unit := time.Second
		for _, u := range units {
			if rest, ok := strings.CutPrefix(s, u.name); ok {
				unit, s = u.of, rest
				break
			}
		}
		if s != "" && (s[0] < '0' || s[0] > '9') {
			if strings.TrimLeft(s, " ") == s {
				return 0, false
			}
			s = strings.TrimLeft(s, " ")
		}
		total += time.Duration(v) * unit
	}
	return total, true
}
